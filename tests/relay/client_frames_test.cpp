// SPDX-License-Identifier: Apache-2.0
// What a client may and may not send, and what it hears about it.
#include <gtest/gtest.h>

#include "tests/relay/relay_rig.hpp"

namespace pronto::test {
namespace {

using relay::Counter;

std::string error_kind(const std::optional<TestFrame>& frame) {
    if (!frame || frame->type != "core.error") return "no core.error";
    Buffer payload = frame->payload;
    wire::CoreError error;
    if (!wire::decode(Bytes(payload), error).ok()) return "undecodable";
    return std::string(error.kind);
}

class ClientFrames : public testing::Test {
  protected:
    void SetUp() override {
        rig.boot();
        client = &rig.open_client();
    }
    /// The answer to one frame; afterwards client and guest must still be on terms.
    std::string refusal(const Buffer& frame) {
        client->peer.send(frame);
        const auto answer = rig.from(client->peer);
        EXPECT_TRUE(rig.guest_frames.empty());
        EXPECT_TRUE(rig.echo(*client));
        answered_id = answer ? answer->id : 0;
        return error_kind(answer);
    }

    RelayRig rig;
    RelayRig::Client* client = nullptr;
    std::uint32_t answered_id = 0;
};

TEST_F(ClientFrames, AreForwardedAsTheyCame) {
    const Buffer frame = make_frame(client->start, Message::exec_request, exec_payload());
    client->peer.send(frame);
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() == 1; }));
    EXPECT_EQ(rig.guest_frames[0].wire, frame);
}

TEST_F(ClientFrames, WithUnusualButGoodEnvelopesAreForwardedUnchanged) {
    // {"t": indefinite text in two pieces, "p": bytes, "x": 1, "v": 6}, with a wide map head.
    Buffer body{0xb9, 0x00, 0x04, 0x61, 't',  0x7f, 0x64, 'c',  'o',  'r',  'e', 0x6a, '.',
                'e',  'x',  'e',  'c',  '.',  's',  't',  'd',  'i',  0x61, 'n', 0xff, 0x61,
                'p',  0x5f, 0x41, 0xa0, 0xff, 0x61, 'x',  0x01, 0x61, 'v',  0x06};
    const Buffer frame = make_raw_frame(client->start, 0, body);
    client->peer.send(frame);
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() == 1; }));
    EXPECT_EQ(rig.guest_frames[0].wire, frame);
    EXPECT_EQ(rig.guest_frames[0].type, "core.exec.stdin");
}

TEST_F(ClientFrames, OfAnotherClientsSessionAreRefused) {
    RelayRig::Client& other = rig.open_client();
    EXPECT_EQ(refusal(make_frame(other.start, Message::exec_signal, encoded(wire::ExecSignal{9}))),
              "invalid_session");
    EXPECT_EQ(answered_id, other.start);
    EXPECT_TRUE(rig.echo(other));
}

TEST_F(ClientFrames, JustOutsideTheRangeAreRefused) {
    EXPECT_EQ(refusal(make_frame(client->end, Message::exec_signal)), "invalid_session");
    EXPECT_EQ(refusal(make_frame(0, Message::ping)), "invalid_session");
    client->peer.send(make_frame(client->end - 1, Message::ping));
    EXPECT_EQ(rig.from(client->peer, Message::pong)->id, client->end - 1);
}

TEST_F(ClientFrames, OfTypesThatOnlyTheHostSendsAreRefused) {
    for (const Message message : {Message::relay_client_disconnected, Message::clock_sync,
                                  Message::init_ack, Message::bootstrap, Message::pronto_credit}) {
        EXPECT_EQ(refusal(make_frame(client->start, message)), "unsupported_message_type");
    }
}

TEST_F(ClientFrames, OfTypesThatOnlyTheGuestSendsAreRefused) {
    for (const Message message :
         {Message::ready, Message::exec_exited, Message::exec_stdout, Message::pong}) {
        EXPECT_EQ(refusal(make_frame(client->start, message)), "unsupported_message_type");
    }
}

