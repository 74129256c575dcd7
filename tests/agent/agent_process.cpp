// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/agent_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <gtest/gtest.h>

#include "io/clock.hpp"
#include "tests/agent/isolation.hpp"

namespace pronto::test {

namespace {

constexpr int port_number = 3;

[[noreturn]] void execute(const AgentOptions& options, int binary, int port, int log) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::vector<std::string> words{"pronto-agent"};
    if (options.port_path.empty()) {
        words.insert(words.end(), {"--port-fd", std::to_string(port_number)});
    } else {
        words.insert(words.end(), {"--port", options.port_path});
    }
    // Never the way of a machine: that would make this machine's file systems read-only.
    words.emplace_back("--exit");
    std::vector<char*> argv;
    for (std::string& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    for (const std::string& variable : options.environment)
        putenv(strdup(variable.c_str()));
    dup2(log, 2);
    // What a careless launcher hands down must not reach the programs.
    for (const int number : {SIGHUP, SIGINT, SIGPIPE, SIGUSR1, SIGRTMIN + 3})
        signal(number, SIG_IGN);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_BLOCK, &blocked, nullptr);
    // Above the number it is to have, so that dup2 clears close-on-exec.
    const int high = fcntl(port, F_DUPFD_CLOEXEC, 10);
    const int program = fcntl(binary, F_DUPFD_CLOEXEC, 10);
    if (port >= 0) dup2(high, port_number);
    execveat(program, "", argv.data(), environ, AT_EMPTY_PATH);
    _exit(99);
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

ScratchDirectory::ScratchDirectory() {
    std::string name = "/tmp/pronto-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) abort();
    path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
}

bool is_root() { return geteuid() == 0; }

AgentProcess::AgentProcess(const AgentOptions& options)
    : log_(memfd_create("agent-log", MFD_CLOEXEC)), by_path_(!options.port_path.empty()) {
    std::array<int, 2> ends{-1, -1};
    if (options.port_path.empty() &&
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        abort();
    port_ = io::OwnedFd(ends[0]);
    const io::OwnedFd theirs(ends[1]);
    const std::string path =
        options.binary.empty() ? PRONTO_BIN_DIR "/pronto-agent" : options.binary;
    const io::OwnedFd binary(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(binary.valid()) << path << " is not built";
    pid_ = options.isolated ? fork_isolated() : fork();
    if (pid_ == 0) {
        if (options.isolated) enter_small_root({stage_.path(), options.passwd, options.group});
        execute(options, binary.get(), theirs.get(), log_.get());
    }
    EXPECT_GT(pid_, 0) << strerror(errno);
}

int AgentProcess::wait() {
    port_.reset();
    if (pid_ <= 0) return -1;
    const Nanoseconds deadline_ns = io::monotonic_ns() + patience_ns;
    int status = 0;
    while (waitpid(pid_, &status, WNOHANG) == 0) {
        if (io::monotonic_ns() > deadline_ns) {
            ADD_FAILURE() << "the agent does not end";
            kill(pid_, SIGKILL);
            waitpid(pid_, &status, 0);
            break;
        }
        poll(nullptr, 0, 1);
    }
    pid_ = -1;
    const int code = code_of(status);
    if (code != 0 || testing::Test::HasFailure()) std::cerr << log();
    return code;
}

AgentProcess::~AgentProcess() {
    if (pid_ <= 0) return;
    // A closed socket pair is the end; an agent with a path looks for another host.
    if (by_path_) kill(pid_, SIGTERM);
    EXPECT_EQ(wait(), 0) << "the agent did not end in order";
}

std::string AgentProcess::log() const {
    std::string text(1 << 16, '\0');
    const ssize_t count = pread(log_.get(), text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
}

std::string status_of(pid_t pid, const std::string& name) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(name + ":")) continue;
        const std::size_t begin = line.find_first_not_of(" \t", name.size() + 1);
        return begin == std::string::npos ? "" : line.substr(begin);
    }
    return {};
}

std::string AgentProcess::status_field(const std::string& name) const {
    return status_of(pid_, name);
}

std::uint64_t AgentProcess::resident_bytes() const {
    return std::stoull("0" + status_field("VmRSS")) * KiB;
}

std::uint64_t AgentProcess::context_switches() const {
    return std::stoull("0" + status_field("voluntary_ctxt_switches"));
}

std::size_t AgentProcess::open_descriptors() const {
    std::size_t count = 0;
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/fd", error)) {
        static_cast<void>(entry);
        ++count;
    }
    return count;
}

std::vector<std::string> isolated_program(const std::string& name,
                                          std::vector<std::string> arguments) {
    std::vector<std::string> words = program(name, std::move(arguments));
    words[0] = programs_path;
    return words;
}

std::vector<std::string> program(const std::string& name, std::vector<std::string> arguments) {
    static const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    std::vector<std::string> words{self, "--program", name};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
}

}  // namespace pronto::test
