// SPDX-License-Identifier: Apache-2.0
#include "cli/guest.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/namespace_backend.hpp"
#include "cli/qemu_backend.hpp"
#include "client/connection.hpp"
#include "io/clock.hpp"

namespace pronto::cli {

namespace {

constexpr Nanoseconds start_timeout_ns = 60 * ns_per_s;
constexpr Nanoseconds relay_end_timeout_ns = 2 * ns_per_s;
constexpr Nanoseconds quiet_wait_ns = ns_per_s;

struct SocketPair {
    io::OwnedFd agent;
    io::OwnedFd relay;
};

SocketPair make_port() {
    std::array<int, 2> fds;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0)
        fail_errno("make a socket pair");
    return {io::OwnedFd(fds[0]), io::OwnedFd(fds[1])};
}

/// The last lines of a log, indented, for a message.
std::string tail_of(const std::string& path) {
    constexpr std::size_t bytes_max = 1500;
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (text.size() > bytes_max) {
        text.erase(0, text.size() - bytes_max);
        text.erase(0, text.find('\n') + 1);
    }
    std::string out;
    bool at_start = true;
    for (const char letter : text) {
        if (letter == '\r') continue;
        if (at_start) out += "\n  | ";
        at_start = letter == '\n';
        if (!at_start) out += letter;
    }
    return out;
}

[[noreturn]] void fail_start(const GuestDirectory& guest, const std::string& what) {
    std::string message = fmt::format("the guest \"{}\" did not start: {}", guest.name(), what);
    const std::string console = tail_of(guest.console_log());
    const std::string relay = tail_of(guest.relay_log());
    if (!console.empty()) message += fmt::format("\nits console:{}", console);
    if (!relay.empty()) message += fmt::format("\nits relay:{}", relay);
    fail(message);
}

/// Everything that must not be left behind when a start goes wrong.
class Start {
  public:
    explicit Start(const GuestDirectory& guest) : guest_(guest) {}
    ~Start() {
        if (kept_) return;
        guest_process.kill();
        relay_process.kill();
        std::error_code error;
        std::filesystem::remove_all(guest_.path(), error);
    }
    Start(const Start&) = delete;
    Start& operator=(const Start&) = delete;
    void keep() { kept_ = true; }

    Process guest_process;
    Process relay_process;

  private:
    const GuestDirectory& guest_;
    bool kept_ = false;
};

struct ReadyPipe {
    io::OwnedFd reading;
    io::OwnedFd writing;
};

ReadyPipe make_ready_pipe() {
    std::array<int, 2> fds;
    if (pipe2(fds.data(), O_CLOEXEC) != 0) fail_errno("make a pipe");
    return {io::OwnedFd(fds[0]), io::OwnedFd(fds[1])};
}

Process start_relay(const GuestDirectory& guest, int port_fd, int ready_fd) {
    SpawnPlan plan;
    plan.argv = {sibling_program("pronto-relay", "PRONTO_RELAY"),
                 "--guest",
                 "fd:3",
                 "--socket",
                 guest.socket_path(),
                 "--ready-fd",
                 "4",
                 "--boot-timeout",
                 std::to_string(start_timeout_ns / ns_per_s),
                 "--quiet"};
    plan.fds = {port_fd, ready_fd};
    plan.log_path = guest.relay_log();
    return spawn(plan);
}

/// Reads the relay's lines until it says that the guest is ready.
void wait_for_ready(const Start& start, const GuestDirectory& guest, int ready_fd,
                    const Signals& signals) {
    const Nanoseconds deadline_ns = io::monotonic_ns() + start_timeout_ns;
    std::string said;
    for (;;) {
        const Nanoseconds now = io::monotonic_ns();
        if (now >= deadline_ns) fail_start(guest, "it was not ready within 60 s");
        std::array<pollfd, 4> watched{{{ready_fd, POLLIN, 0},
                                       {start.guest_process.pidfd(), POLLIN, 0},
                                       {start.relay_process.pidfd(), POLLIN, 0},
                                       {signals.fd(), POLLIN, 0}}};
        const int timeout_ms = static_cast<int>((deadline_ns - now) / ns_per_ms + 1);
        if (::poll(watched.data(), watched.size(), timeout_ms) < 0 && errno != EINTR)
            fail_errno("wait");
        signals.stop_if_asked();
        if (watched[0].revents != 0) {
            std::array<char, 64> text;
            const ssize_t count = ::read(ready_fd, text.data(), text.size());
            if (count > 0) said.append(text.data(), static_cast<std::size_t>(count));
            if (said.find("ready\n") != std::string::npos) return;
            // The end of the pipe: its process says why, below, if not now then in the next turn.
            if (count == 0) (void)start.relay_process.wait_until(now + ns_per_s / 10);
        }
        if (const std::string ending = start.guest_process.ending(); !ending.empty()) {
            fail_start(guest, fmt::format("it ended before it was ready ({})", ending));
        }
        if (const std::string ending = start.relay_process.ending(); !ending.empty()) {
            fail_start(guest,
                       fmt::format("its relay ended before the guest was ready ({})", ending));
        }
    }
}

std::uint64_t unix_ms() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

// The connection is kept by the caller until the guest has ended. What goes wrong is answered by
// force afterwards.
void ask_to_shut_down(client::Connection& connection, const GuestDirectory& guest) {
    if (connection.connect(guest.socket_path(), ns_per_s).ok())
        (void)connection.send_empty(wire::Message::shutdown, 0);
}

bool wait_for_end(const Process& process, const GuestDirectory& guest, const StopOptions& options) {
    const Nanoseconds begin = io::monotonic_ns();
    if (process.wait_until(begin + std::min(quiet_wait_ns, options.window_ns))) return true;
    if (options.window_ns <= quiet_wait_ns) return false;
    if (!options.quiet) {
        note(fmt::format("waiting for \"{}\" to shut down, up to {} s", guest.name(),
                         options.window_ns / ns_per_s));
    }
    return process.wait_until(begin + options.window_ns);
}

// The relay ends with its guest; one that does not is told, and then made to.
void end_relay(const Process& relay) {
    if (relay.wait_until(io::monotonic_ns() + relay_end_timeout_ns)) return;
    relay.signal(SIGTERM);
    if (!relay.wait_until(io::monotonic_ns() + relay_end_timeout_ns)) relay.kill();
}

}  // namespace

