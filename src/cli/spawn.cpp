// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/process.hpp"

namespace pronto::cli {

namespace {

constexpr int first_fd = 3;
// Above every number the child's own descriptors get.
constexpr int parking_fd = 64;

std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> list;
    list.reserve(words.size() + 1);
    // SAFETY: execve does not write to what it is given.
    for (const std::string& word : words)
        list.push_back(const_cast<char*>(word.c_str()));
    list.push_back(nullptr);
    return list;
}

int park(int fd) {
    const int parked = fcntl(fd, F_DUPFD_CLOEXEC, parking_fd);
    if (parked < 0) fail_errno("pass a descriptor on");
    return parked;
}

void place(int fd, int number) {
    if (dup2(fd, number) < 0) fail_errno("pass a descriptor on");
}

void reset_signals() {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
}

// In the child. The plan's descriptors may have each other's numbers, so all are moved out of the
// way first.
void arrange_descriptors(const SpawnPlan& plan) {
    const int empty = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    const int log = plan.log_path.empty() ? empty
                                          : ::open(plan.log_path.c_str(),
                                                   O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (empty < 0 || log < 0) fail_errno(fmt::format("open {}", plan.log_path));
    std::vector<int> parked{park(empty), park(log)};
    for (const int fd : plan.fds)
        parked.push_back(park(fd));
    place(parked[0], STDIN_FILENO);
    place(parked[1], STDOUT_FILENO);
    place(parked[1], STDERR_FILENO);
    for (std::size_t index = 0; index < plan.fds.size(); ++index) {
        place(parked[index + 2], first_fd + static_cast<int>(index));
    }
    const auto rest = static_cast<unsigned>(first_fd + static_cast<int>(plan.fds.size()));
    if (close_range(rest, ~0U, CLOSE_RANGE_CLOEXEC) != 0) fail_errno("close descriptors");
}

void execute(const SpawnPlan& plan, int executable_fd) {
    const std::vector<char*> argv = pointers(plan.argv);
    if (executable_fd < 0) {
        execv(argv.front(), argv.data());
    } else {
        const std::vector<char*> environment = pointers(plan.environment);
        fexecve(executable_fd, argv.data(), environment.data());
    }
    const int number = errno;
    // For a program with an interpreter the file that is missing is the interpreter.
    fail(fmt::format("cannot execute {}: {}", plan.argv.front(), strerrordesc_np(number)));
}

[[noreturn]] void run_child(const SpawnPlan& plan, int report_fd) {
    int parked_report = report_fd;
    try {
        parked_report = park(report_fd);
        const int executable_fd = plan.executable_fd < 0 ? -1 : park(plan.executable_fd);
        setsid();
        arrange_descriptors(plan);
        reset_signals();
        if (plan.before_exec) plan.before_exec();
        execute(plan, executable_fd);
    } catch (const Failure& failure) {
        const std::string text = failure.message + '\0' + failure.hint;
        (void)!::write(parked_report, text.data(), text.size());
    }
    _exit(exit_failed);
}

// Nothing comes when exec has closed the pipe; otherwise what went wrong, and a hint.
void throw_report(int fd) {
    std::array<char, 4096> text;
    std::size_t filled = 0;
    for (;;) {
        const ssize_t count = ::read(fd, text.data() + filled, text.size() - filled);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        filled += static_cast<std::size_t>(count);
    }
    if (filled == 0) return;
    const std::string_view report(text.data(), filled);
    const std::size_t zero = report.find('\0');
    fail(std::string(report.substr(0, zero)),
         zero == std::string_view::npos ? std::string() : std::string(report.substr(zero + 1)));
}

}  // namespace

Process spawn(const SpawnPlan& plan) {
    std::array<int, 2> report;
    if (pipe2(report.data(), O_CLOEXEC) != 0) fail_errno("make a pipe");
    const io::OwnedFd reading(report[0]);
    io::OwnedFd writing(report[1]);
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = plan.clone_flags | CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    arguments.exit_signal = SIGCHLD;
    // fork with a descriptor for the child and, if asked, namespaces. We have one thread, so the
    // child may use the heap.
    const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0) fail_errno("start a process");
    if (pid == 0) run_child(plan, writing.get());
    writing.reset();
    Process process({static_cast<pid_t>(pid), start_ticks_of(static_cast<pid_t>(pid))},
                    io::OwnedFd(pidfd));
    try {
        throw_report(reading.get());
    } catch (const Failure&) {
        process.kill();
        throw;
    }
    return process;
}

}  // namespace pronto::cli