TEST_F(ClientFrames, OfUnknownTypeAreRefused) {
    EXPECT_EQ(refusal(make_raw_frame(client->start, 0, make_body("core.no.such.thing", {0xa0}))),
              "unsupported_message_type");
}

TEST_F(ClientFrames, WithoutAnEnvelopeAreRefused) {
    EXPECT_EQ(refusal(make_raw_frame(client->start, 0, {})), "malformed_message");
    EXPECT_EQ(refusal(make_raw_frame(client->start, 0, {0x01})), "malformed_message");
    EXPECT_EQ(refusal(make_raw_frame(client->start, 0, {0xa1, 0x61, 'v', 0x01})),
              "malformed_message");
    Buffer cut = make_body("core.ping", {0xa0});
    cut.pop_back();
    EXPECT_EQ(refusal(make_raw_frame(client->start, 0, cut)), "malformed_message");
}

TEST_F(ClientFrames, WithOtherFlagsThanTheTypesAreRefused) {
    EXPECT_EQ(refusal(make_raw_frame(client->start, 1, make_body("core.ping", {0xa0}))),
              "invalid_flags");
    EXPECT_EQ(refusal(make_raw_frame(client->start, 0x82,
                                     make_body("core.exec.request", exec_payload()))),
              "invalid_flags");
    EXPECT_EQ(refusal(make_raw_frame(0, 4, make_body("core.ping", {0xa0}))), "invalid_flags");
    EXPECT_EQ(refusal(make_frame(client->start, Message::shutdown, {0xf6})), "invalid_session");
}

TEST_F(ClientFrames, ManyBadOnesInARowAreEachAnsweredInOrder) {
    Buffer bytes;
    for (std::uint32_t count = 0; count < 100; ++count) {
        const Buffer bad =
            make_raw_frame(client->start + count, 0x80, make_body("core.ping", {0xa0}));
        bytes.insert(bytes.end(), bad.begin(), bad.end());
    }
    client->peer.send(bytes);
    for (std::uint32_t count = 0; count < 100; ++count) {
        const auto answer = rig.from(client->peer);
        ASSERT_TRUE(answer.has_value());
        EXPECT_EQ(answer->id, client->start + count);
    }
    EXPECT_EQ(rig.count(Counter::frames_refused), 100U);
}

TEST_F(ClientFrames, OfTooLongLengthEndWithTheReasonAndTheClient) {
    Buffer bad = make_frame(client->start + 3, Message::ping);
    store_be(bad.data(), std::uint32_t{wire::frame_length_max + 1});
    client->peer.send(bad);
    const auto answer = rig.from(client->peer);
    EXPECT_EQ(error_kind(answer), "malformed_message");
    EXPECT_EQ(answer->id, client->start + 3);
    EXPECT_TRUE(rig.until([&] { return client->peer.ended; }));
    EXPECT_TRUE(rig.echo(rig.open_client()));
}

TEST_F(ClientFrames, OfTooShortLengthEndWithTheReasonAndTheClient) {
    client->peer.send({0, 0, 0, 4, 0, 0, 0, 0});
    EXPECT_EQ(error_kind(rig.from(client->peer)), "malformed_message");
    EXPECT_TRUE(rig.until([&] { return client->peer.ended; }));
}

TEST_F(ClientFrames, ArriveWholeByteByByte) {
    const Buffer frame = make_frame(client->start, Message::exec_stdin, data_payload(30));
    for (int round = 0; round < 3; ++round) {
        for (const std::uint8_t byte : frame) {
            client->peer.send({byte});
            rig.step();
        }
    }
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() == 3; }));
    for (const TestFrame& got : rig.guest_frames)
        EXPECT_EQ(got.wire, frame);
}

TEST_F(ClientFrames, HalfOneDoesNotHoldAPlaceForEver) {
    RelayRig short_rig({.partial_frame_timeout_ns = 20 * ns_per_ms});
    short_rig.boot();
    RelayRig::Client& half = short_rig.open_client();
    RelayRig::Client& whole = short_rig.open_client();
    half.peer.send({0, 0, 1});
    ASSERT_TRUE(short_rig.until([&] { return half.peer.ended; }, 1000));
    EXPECT_EQ(short_rig.count(Counter::clients_cut), 1U);
    EXPECT_TRUE(short_rig.echo(whole));
}

