// SPDX-License-Identifier: Apache-2.0
// `pronto exec -it` on a terminal of ours.
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <gtest/gtest.h>

#include "tests/cli/program.hpp"
#include "tests/cli/scripted_guest.hpp"

namespace pronto::test {
namespace {

using wire::Message;

/// Says its size at the start and at each change; "q" ends it with code 5, "hang" by itself does
/// nothing.
void terminal_program(Peer& peer) {
    auto request = peer.receive(Message::exec_request);
    if (!request) return;
    wire::ExecRequest decoded;
    ASSERT_TRUE(wire::decode(request->payload, decoded).ok());
    EXPECT_TRUE(decoded.tty);
    const std::uint32_t id = request->id;
    const auto say = [&](const std::string& text) {
        peer.send_data(Message::exec_stdout, id, text);
    };
    say("size " + std::to_string(decoded.rows) + "x" + std::to_string(decoded.columns) + "\r\n");
    while (auto received = peer.receive()) {
        wire::ExecResize resize;
        wire::ExecData data;
        if (received->message == Message::exec_resize &&
            wire::decode(received->payload, resize).ok()) {
            say("now " + std::to_string(resize.rows) + "x" + std::to_string(resize.columns) +
                "\r\n");
        }
        if (received->message != Message::exec_stdin || !wire::decode(received->payload, data).ok())
            continue;
        for (const std::uint8_t byte : data.data)
            say("byte " + std::to_string(byte) + "\r\n");
        if (as_text(data.data) != "q") continue;
        wire::ExecExited exited;
        exited.code = 5;
        peer.send(Message::exec_exited, id, exited);
    }
}

bool is_raw(int fd) {
    termios settings;
    return tcgetattr(fd, &settings) == 0 && (settings.c_lflag & (ICANON | ECHO | ISIG)) == 0;
}

class Terminal : public testing::Test {
  protected:
    Terminal()
        : guest_(terminal_program),
          running_({{"exec", "-it", "--socket", guest_.socket_path(), "--", "program"}, {}, {}},
                   true) {
        running_.read_until("size ");
    }
    void type(const std::string& keys) {
        EXPECT_EQ(::write(running_.fd(), keys.data(), keys.size()),
                  static_cast<ssize_t>(keys.size()));
    }

    ScriptedGuest guest_;
    Background running_;
};

TEST_F(Terminal, IsRawWhileTheCommandRunsAndRestoredAfterwards) {
    EXPECT_NE(running_.read_until("size 33x99").find("size 33x99"), std::string::npos);
    EXPECT_TRUE(is_raw(running_.fd()));
    type("q");
    EXPECT_EQ(running_.wait(), 5);
    EXPECT_FALSE(is_raw(running_.fd()));
}

TEST_F(Terminal, KeysThatMakeSignalsAreBytes) {
    type("\x03");
    EXPECT_NE(running_.read_until("byte 3").find("byte 3"), std::string::npos);
    type("\x1a");
    EXPECT_NE(running_.read_until("byte 26").find("byte 26"), std::string::npos);
}

TEST_F(Terminal, ResizeReachesTheCommand) {
    const winsize size{50, 120, 0, 0};
    ASSERT_EQ(ioctl(running_.fd(), TIOCSWINSZ, &size), 0);
    EXPECT_NE(running_.read_until("now 50x120").find("now 50x120"), std::string::npos);
}

TEST_F(Terminal, DetachKeyLeavesAndSaysWhatThatMeans) {
    type("\x1d");
    EXPECT_NE(
        running_.read_until("ends with").find("the command in the guest ends with its connection"),
        std::string::npos);
    EXPECT_EQ(running_.wait(), 129);
    EXPECT_FALSE(is_raw(running_.fd()));
}

TEST_F(Terminal, SignalToUsRestoresItToo) {
    EXPECT_TRUE(is_raw(running_.fd()));
    kill(running_.pid(), SIGTERM);
    EXPECT_EQ(running_.wait(), 143);
    EXPECT_FALSE(is_raw(running_.fd()));
}

}  // namespace
}  // namespace pronto::test