void clear_way(const GuestDirectory& guest) {
    const std::optional<GuestRecord> record = read_record(guest);
    if (!record) return;
    // We hold the lock, so what is not ready is not being started either.
    if (state_of(*record) == GuestState::ready) {
        fail(fmt::format("the guest \"{}\" is running already", guest.name()),
             fmt::format("`pronto down {0}` stops it, `pronto shell {0}` enters it", guest.name()));
    }
    note(fmt::format("a dead guest \"{}\" was there; it is cleaned up", guest.name()));
    // The lock file stays: we hold it.
    if (const Process process = find_process(record->guest); process.valid()) process.kill();
    if (const Process relay = find_process(record->relay); relay.valid()) relay.kill();
    std::error_code error;
    for (const std::string& path :
         {guest.socket_path(), guest.record_path(), guest.console_log(), guest.relay_log()}) {
        std::filesystem::remove(path, error);
    }
}

GuestRecord start_guest(const GuestOptions& options, const GuestDirectory& guest,
                        const Signals& signals) {
    Start start(guest);
    GuestRecord record;
    record.name = guest.name();
    record.backend = choose_backend(options);
    record.started_unix_ms = unix_ms();
    SocketPair port = make_port();
    ReadyPipe ready = make_ready_pipe();
    VirtualMachine machine;
    if (record.backend == "qemu") {
        machine = plan_qemu(options, guest.name(), signals);
        record.accelerator = machine.accelerator;
    }
    const Nanoseconds begin = io::monotonic_ns();
    start.relay_process = start_relay(guest, port.relay.get(), ready.writing.get());
    port.relay.reset();
    ready.writing.reset();
    start.guest_process = record.backend == "qemu"
                              ? start_qemu(machine, guest.console_log(), port.agent.get())
                              : start_in_namespaces(options, guest, port.agent.get());
    port.agent.reset();
    record.guest = start.guest_process.name();
    record.relay = start.relay_process.name();
    write_record(guest, record);
    wait_for_ready(start, guest, ready.reading.get(), signals);
    record.boot_ns = io::monotonic_ns() - begin;
    record.ready = true;
    write_record(guest, record);
    start.keep();
    return record;
}

Stopped stop_guest(const GuestDirectory& guest, const StopOptions& options) {
    const std::optional<GuestRecord> record = read_record(guest);
    const Process process = record ? find_process(record->guest) : Process();
    const Process relay = record ? find_process(record->relay) : Process();
    Stopped stopped = Stopped::was_dead;
    if (process.valid()) {
        client::Connection connection;
        ask_to_shut_down(connection, guest);
        const bool ended = wait_for_end(process, guest, options);
        if (!ended) process.kill();
        stopped = ended ? Stopped::by_itself : Stopped::by_force;
    }
    end_relay(relay);
    guest.remove();
    return stopped;
}

}  // namespace pronto::cli
