// SPDX-License-Identifier: Apache-2.0
#include "cli/process.hpp"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "io/clock.hpp"

namespace pronto::cli {

namespace {

// State and start time from /proc/PID/stat; the name in front of them may hold anything, so from
// its last bracket on.
bool read_stat(pid_t pid, char& state, std::uint64_t& start_ticks) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string text;
    if (!std::getline(file, text)) return false;
    const std::size_t bracket = text.rfind(')');
    if (bracket == std::string::npos) return false;
    constexpr int fields_to_start = 19;  // state is field 3, the start time field 22
    std::size_t at = bracket + 2;
    if (at >= text.size()) return false;
    state = text[at];
    for (int field = 0; field < fields_to_start; ++field) {
        at = text.find(' ', at);
        if (at == std::string::npos) return false;
        ++at;
    }
    start_ticks = strtoull(text.c_str() + at, nullptr, 10);
    return true;
}

constexpr char state_zombie = 'Z';
constexpr char state_dead = 'X';

io::OwnedFd open_pidfd(pid_t pid) {
    return io::OwnedFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

}  // namespace

bool Process::wait_until(Nanoseconds deadline_ns) const {
    if (!valid()) return true;
    for (;;) {
        const Nanoseconds now = io::monotonic_ns();
        const Nanoseconds left_ms = now >= deadline_ns ? 0 : (deadline_ns - now) / ns_per_ms + 1;
        pollfd watched{pidfd(), POLLIN, 0};
        const int ready =
            ::poll(&watched, 1, static_cast<int>(std::min<Nanoseconds>(left_ms, 1'000'000)));
        if (ready > 0) {
            siginfo_t unused;
            (void)waitid(P_PIDFD, static_cast<id_t>(pidfd()), &unused, WEXITED | WNOHANG);
            return true;
        }
        if (left_ms == 0 || (ready < 0 && errno != EINTR)) return false;
    }
}

void Process::signal(int number) const {
    if (valid()) (void)syscall(SYS_pidfd_send_signal, pidfd(), number, nullptr, 0);
}

void Process::kill() const {
    constexpr Nanoseconds patience_ns = 10 * ns_per_s;
    signal(SIGKILL);
    if (!wait_until(io::monotonic_ns() + patience_ns)) {
        note(fmt::format("process {} does not end although it was killed", name_.pid));
    }
}

std::string Process::ending() const {
    siginfo_t info{};
    if (!valid() ||
        waitid(P_PIDFD, static_cast<id_t>(pidfd()), &info, WEXITED | WNOHANG | WNOWAIT) != 0)
        return {};
    if (info.si_pid == 0) return {};
    if (info.si_code == CLD_EXITED) return fmt::format("exit code {}", info.si_status);
    return fmt::format("SIG{}", sigabbrev_np(info.si_status));
}

std::uint64_t start_ticks_of(pid_t pid) {
    char state = 0;
    std::uint64_t start_ticks = 0;
    return read_stat(pid, state, start_ticks) ? start_ticks : 0;
}

Process find_process(ProcessName name) {
    if (name.pid <= 0) return {};
    // The descriptor first: what is read afterwards is of the process it stands for, or of none.
    io::OwnedFd pidfd = open_pidfd(name.pid);
    char state = 0;
    std::uint64_t start_ticks = 0;
    if (!pidfd.valid() || !read_stat(name.pid, state, start_ticks)) return {};
    if (start_ticks != name.start_ticks || state == state_zombie || state == state_dead) return {};
    return {name, std::move(pidfd)};
}

std::string own_directory() {
    std::error_code error;
    const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) fail("cannot tell where this program is: /proc is not mounted");
    return path.parent_path();
}

std::string sibling_program(const char* name, const char* variable) {
    const char* chosen = getenv(variable);
    std::string path =
        chosen != nullptr && *chosen != '\0' ? std::string(chosen) : own_directory() + "/" + name;
    if (access(path.c_str(), X_OK) != 0) {
        fail(fmt::format("there is no program {}: {}", path, strerrordesc_np(errno)),
             fmt::format("`ci/build` builds it; {}=PATH names another one", variable));
    }
    return path;
}

}  // namespace pronto::cli
