// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_measure.hpp"

#include <signal.h>
#include <string.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <fstream>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "client/exec_session.hpp"
#include "io/clock.hpp"

namespace pronto::cli {

namespace {

constexpr Nanoseconds patience_ns = 60 * ns_per_s;
constexpr std::size_t chunk_bytes = 64 * KiB;

void require(Status status, std::string_view what) {
    if (!status.ok()) fail(fmt::format("{}: {}", what, reason(status)));
}

/// Receives until the session's end and returns it; `output_bytes` counts what came.
client::ExecEvent wait_for_end(client::Connection& connection, client::ExecSession& session) {
    for (;;) {
        client::Incoming incoming;
        require(connection.receive(incoming, io::monotonic_ns() + patience_ns),
                "wait for a command");
        if (incoming.id != session.id()) continue;
        client::ExecEvent event;
        require(session.take(incoming, event), "read an event");
        if (!incoming.terminal) continue;
        if (event.kind == client::ExecEventKind::failed)
            fail(fmt::format("the guest could not start a command: {}", event.failure.message));
        if (event.kind != client::ExecEventKind::exited) fail("the guest refused a request");
        return event;
    }
}

void require_success(const client::ExecEvent& event) {
    if (event.exited.code != 0)
        fail(fmt::format("a command of the benchmark ended with code {}", event.exited.code));
}

std::uint64_t resident_bytes(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/status", pid));
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6)) * KiB;
    }
    fail(fmt::format("process {} is gone", pid));
}

client::ExecSession start(client::Connection& connection, const wire::ExecCommand& command) {
    client::ExecSession session(connection);
    require(session.start(command), "start a command");
    return session;
}

}  // namespace

Nanoseconds exec_once(client::Connection& connection, const std::string& command, bool tty) {
    const Nanoseconds begin = io::monotonic_ns();
    client::ExecSession session = start(connection, {.command = command, .tty = tty});
    const client::ExecEvent end = wait_for_end(connection, session);
    const Nanoseconds elapsed = io::monotonic_ns() - begin;
    require_success(end);
    return elapsed;
}

Nanoseconds ping_once(client::Connection& connection) {
    const Result<std::uint32_t> id = connection.open_id();
    require(id.ok() ? Status{} : id.error(), "ping");
    const Nanoseconds begin = io::monotonic_ns();
    require(connection.send_empty(wire::Message::ping, id.value()), "ping");
    client::Incoming incoming;
    require(connection.receive(incoming, begin + patience_ns), "ping");
    return io::monotonic_ns() - begin;
}

double stream_once(client::Connection& connection, std::uint64_t byte_count) {
    const std::string count = fmt::format("count={}", byte_count / chunk_bytes);
    const std::array<std::string_view, 4> words{"dd", "if=/dev/zero", "bs=64k", count};
    const Nanoseconds begin = io::monotonic_ns();
    client::ExecSession session =
        start(connection, {.command = "/bin/busybox", .arguments = words});
    const client::ExecEvent end = wait_for_end(connection, session);
    const Nanoseconds elapsed = io::monotonic_ns() - begin;
    require_success(end);
    if (session.output_bytes() != byte_count) fail("bytes of dd are missing");
    return static_cast<double>(byte_count) * static_cast<double>(ns_per_s) /
           static_cast<double>(elapsed);
}

Stall stall_once(client::Connection& connection, pid_t agent, Nanoseconds stall_ns) {
    constexpr std::uint64_t flood_bytes = 256 * MiB;
    const std::string count = fmt::format("count={}", flood_bytes / chunk_bytes);
    const std::array<std::string_view, 4> words{"dd", "if=/dev/zero", "bs=64k", count};
    client::ExecSession session =
        start(connection, {.command = "/bin/busybox", .arguments = words});
    Stall stall;
    const Nanoseconds end_ns = io::monotonic_ns() + stall_ns;
    while (io::monotonic_ns() < end_ns) {
        stall.rss_bytes_max = std::max(stall.rss_bytes_max, resident_bytes(agent));
        const timespec pause{0, 10'000'000};
        // NOLINTNEXTLINE(banned): samples another process while nothing is to be done here
        nanosleep(&pause, nullptr);
    }
    require_success(wait_for_end(connection, session));
    stall.bytes_lost = flood_bytes - session.output_bytes();
    return stall;
}

Nanoseconds exec_beside_unread_input(client::Connection& connection, client::Connection& beside,
                                     const std::string& command) {
    const std::array<std::string_view, 1> words{"1000"};
    client::ExecSession sleeper = start(connection, {.command = "/bin/sleep", .arguments = words});
    for (std::size_t sent = 0; sent < 1 * MiB; sent += chunk_bytes) {
        const Bytes room = connection.data_room();
        memset(room.data(), 'x', chunk_bytes);
        require(sleeper.send_stdin(chunk_bytes), "send input");
    }
    const Nanoseconds elapsed = exec_once(beside, command, false);
    if (&connection != &beside) return elapsed;
    require(sleeper.signal(SIGKILL), "end a command");
    (void)wait_for_end(connection, sleeper);
    return elapsed;
}

void install_program(client::Connection& connection, const std::string& path,
                     const std::string& image) {
    const std::string script = fmt::format("cat > {0} && chmod 755 {0}", path);
    const std::array<std::string_view, 2> words{"-c", script};
    client::ExecSession session = start(connection, {.command = "/bin/sh", .arguments = words});
    const Bytes room = connection.data_room();
    copy_bytes(room, as_bytes(image));
    require(session.send_stdin(image.size()), "send a program");
    require(session.close_stdin(), "send a program");
    require_success(wait_for_end(connection, session));
}

}  // namespace pronto::cli
