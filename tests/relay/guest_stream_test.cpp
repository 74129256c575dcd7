// SPDX-License-Identifier: Apache-2.0
// What the relay makes of the guest's stream: boot, framing, and whose frames are whose.
#include <gtest/gtest.h>

#include "tests/relay/relay_rig.hpp"

namespace pronto::test {
namespace {

using relay::Cause;
using relay::Counter;

TEST(GuestStream, ReadyReachesEarlyAndLateClientsAsItCame) {
    RelayRig rig;
    RelayRig::Client& early = rig.connect();
    rig.run_for(5);
    rig.attach_guest();
    const Buffer ready = make_ready({.generation = 7});
    rig.guest().send(ready);
    ASSERT_TRUE(rig.until([&] { return early.peer.received.size() == 8 + ready.size(); }));
    early.peer.take(8);
    EXPECT_EQ(rig.from(early.peer)->wire, ready);
    RelayRig::Client& late = rig.connect();
    ASSERT_TRUE(rig.until([&] { return late.peer.received.size() == 8 + ready.size(); }));
    EXPECT_EQ(load_be<std::uint32_t>(late.peer.received.data()), 33'554'432U);
    EXPECT_EQ(load_be<std::uint32_t>(late.peer.received.data() + 4), 67'108'862U);
}

TEST(GuestStream, LegacyClientsAreToldTheirOffsetInOneWord) {
    RelayRig rig({.greeting = relay::Greeting::legacy});
    rig.boot({.generation = 1});
    RelayRig::Client& first = rig.connect();
    RelayRig::Client& second = rig.connect();
    ASSERT_TRUE(rig.until(
        [&] { return second.peer.received.size() > 4 && first.peer.received.size() > 4; }));
    EXPECT_EQ(load_be<std::uint32_t>(first.peer.received.data()), 0U);
    EXPECT_EQ(load_be<std::uint32_t>(second.peer.received.data()), 268'435'455U);
    second.peer.take(4);
    EXPECT_EQ(rig.from(second.peer)->type, "core.ready");
}

TEST(GuestStream, InitResolvedIsAcknowledgedAtOnceAndOnce) {
    RelayRig rig;
    rig.attach_guest();
    const Buffer resolved =
        make_raw_frame(0, 0, make_body("core.init.resolved", encoded(wire::InitResolved{}), 3));
    rig.guest().send(resolved);
    ASSERT_TRUE(rig.until([&] { return !rig.guest_frames.empty(); }));
    rig.guest().send(resolved);
    rig.run_for(10);
    ASSERT_EQ(rig.guest_frames.size(), 1U);
    EXPECT_EQ(rig.guest_frames[0].type, "core.init.ack");
    wire::InitAck ack;
    ASSERT_TRUE(wire::decode(Bytes(rig.guest_frames[0].payload), ack).ok());
    EXPECT_EQ(ack.client_window_bytes, relay::client_budget_default);
    EXPECT_FALSE(rig.relay().ready());
}

TEST(GuestStream, UndecodableEarlyFrameIsSkipped) {
    RelayRig rig;
    rig.attach_guest();
    rig.guest().send(make_raw_frame(0, 0, {0xff, 0x00, 0x17}));
    rig.guest().send(make_raw_frame(0, 0, make_body("core.from.the.future", {0xa0})));
    rig.guest().send(make_ready({}));
    EXPECT_TRUE(rig.until([&] { return rig.relay().ready(); }));
    EXPECT_EQ(rig.count(Counter::dropped_early), 2U);
}

TEST(GuestStream, BytesBehindReadyAreKept) {
    RelayRig rig;
    RelayRig::Client& client = rig.connect();
    rig.run_for(5);
    rig.attach_guest();
    Buffer both = make_ready({});
    const Buffer behind = make_frame(1, Message::exec_stdout, data_payload(10));
    both.insert(both.end(), behind.begin(), behind.end());
    rig.guest().send(both);
    ASSERT_TRUE(rig.until([&] { return client.peer.received.size() == 8 + both.size(); }));
    client.peer.take(8);
    (void)client.peer.next_frame();
    EXPECT_EQ(client.peer.next_frame()->wire, behind);
}

TEST(GuestStream, BootTimeoutEndsTheRelayWithItsCause) {
    RelayRig rig({.boot_timeout_ns = 20 * ns_per_ms});
    rig.attach_guest();
    EXPECT_TRUE(rig.until([&] { return rig.relay().cause() != Cause::running; }, 1000));
    EXPECT_EQ(rig.relay().cause(), Cause::boot_timeout);
}

TEST(GuestStream, NoGuestAtAllIsItsOwnCause) {
    RelayRig rig({.boot_timeout_ns = 20 * ns_per_ms});
    EXPECT_TRUE(rig.until([&] { return rig.relay().cause() != Cause::running; }, 1000));
    EXPECT_EQ(rig.relay().cause(), Cause::no_guest);
}

TEST(GuestStream, SilentGuestGetsItsBootstrap) {
    RelayRig rig({.bootstrap_silence_ns = 20 * ns_per_ms});
    rig.attach_guest();
    ASSERT_TRUE(rig.until([&] { return !rig.guest_frames.empty(); }, 1000));
    EXPECT_EQ(rig.guest_frames[0].type, "core.bootstrap");
    EXPECT_EQ(rig.guest_frames[0].wire[12], 7);
}

TEST(GuestStream, GuestThatSpeaksGetsNoBootstrap) {
    RelayRig rig({.bootstrap_silence_ns = 20 * ns_per_ms});
    rig.attach_guest();
    rig.guest().send({0x00});
    rig.run_for(60);
    EXPECT_TRUE(rig.guest_frames.empty());
    EXPECT_FALSE(rig.saw(relay::EventKind::bootstrap_sent));
}

TEST(GuestStream, FrameBehindTooShortLengthIsDeliveredAtOnce) {
    RelayRig rig;
    rig.boot();
    RelayRig::Client& client = rig.open_client();
    Buffer bytes{0, 0, 0, 4, 1, 2, 3, 4};
    const Buffer good = make_frame(client.start, Message::exec_stdout, data_payload(3));
    bytes.insert(bytes.end(), good.begin(), good.end());
    rig.guest().send(bytes);
    EXPECT_EQ(rig.from(client.peer, 100)->wire, good);
    EXPECT_EQ(rig.count(Counter::dropped_bad_length), 1U);
    EXPECT_EQ(rig.count(Counter::bytes_lost), 8U);
}

TEST(GuestStream, FrameBehindTooLongLengthSurvives) {
    RelayRig rig;
    rig.boot();
    RelayRig::Client& client = rig.open_client();
    Buffer bytes = make_frame(client.start, Message::exec_stdout, data_payload(3));
    const Buffer good = bytes;
    Buffer bad(4 + wire::frame_length_max + 1, 0xee);
    store_be(bad.data(), std::uint32_t{wire::frame_length_max + 1});
    bytes.insert(bytes.end(), bad.begin(), bad.end());
    bytes.insert(bytes.end(), good.begin(), good.end());
    rig.guest().send(bytes);
    EXPECT_EQ(rig.from(client.peer)->wire, good);
    EXPECT_EQ(rig.from(client.peer)->wire, good);
    EXPECT_EQ(rig.count(Counter::bytes_lost), bad.size());
    EXPECT_TRUE(rig.saw(relay::EventKind::guest_bad_length));
}

TEST(GuestStream, LengthBeyondReasonFailsLoudly) {
    RelayRig rig;
    rig.boot();
    rig.guest().send({0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0});
    EXPECT_TRUE(rig.until([&] { return rig.relay().cause() == Cause::guest_failed; }, 1000));
}

TEST(GuestStream, IdsNobodyHoldsAreCountedAndDropped) {
    RelayRig rig;
    rig.boot();
    RelayRig::Client& client = rig.open_client();
    rig.guest().send(make_frame(0xffff'ffff, Message::exec_stdout, data_payload(3)));
    rig.guest().send(make_frame(0, Message::exec_stdout, data_payload(3)));
    rig.guest().send(make_frame(5 * 33'554'431U + 9, Message::exec_stdout, data_payload(3)));
    const Buffer good = make_frame(client.start, Message::exec_stdout, data_payload(3));
    rig.guest().send(good);
    EXPECT_EQ(rig.from(client.peer)->wire, good);
    EXPECT_EQ(rig.count(Counter::dropped_no_range), 1U);
    EXPECT_EQ(rig.count(Counter::dropped_unaddressed), 1U);
    EXPECT_EQ(rig.count(Counter::dropped_foreign), 1U);
}

TEST(GuestStream, FramesArriveWholeWhateverThePieces) {
    RelayRig rig;
    rig.boot();
    RelayRig::Client& first = rig.open_client();
    RelayRig::Client& second = rig.open_client();
    const Buffer one = make_frame(first.start, Message::exec_stdout, data_payload(20, 'a'));
    const Buffer two = make_frame(second.start, Message::exec_stdout, data_payload(20, 'b'));
    for (const Buffer* frame : {&one, &two, &one}) {
        for (const std::uint8_t byte : *frame) {
            rig.guest().send({byte});
            rig.step();
        }
    }
    EXPECT_EQ(rig.from(first.peer)->wire, one);
    EXPECT_EQ(rig.from(first.peer)->wire, one);
    EXPECT_EQ(rig.from(second.peer)->wire, two);
}

TEST(GuestStream, LargestFrameArrivesAsItWasSent) {
    RelayRig rig;
    rig.boot();
    RelayRig::Client& client = rig.open_client();
    Buffer body = make_body("core.fs.data", Buffer(wire::frame_length_max - 64, 'z'));
    body.resize(wire::frame_length_max - 5, 0);
    const Buffer largest = make_raw_frame(client.start, 0, body);
    ASSERT_EQ(largest.size(), wire::frame_wire_bytes_max);
    rig.guest().send(largest);
    const auto frame = rig.from(client.peer);
    ASSERT_TRUE(frame.has_value());
    EXPECT_TRUE(frame->wire == largest);
}

TEST(GuestStream, ManyClientsFramesKeepTheirOrderAcrossTheRingsEnd) {
    RelayRig rig;
    rig.boot();
    std::vector<RelayRig::Client*> clients;
    for (int count = 0; count < 5; ++count)
        clients.push_back(&rig.open_client());
    std::vector<Buffer> sent(clients.size());
    std::uint32_t random = 7;
    for (int round = 0; round < 3000; ++round) {
        random = random * 1'664'525 + 1'013'904'223;
        const std::size_t who = (random >> 8) % clients.size();
        const std::size_t bytes = (random >> 16) % 3000;
        const Buffer frame = make_frame(clients[who]->start + 1, Message::exec_stdout,
                                        data_payload(bytes, static_cast<std::uint8_t>(round)));
        rig.guest().send(frame);
        sent[who].insert(sent[who].end(), frame.begin(), frame.end());
    }
    for (std::size_t who = 0; who < clients.size(); ++who) {
        ASSERT_TRUE(
            rig.until([&] { return clients[who]->peer.received.size() >= sent[who].size(); }));
        EXPECT_TRUE(clients[who]->peer.received == sent[who]);
    }
    EXPECT_GT(rig.count(Counter::guest_bytes_in), 4 * relay::guest_ring_bytes);
}

TEST(GuestStream, GuestGoneAfterReadyEndsTheRelay) {
    RelayRig rig;
    rig.boot();
    RelayRig::Client& client = rig.open_client();
    const Buffer last = make_frame(client.start, Message::exec_stdout, data_payload(3));
    rig.guest().send(last);
    rig.guest().close();
    EXPECT_TRUE(rig.until([&] { return rig.relay().cause() == Cause::guest_closed; }));
    client.peer.pump();
    EXPECT_EQ(client.peer.next_frame()->wire, last);
    client.peer.pump();
    EXPECT_TRUE(client.peer.ended);
}

TEST(GuestStream, GuestGoneBeforeReadyMayBeReplaced) {
    RelayRig rig({.guest_replaceable = true});
    rig.attach_guest();
    rig.guest().send({0, 0});
    rig.run_for(5);
    rig.guest().close();
    ASSERT_TRUE(rig.until([&] { return rig.relay().wants_guest(); }));
    rig.boot();
    EXPECT_TRUE(rig.echo(rig.open_client()));
}

}  // namespace
}  // namespace pronto::test