TEST_F(ClientFrames, LongerThanAForeignGuestSurvivesAreRefused) {
    const std::size_t fits = relay::foreign_frame_length_max - 5;
    Buffer body = make_body("core.exec.stdin", data_payload(64));
    body.resize(fits, 0);
    const Buffer good = make_raw_frame(client->start, 0, body);
    client->peer.send(good);
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() == 1; }));
    EXPECT_TRUE(rig.guest_frames[0].wire == good);
    rig.guest_frames.clear();
    body.push_back(0);
    EXPECT_EQ(refusal(make_raw_frame(client->start, 0, body)), "malformed_message");
}

TEST_F(ClientFrames, LargestReachesOurGuest) {
    RelayRig own;
    own.boot({.ours = true});
    RelayRig::Client& sender = own.open_client();
    Buffer body = make_body("core.exec.stdin", data_payload(64));
    body.resize(wire::frame_length_max - 5, 0);
    for (int round = 0; round < 3; ++round)
        sender.peer.send(make_raw_frame(sender.start, 0, body));
    ASSERT_TRUE(own.until([&] { return own.guest_frames.size() == 3; }));
    EXPECT_TRUE(own.guest_frames[2].wire == make_raw_frame(sender.start, 0, body));
    EXPECT_TRUE(own.echo(sender));
}

TEST_F(ClientFrames, NewerThanTheGuestAreRefused) {
    RelayRig old;
    old.boot({.generation = 3});
    client = &old.open_client();
    client->peer.send(make_frame(client->start, Message::tcp_connect));
    EXPECT_EQ(error_kind(old.from(client->peer)), "unsupported_protocol_generation");
    const Buffer files = make_frame(client->start + 1, Message::fs_request);
    client->peer.send(files);
    ASSERT_TRUE(old.until([&] { return old.guest_frames.size() == 1; }));
}

TEST_F(ClientFrames, SessionOpenedTwiceIsRefused) {
    const Buffer frame = make_frame(client->start, Message::exec_request, exec_payload());
    client->peer.send(frame);
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() == 1; }));
    rig.guest_frames.clear();
    EXPECT_EQ(refusal(frame), "invalid_session");
}

TEST_F(ClientFrames, SessionsEndAtTheirLimitAndBeginAgainWhenOneIsOver) {
    for (std::uint32_t count = 0; count < relay::client_sessions_max; ++count) {
        client->peer.send(make_frame(client->start + count, Message::exec_request, exec_payload()));
    }
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() == relay::client_sessions_max; }));
    rig.guest_frames.clear();
    const std::uint32_t next = client->start + relay::client_sessions_max;
    EXPECT_EQ(refusal(make_frame(next, Message::exec_request, exec_payload())), "invalid_session");
    rig.guest().send(
        make_frame(client->start + 7, Message::exec_exited, encoded(wire::ExecExited{})));
    EXPECT_EQ(rig.from(client->peer)->type, "core.exec.exited");
    client->peer.send(make_frame(next, Message::exec_request, exec_payload()));
    EXPECT_TRUE(rig.until([&] { return rig.guest_frames.size() == 1; }));
}

TEST(Clients, BeyondTheLastPlaceSeeTheSocketClose) {
    RelayRig rig;
    rig.boot();
    std::vector<RelayRig::Client*> clients;
    for (std::uint32_t count = 0; count < relay::clients_max; ++count)
        clients.push_back(&rig.open_client());
    EXPECT_EQ(clients.back()->start, 127 * 33'554'431U + 1);
    RelayRig::Client& refused = rig.connect();
    ASSERT_TRUE(rig.until([&] { return refused.peer.ended; }));
    EXPECT_TRUE(refused.peer.received.empty());
    EXPECT_EQ(rig.count(Counter::clients_refused_full), 1U);
    clients[5]->peer.close();
    ASSERT_TRUE(rig.until([&] { return rig.count(Counter::leases_fenced) == 1; }));
    EXPECT_EQ(rig.open_client().start, clients[5]->start);
}

}  // namespace
}  // namespace pronto::test
