// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>

#include "io/clock.hpp"
#include "tests/cli/scripted_guest.hpp"

namespace pronto::test {

namespace {

constexpr Nanoseconds run_timeout_ns = 30 * ns_per_s;
constexpr Nanoseconds read_timeout_ns = 10 * ns_per_s;

[[noreturn]] void execute(const Invocation& invocation) {
    std::vector<std::string> words{built("pronto")};
    words.insert(words.end(), invocation.arguments.begin(), invocation.arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    for (const std::string& variable : invocation.environment)
        putenv(strdup(variable.c_str()));
    execv(argv[0], argv.data());
    _exit(99);
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

int wait_for(pid_t pid, Nanoseconds timeout_ns) {
    const Nanoseconds deadline_ns = io::monotonic_ns() + timeout_ns;
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (io::monotonic_ns() > deadline_ns) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return -1;
        }
        ::poll(nullptr, 0, 1);
    }
    return code_of(status);
}

std::string read_all(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void redirect(const std::string& path, int flags, int number) {
    dup2(::open(path.c_str(), flags, 0600), number);
}

}  // namespace

std::string built(const std::string& name) { return std::string(PRONTO_BIN_DIR) + "/" + name; }

Ran pronto(const Invocation& invocation) {
    const TempDirectory directory;
    const std::string base = directory.path();
    std::ofstream(base + "/in", std::ios::binary) << invocation.input;
    const pid_t pid = fork();
    if (pid == 0) {
        redirect(base + "/in", O_RDONLY, STDIN_FILENO);
        redirect(base + "/out", O_WRONLY | O_CREAT, STDOUT_FILENO);
        redirect(base + "/err", O_WRONLY | O_CREAT, STDERR_FILENO);
        execute(invocation);
    }
    Ran ran;
    ran.exit_code = wait_for(pid, run_timeout_ns);
    ran.output = read_all(base + "/out");
    ran.errors = read_all(base + "/err");
    return ran;
}

Ran pronto(std::initializer_list<std::string> arguments) {
    return pronto(Invocation{arguments, {}, {}});
}

Background::Background(const Invocation& invocation, bool on_terminal) {
    if (on_terminal) {
        int master = -1;
        winsize size{33, 99, 0, 0};
        pid_ = forkpty(&master, nullptr, nullptr, &size);
        if (pid_ == 0) execute(invocation);
        fd_ = io::OwnedFd(master);
        return;
    }
    std::array<int, 2> fds;
    PRONTO_ASSERT(pipe2(fds.data(), O_CLOEXEC) == 0);
    pid_ = fork();
    if (pid_ == 0) {
        redirect("/dev/null", O_RDONLY, STDIN_FILENO);
        dup2(fds[1], STDOUT_FILENO);
        dup2(fds[1], STDERR_FILENO);
        execute(invocation);
    }
    fd_ = io::OwnedFd(fds[0]);
    close(fds[1]);
}

Background::~Background() {
    if (pid_ > 0) wait_for(pid_, 0);
}

std::string Background::read_until(const std::string& text) {
    const Nanoseconds deadline_ns = io::monotonic_ns() + read_timeout_ns;
    while (read_.find(text) == std::string::npos && io::monotonic_ns() < deadline_ns) {
        pollfd watched{fd(), POLLIN, 0};
        if (::poll(&watched, 1, 100) <= 0) continue;
        std::array<char, 4096> buffer;
        const ssize_t count = ::read(fd(), buffer.data(), buffer.size());
        if (count <= 0) break;
        read_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return read_;
}

int Background::wait() {
    const int code = wait_for(pid_, run_timeout_ns);
    pid_ = -1;
    return code;
}

}  // namespace pronto::test
