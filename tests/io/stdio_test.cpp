// SPDX-License-Identifier: Apache-2.0
// The small parts of io: a program's pipes and terminals, signals, directories, ports.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "io/directory.hpp"
#include "io/serial_port.hpp"
#include "io/signal_source.hpp"
#include "io/stdio_pipes.hpp"
#include "io/uring.hpp"
#include "io/write_whole.hpp"

namespace pronto::io {
namespace {

bool is_close_on_exec(const OwnedFd& fd) { return (fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0; }
bool is_non_blocking(const OwnedFd& fd) { return (fcntl(fd.get(), F_GETFL) & O_NONBLOCK) != 0; }

TEST(StdioPipes, BlockForTheProgramOnlyAndAreNotInherited) {
    StdioPipes pipes;
    ASSERT_TRUE(open_pipes(pipes).ok());
    for (const OwnedFd* ours : {&pipes.stdin_end, &pipes.stdout_end, &pipes.stderr_end}) {
        EXPECT_TRUE(is_close_on_exec(*ours));
        EXPECT_TRUE(is_non_blocking(*ours));
    }
    for (const OwnedFd* theirs : {&pipes.child_stdin, &pipes.child_stdout, &pipes.child_stderr}) {
        EXPECT_TRUE(is_close_on_exec(*theirs));
        EXPECT_FALSE(is_non_blocking(*theirs));
    }
}

TEST(StdioPipes, CarryEachStreamInItsDirection) {
    StdioPipes pipes;
    ASSERT_TRUE(open_pipes(pipes).ok());
    char byte = 0;
    ASSERT_EQ(write(pipes.stdin_end.get(), "i", 1), 1);
    ASSERT_EQ(read(pipes.child_stdin.get(), &byte, 1), 1);
    EXPECT_EQ(byte, 'i');
    ASSERT_EQ(write(pipes.child_stdout.get(), "o", 1), 1);
    ASSERT_EQ(read(pipes.stdout_end.get(), &byte, 1), 1);
    EXPECT_EQ(byte, 'o');
    ASSERT_EQ(write(pipes.child_stderr.get(), "e", 1), 1);
    ASSERT_EQ(read(pipes.stderr_end.get(), &byte, 1), 1);
    EXPECT_EQ(byte, 'e');
}

TEST(StdioPipes, GrowAndTellTheirCapacity) {
    StdioPipes pipes;
    ASSERT_TRUE(open_pipes(pipes).ok());
    EXPECT_GE(grow_pipe(pipes.stderr_end.get(), 128 * 1024), std::size_t{64 * 1024});
    EXPECT_EQ(grow_pipe(-1, 4096), 0U);
    // More than anybody is granted changes nothing.
    const auto before = static_cast<std::size_t>(fcntl(pipes.stdin_end.get(), F_GETPIPE_SZ));
    EXPECT_GE(grow_pipe(pipes.stdin_end.get(), std::size_t{1} << 31), before);
}

TEST(Pty, IsAPairThatNobodyInherits) {
    Pty pty;
    ASSERT_TRUE(open_pty(pty).ok());
    EXPECT_TRUE(is_close_on_exec(pty.controller));
    EXPECT_TRUE(is_close_on_exec(pty.terminal));
    EXPECT_TRUE(is_non_blocking(pty.controller));
    EXPECT_FALSE(is_non_blocking(pty.terminal));
    EXPECT_EQ(isatty(pty.terminal.get()), 1);
    ASSERT_EQ(write(pty.terminal.get(), "x", 1), 1);
    char byte = 0;
    pollfd watched{pty.controller.get(), POLLIN, 0};
    ASSERT_EQ(poll(&watched, 1, 5000), 1);
    EXPECT_EQ(read(pty.controller.get(), &byte, 1), 1);
}

TEST(Pty, HasTheSizeThatWasSet) {
    Pty pty;
    ASSERT_TRUE(open_pty(pty).ok());
    ASSERT_TRUE(set_window_size(pty.controller.get(), 33, 99).ok());
    winsize size{};
    ASSERT_EQ(ioctl(pty.terminal.get(), TIOCGWINSZ, &size), 0);
    EXPECT_EQ(size.ws_row, 33);
    EXPECT_EQ(size.ws_col, 99);
    StdioPipes pipes;
    ASSERT_TRUE(open_pipes(pipes).ok());
    EXPECT_EQ(set_window_size(pipes.stdin_end.get(), 1, 1).system_errno, ENOTTY);
}

TEST(SignalSource, TurnsSignalsIntoCompletions) {
    sigset_t before;
    sigprocmask(SIG_SETMASK, nullptr, &before);
    Uring uring;
    ASSERT_TRUE(uring.open({}).ok());
    SignalSource source;
    const std::array<int, 2> wanted{SIGUSR1, SIGUSR2};
    ASSERT_TRUE(source.open(wanted).ok());
    source.arm(uring, {1, 2, 3});
    ASSERT_TRUE(uring.enter(0, 0).ok());
    EXPECT_FALSE(uring.has_completions());
    kill(getpid(), SIGUSR2);
    ASSERT_TRUE(uring.enter(1, 5 * ns_per_s).ok());
    std::array<Completion, 1> one{};
    ASSERT_EQ(uring.reap(one), 1U);
    const auto received = source.received(one[0].result);
    ASSERT_EQ(received.size(), 1U);
    EXPECT_EQ(received[0].ssi_signo, static_cast<std::uint32_t>(SIGUSR2));
    EXPECT_TRUE(source.received(-EINTR).empty());
    EXPECT_TRUE(source.received(0).empty());
    sigprocmask(SIG_SETMASK, &before, nullptr);
}

class ScratchTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = "/tmp/pronto-test-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        path_ = name;
    }
    void TearDown() override {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    std::string path_;
};

class Directory : public ScratchTest {};

TEST_F(Directory, ListsEveryNameOnce) {
    std::set<std::string> expected;
    for (int index = 0; index < 300; ++index) {
        const std::string name = "file-with-a-name-" + std::to_string(index);
        std::ofstream(path_ + "/" + name) << "";
        expected.insert(name);
    }
    DirectoryReader reader;
    ASSERT_TRUE(reader.open(path_.c_str()).ok());
    std::set<std::string> found;
    std::size_t count = 0;
    for (std::string_view name = reader.next(); !name.empty(); name = reader.next(), ++count)
        found.insert(std::string(name));
    EXPECT_EQ(found, expected);
    EXPECT_EQ(count, expected.size());
}

TEST_F(Directory, ThatIsEmptyOrMissingSaysSo) {
    DirectoryReader reader;
    ASSERT_TRUE(reader.open(path_.c_str()).ok());
    EXPECT_TRUE(reader.next().empty());
    EXPECT_EQ(reader.open((path_ + "/absent").c_str()).system_errno, ENOENT);
    std::ofstream(path_ + "/file") << "";
    EXPECT_EQ(reader.open((path_ + "/file").c_str()).system_errno, ENOTDIR);
}

TEST(JoinPath, PutsSlashesBetweenAndKnowsItsRoom) {
    std::array<char, 8> out{};
    EXPECT_TRUE(join_path(out, {"abc", "def"}));
    EXPECT_STREQ(out.data(), "abc/def");
    EXPECT_FALSE(join_path(out, {"abcd", "def"}));
    EXPECT_TRUE(join_path(out, {"abcdefg"}));
    EXPECT_FALSE(join_path(out, {"abcdefgh"}));
}

class Port : public ScratchTest {};

TEST_F(Port, TakesSocketsAndCharacterDevicesAndNothingElse) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    const OwnedFd other(ends[1]);
    SerialPort port;
    ASSERT_TRUE(adopt_port(ends[0], port).ok());
    EXPECT_TRUE(port.is_socket);
    EXPECT_TRUE(is_close_on_exec(port.fd));
    EXPECT_TRUE(is_non_blocking(port.fd));
    SerialPort device;
    ASSERT_TRUE(adopt_port(open("/dev/null", O_RDWR), device).ok());
    EXPECT_FALSE(device.is_socket);
    ASSERT_EQ(pipe(ends.data()), 0);
    const OwnedFd writer(ends[1]);
    SerialPort neither;
    EXPECT_EQ(adopt_port(ends[0], neither).system_errno, ENOTTY);
    EXPECT_EQ(adopt_port(9999, neither).system_errno, EBADF);
}

TEST_F(Port, OfATerminalIsRaw) {
    Pty pty;
    ASSERT_TRUE(open_pty(pty).ok());
    const int terminal = pty.terminal.get();
    SerialPort port;
    ASSERT_TRUE(adopt_port(dup(terminal), port).ok());
    termios settings;
    ASSERT_EQ(tcgetattr(terminal, &settings), 0);
    EXPECT_EQ(settings.c_lflag & static_cast<tcflag_t>(ICANON | ECHO | ISIG), 0U);
    EXPECT_EQ(settings.c_oflag & static_cast<tcflag_t>(OPOST), 0U);
}

TEST_F(Port, ByAPathSaysWhyItCannotBeOpened) {
    SerialPort port;
    EXPECT_EQ(open_port_path((path_ + "/absent").c_str(), port).system_errno, ENOENT);
    std::ofstream(path_ + "/file") << "";
    EXPECT_EQ(open_port_path((path_ + "/file").c_str(), port).system_errno, ENOTTY);
}

TEST_F(Port, OfANameNobodyHasIsLookedForAsLongAsPatience) {
    SerialPort port;
    EXPECT_FALSE(open_virtio_port("no-such-port-of-pronto", 5 * ns_per_ms, port).ok());
}

TEST_F(Port, ThatCannotSignalIsNoError) {
    SerialPort port;
    ASSERT_TRUE(adopt_port(open("/dev/null", O_RDWR), port).ok());
    notify_host_changes(port);
}

TEST(WriteWhole, WritesAllOrSaysNo) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    const OwnedFd reader(ends[0]);
    const OwnedFd writer(ends[1]);
    EXPECT_TRUE(write_whole(writer.get(), "text"));
    EXPECT_FALSE(write_whole(writer.get(), std::string(1'000'000, 'x')));
    EXPECT_FALSE(write_whole(-1, "text"));
}

}  // namespace
}  // namespace pronto::io
