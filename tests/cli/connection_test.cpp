// SPDX-License-Identifier: Apache-2.0
#include "client/connection.hpp"

#include <sys/socket.h>

#include <set>

#include <gtest/gtest.h>

#include "client/exec_session.hpp"
#include "tests/cli/scripted_guest.hpp"

namespace pronto::client {
namespace {

using test::Peer;
using test::Received;
using test::ScriptedGuest;
using wire::Message;

void until_gone(Peer& peer) {
    while (peer.receive()) {
    }
}

void answer_pings(Peer& peer) {
    while (const auto ping = peer.receive(Message::ping))
        peer.send(Message::pong, ping->id, wire::InitAck{});
}

std::vector<std::uint8_t> frame(Message message, std::uint32_t id) {
    std::vector<std::uint8_t> buffer(256);
    cbor::Writer writer(Bytes(buffer).subspan(wire::headroom_bytes));
    if (message == Message::ready) {
        encode(writer, wire::Ready{});
    } else {
        wire::encode_empty(writer);
    }
    const Bytes sealed =
        wire::seal(buffer, wire::headroom_bytes, writer.written(), {6, id, message});
    return {sealed.begin(), sealed.end()};
}

wire::ExecCommand command(std::string_view program) {
    wire::ExecCommand out;
    out.command = program;
    return out;
}

std::vector<std::uint8_t> words(std::uint32_t first, std::uint32_t second) {
    std::vector<std::uint8_t> out(8);
    store_be(out.data(), first);
    store_be(out.data() + 4, second);
    return out;
}

std::function<void(Peer&)> opens_with(std::uint32_t first, std::uint32_t second) {
    return [=](Peer& peer) {
        peer.send_bytes(words(first, second));
        peer.send_bytes(frame(Message::ready, 0));
    };
}

TEST(Connection, TakesIdsFromItsRange) {
    const ScriptedGuest guest(until_gone);
    Connection connection;
    ASSERT_TRUE(connection.connect(guest.socket_path()).ok());
    EXPECT_EQ(connection.generation(), 6);
    EXPECT_EQ(connection.guest().agent_version, "0.6.0");
    EXPECT_EQ(connection.open_id().value(), 33554432U);
    EXPECT_EQ(connection.open_id().value(), 33554433U);
}

TEST(Connection, LegacyHandshakeMeansGenerationOne) {
    const ScriptedGuest guest(until_gone, {.legacy = true, .generation = 1, .handshake = {}});
    Connection connection;
    ASSERT_TRUE(connection.connect(guest.socket_path()).ok());
    EXPECT_EQ(connection.generation(), 1);
    EXPECT_EQ(connection.open_id().value(), 1U);
    EXPECT_EQ(connection.send_empty(Message::ping, 1).code, Code::unsupported);
}

TEST(Connection, GenerationIsTheLowerOfBoth) {
    for (const int number : {2, 5, 6, 7, 255}) {
        const auto theirs = static_cast<std::uint8_t>(number);
        const ScriptedGuest guest(until_gone,
                                  {.legacy = false, .generation = theirs, .handshake = {}});
        Connection connection;
        ASSERT_TRUE(connection.connect(guest.socket_path()).ok());
        EXPECT_EQ(connection.generation(), std::min<int>(theirs, 6));
        EXPECT_EQ(connection.guest().generation, theirs);
    }
}

TEST(Connection, HandshakeArrivesByteByByte) {
    const ScriptedGuest guest(until_gone,
                              {.legacy = false, .generation = 6, .handshake = [](Peer& peer) {
                                   std::vector<std::uint8_t> all = words(1, 100);
                                   const auto ready = frame(Message::ready, 0);
                                   all.insert(all.end(), ready.begin(), ready.end());
                                   for (const std::uint8_t byte : all)
                                       peer.send_bytes({&byte, 1});
                               }});
    Connection connection;
    EXPECT_TRUE(connection.connect(guest.socket_path()).ok());
}

TEST(Connection, RangeWithoutIdsIsRefused) {
    for (const auto& [first, second] : {std::pair{5'000'000U, 5'000'000U}, std::pair{0U, 1U},
                                        std::pair{5'000'001U, 5'000'000U}}) {
        const ScriptedGuest guest(
            until_gone, {.legacy = false, .generation = 6, .handshake = opens_with(first, second)});
        Connection connection;
        EXPECT_EQ(connection.connect(guest.socket_path()).code, Code::protocol)
            << first << ' ' << second;
    }
}

TEST(Connection, FirstFrameMustBeReady) {
    const ScriptedGuest guest(until_gone,
                              {.legacy = false, .generation = 6, .handshake = [](Peer& peer) {
                                   peer.send_bytes(words(1, 100));
                                   peer.send_bytes(frame(Message::pong, 1));
                               }});
    Connection connection;
    EXPECT_EQ(connection.connect(guest.socket_path()).code, Code::protocol);
}

TEST(Connection, SilentRelayTimesOut) {
    const ScriptedGuest guest(until_gone,
                              {.legacy = false, .generation = 6, .handshake = [](Peer&) {}});
    Connection connection;
    EXPECT_EQ(connection.connect(guest.socket_path(), 20 * ns_per_ms).code, Code::timed_out);
}

TEST(Connection, RelayThatClosesIsSaidSo) {
    const ScriptedGuest guest([](Peer&) {},
                              {.legacy = false, .generation = 6, .handshake = [](Peer&) {}});
    Connection connection;
    EXPECT_EQ(connection.connect(guest.socket_path()).code, Code::closed);
}

TEST(Connection, FramesForOthersAndUnknownTypesAreIgnored) {
    const ScriptedGuest guest([](Peer& peer) {
        const auto ping = peer.receive(Message::ping);
        if (!ping) return;
        peer.send(Message::pong, ping->id + 1, wire::InitAck{});
        std::vector<std::uint8_t> unknown = frame(Message::pong, ping->id);
        unknown[unknown.size() - 6] = 'x';  // core.pong becomes core.pxng or the like
        peer.send_bytes(unknown);
        peer.send(Message::touched, ping->id, wire::Touched{3});
        until_gone(peer);
    });
    Connection connection;
    ASSERT_TRUE(connection.connect(guest.socket_path()).ok());
    const std::uint32_t id = connection.open_id().value();
    ASSERT_TRUE(connection.send_empty(Message::ping, id).ok());
    Incoming incoming;
    ASSERT_TRUE(connection.receive(incoming).ok());
    EXPECT_EQ(incoming.message, Message::touched);
    EXPECT_TRUE(incoming.terminal);
    EXPECT_EQ(connection.live_ids(), 0U);
}

TEST(Connection, IdsWrapAndSkipLiveOnes) {
    const ScriptedGuest guest(answer_pings,
                              {.legacy = false, .generation = 6, .handshake = opens_with(1, 4)});
    Connection connection;
    ASSERT_TRUE(connection.connect(guest.socket_path()).ok());
    EXPECT_EQ(connection.open_id().value(), 1U);
    EXPECT_EQ(connection.open_id().value(), 2U);
    EXPECT_EQ(connection.open_id().value(), 3U);
    EXPECT_EQ(connection.open_id().error().code, Code::limit);
    ASSERT_TRUE(connection.send_empty(Message::ping, 2).ok());
    Incoming incoming;
    ASSERT_TRUE(connection.receive(incoming).ok());
    EXPECT_EQ(connection.open_id().value(), 2U);
}

TEST(Connection, BadLengthEndsTheStreamWithAnError) {
    const ScriptedGuest guest([](Peer& peer) {
        peer.send_bytes(words(0xffff'ffff, 0));
        until_gone(peer);
    });
    Connection connection;
    ASSERT_TRUE(connection.connect(guest.socket_path()).ok());
    Incoming incoming;
    EXPECT_EQ(connection.receive(incoming).code, Code::frame_too_long);
}

TEST(Connection, CommandLongerThanAFrameIsRefusedHere) {
    const ScriptedGuest guest(until_gone);
    Connection connection;
    ASSERT_TRUE(connection.connect(guest.socket_path()).ok());
    ExecSession session(connection);
    const std::string huge(wire::frame_length_max, 'x');
    EXPECT_EQ(session.start(command(huge)).code, Code::limit);
}

TEST(Connection, PlaysTheHostOfAPortAndHeedsItsCredit) {
    int fds[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    std::thread agent([fd = fds[1]] {
        Peer peer{io::OwnedFd(fd)};
        peer.send(Message::init_resolved, 0, wire::InitResolved{});
        ASSERT_TRUE(peer.receive(Message::init_ack).has_value());
        wire::Ready ready;
        ready.has_pronto = true;
        ready.stdin_window_bytes = 200'000;
        peer.send(Message::ready, 0, ready);
        const auto request = peer.receive(Message::exec_request);
        ASSERT_TRUE(request.has_value());
        for (int frames = 0; frames < 3; ++frames)
            peer.receive(Message::exec_stdin);
        peer.send(Message::pronto_credit, 0, wire::Credit{request->id, 150'000});
        until_gone(peer);
    });
    {
        Connection connection;
        ASSERT_TRUE(connection.attach_port(io::OwnedFd(fds[0])).ok());
        ExecSession session(connection);
        ASSERT_TRUE(session.start(command("cat")).ok());
        int frames = 0;
        for (; session.stdin_has_room(); ++frames)
            ASSERT_TRUE(session.send_stdin(data_bytes_max).ok());
        EXPECT_EQ(frames, 3);
        Incoming incoming;
        ASSERT_TRUE(connection.receive(incoming).ok());
        ExecEvent event;
        ASSERT_TRUE(session.take(incoming, event).ok());
        EXPECT_TRUE(session.stdin_has_room());
    }
    agent.join();
}

}  // namespace
}  // namespace pronto::client
