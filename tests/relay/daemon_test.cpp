// SPDX-License-Identifier: Apache-2.0
// The daemon as a process: command line, notifications, signals, exit codes, files.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/unix_socket.hpp"
#include "tests/relay/relay_rig.hpp"

namespace pronto::test {
namespace {

constexpr int patience_ms = 20'000;

/// One run of the program, with a socket in a directory of its own.
class DaemonProcess : public testing::Test {
  protected:
    void SetUp() override {
        char pattern[] = "/tmp/pronto-daemon-XXXXXX";
        ASSERT_NE(mkdtemp(pattern), nullptr);
        directory = pattern;
        socket_path = directory + "/agent.sock";
        guest_path = directory + "/guest.sock";
    }
    void TearDown() override {
        if (child > 0) {
            kill(child, SIGKILL);
            waitpid(child, nullptr, 0);
        }
        unlink(socket_path.c_str());
        unlink(guest_path.c_str());
        rmdir(directory.c_str());
    }

    void start(std::vector<std::string> arguments, int guest_fd = -1) {
        int said_pair[2];
        int error_pair[2];
        ASSERT_EQ(pipe(said_pair), 0);
        ASSERT_EQ(pipe(error_pair), 0);
        child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            dup2(said_pair[1], 10);
            dup2(error_pair[1], 2);
            if (guest_fd >= 0) dup2(guest_fd, 11);
            arguments.insert(arguments.begin(), PRONTO_BIN_DIR "/pronto-relay");
            std::vector<char*> argv;
            for (std::string& argument : arguments)
                argv.push_back(argument.data());
            argv.push_back(nullptr);
            execv(argv[0], argv.data());
            _exit(99);
        }
        close(said_pair[1]);
        close(error_pair[1]);
        said = io::OwnedFd(said_pair[0]);
        errors = io::OwnedFd(error_pair[0]);
    }
    static std::string read_until(int fd, std::string_view wanted) {
        std::string text;
        while (text.find(wanted) == std::string::npos) {
            pollfd watched{fd, POLLIN, 0};
            if (poll(&watched, 1, patience_ms) != 1) break;
            char bytes[4096];
            const ssize_t got = read(fd, bytes, sizeof bytes);
            if (got <= 0) break;
            text.append(bytes, static_cast<std::size_t>(got));
        }
        return text;
    }
    int wait_exit() {
        int status = 0;
        waitpid(child, &status, 0);
        child = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

    std::string directory;
    std::string socket_path;
    std::string guest_path;
    pid_t child = -1;
    io::OwnedFd said;
    io::OwnedFd errors;
};

TEST_F(DaemonProcess, ServesAGuestHandedDownAndEndsInOrder) {
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    start({"--guest", "fd:11", "--socket", socket_path, "--ready-fd", "10"}, pair[1]);
    close(pair[1]);
    EXPECT_EQ(read_until(said.get(), "listening\n"), "listening\n");
    struct stat found;
    ASSERT_EQ(stat(socket_path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600U);
    const Buffer ready = make_ready({});
    ASSERT_EQ(write(pair[0], ready.data(), ready.size()), static_cast<ssize_t>(ready.size()));
    EXPECT_EQ(read_until(said.get(), "ready\n"), "ready\n");
    kill(child, SIGUSR1);
    EXPECT_NE(read_until(errors.get(), "}\n").find("\"clients\":0"), std::string::npos);
    kill(child, SIGTERM);
    EXPECT_NE(read_until(pair[0], "core.shutdown").find("core.shutdown"), std::string::npos);
    close(pair[0]);
    EXPECT_EQ(wait_exit(), 0);
    EXPECT_NE(stat(socket_path.c_str(), &found), 0);
}

TEST_F(DaemonProcess, WaitsForAVmmThatIsNotThereYet) {
    start(
        {"--guest", "unix:" + guest_path, "--socket", socket_path, "--ready-fd", "10", "--quiet"});
    EXPECT_EQ(read_until(said.get(), "listening\n"), "listening\n");
    io::OwnedFd listener;
    ASSERT_TRUE(io::listen_unix(guest_path, listener).ok());
    pollfd watched{listener.get(), POLLIN, 0};
    ASSERT_EQ(poll(&watched, 1, patience_ms), 1);
    // The first one goes away before it is ready: the next one counts.
    close(accept(listener.get(), nullptr, nullptr));
    ASSERT_EQ(poll(&watched, 1, patience_ms), 1);
    io::OwnedFd guest(accept(listener.get(), nullptr, nullptr));
    const Buffer ready = make_ready({});
    ASSERT_EQ(write(guest.get(), ready.data(), ready.size()), static_cast<ssize_t>(ready.size()));
    EXPECT_EQ(read_until(said.get(), "ready\n"), "ready\n");
    guest.reset();
    EXPECT_EQ(wait_exit(), 1);
}

TEST_F(DaemonProcess, TakesAVmmThatConnects) {
    start({"--guest", "unix-listen:" + guest_path, "--socket", socket_path, "--ready-fd", "10",
           "--json"});
    EXPECT_EQ(read_until(said.get(), "listening\n"), "listening\n");
    io::OwnedFd guest;
    ASSERT_TRUE(io::connect_unix(guest_path, guest).ok());
    const Buffer ready = make_ready({});
    ASSERT_EQ(write(guest.get(), ready.data(), ready.size()), static_cast<ssize_t>(ready.size()));
    EXPECT_EQ(read_until(said.get(), "ready\n"), "ready\n");
    EXPECT_NE(read_until(errors.get(), "guest_ready").find("{\"event\":\"listening\""),
              std::string::npos);
    kill(child, SIGTERM);
    EXPECT_NE(read_until(guest.get(), "core.shutdown").find("core.shutdown"), std::string::npos);
    kill(child, SIGTERM);  // no more patience
    EXPECT_EQ(wait_exit(), 0);
    struct stat found;
    EXPECT_NE(stat(guest_path.c_str(), &found), 0);
}

TEST_F(DaemonProcess, BootTimeoutIsSaidAndIsAFailure) {
    start({"--guest", "unix:" + guest_path, "--socket", socket_path, "--boot-timeout", "0.05"});
    EXPECT_EQ(wait_exit(), 1);
    EXPECT_NE(read_until(errors.get(), "--guest").find("no guest came in time"), std::string::npos);
}

TEST_F(DaemonProcess, SignalBeforeReadyEndsAtOnce) {
    start({"--guest", "unix:" + guest_path, "--socket", socket_path, "--ready-fd", "10"});
    EXPECT_EQ(read_until(said.get(), "listening\n"), "listening\n");
    kill(child, SIGTERM);
    EXPECT_EQ(wait_exit(), 0);
}

TEST_F(DaemonProcess, SocketOfALiveOwnerIsNotTaken) {
    io::OwnedFd owner;
    ASSERT_TRUE(io::listen_unix(socket_path, owner).ok());
    start({"--guest", "unix:" + guest_path, "--socket", socket_path});
    EXPECT_EQ(wait_exit(), 1);
    EXPECT_NE(read_until(errors.get(), socket_path).find(socket_path), std::string::npos);
    struct stat found;
    EXPECT_EQ(stat(socket_path.c_str(), &found), 0);
}

TEST_F(DaemonProcess, WrongUsageIsItsOwnExitCode) {
    start({"--guest", "nowhere", "--socket", socket_path});
    EXPECT_EQ(wait_exit(), 2);
    start({"--socket", socket_path});
    EXPECT_EQ(wait_exit(), 2);
    start({"--guest", "fd:x", "--socket", socket_path});
    EXPECT_EQ(wait_exit(), 2);
    start({"--version"});
    EXPECT_EQ(wait_exit(), 0);
}

}  // namespace
}  // namespace pronto::test
