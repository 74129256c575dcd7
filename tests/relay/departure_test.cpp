// SPDX-License-Identifier: Apache-2.0
// Clients that leave: what the guest hears, and when their range is dealt again. And the end of it
// all.
#include <gtest/gtest.h>

#include "tests/relay/relay_rig.hpp"

namespace pronto::test {
namespace {

using relay::Cause;
using relay::Counter;

TEST(Departure, GuestHearsKillsThenTheRange) {
    RelayRig rig;
    rig.boot();
    RelayRig::Client& client = rig.open_client();
    client.peer.send(make_frame(client.start, Message::exec_request, exec_payload()));
    client.peer.send(make_frame(client.start + 1, Message::fs_request));
    client.peer.send(make_frame(client.start + 2, Message::exec_request, exec_payload()));
    client.peer.close();
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() == 6; }));
    EXPECT_EQ(rig.guest_frames[3].type, "core.exec.signal");
    EXPECT_EQ(rig.guest_frames[3].id, client.start);
    EXPECT_EQ(rig.guest_frames[4].type, "core.exec.signal");
    EXPECT_EQ(rig.guest_frames[4].id, client.start + 2);
    EXPECT_EQ(rig.guest_frames[5].type, "core.relay.client.disconnected");
    wire::ClientDisconnected gone;
    ASSERT_TRUE(wire::decode(Bytes(rig.guest_frames[5].payload), gone).ok());
    EXPECT_EQ(gone.id_start, client.start);
    EXPECT_EQ(gone.id_end_exclusive, client.end);
}

TEST(Departure, RangeIsNotDealtAgainBeforeItsProcessesEndAndTheEchoIsBack) {
    RelayRig rig;
    rig.guest_answers_pings = false;
    rig.boot();
    RelayRig::Client& client = rig.open_client();
    const std::uint32_t start = client.start;
    client.peer.send(make_frame(start, Message::exec_request, exec_payload()));
    client.peer.close();
    ASSERT_TRUE(rig.until(
        [&] { return !rig.guest_frames.empty() && rig.guest_frames.back().type == "core.ping"; }));
    const std::uint32_t fence = rig.guest_frames.back().id;
    EXPECT_NE(rig.open_client().start, start);
    rig.guest().send(make_frame(start, Message::exec_exited, encoded(wire::ExecExited{})));
    rig.run_for(5);
    EXPECT_NE(rig.open_client().start, start);
    rig.guest().send(make_frame(fence, Message::pong));
    rig.run_for(5);
    EXPECT_EQ(rig.open_client().start, start);
}

TEST(Departure, NextClientSeesNothingOfTheLastOnes) {
    RelayRig rig;
    rig.boot();
    RelayRig::Client& first = rig.open_client();
    const std::uint32_t start = first.start;
    first.peer.send(make_frame(start, Message::exec_request, exec_payload()));
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() == 1; }));
    Buffer queued;
    for (int count = 0; count < 400; ++count) {
        const Buffer frame = make_frame(start, Message::exec_stdout, data_payload(100));
        queued.insert(queued.end(), frame.begin(), frame.end());
    }
    first.peer.close();
    rig.run_for(3);
    rig.guest().send(queued);
    rig.guest().send(make_frame(start, Message::exec_exited, encoded(wire::ExecExited{})));
    ASSERT_TRUE(rig.until([&] { return rig.count(Counter::leases_fenced) == 1; }));
    RelayRig::Client& second = rig.open_client();
    ASSERT_EQ(second.start, start);
    rig.run_for(20);
    EXPECT_TRUE(second.peer.received.empty());
    EXPECT_GT(rig.count(Counter::dropped_departed), 0U);
}

TEST(Departure, OldGuestsGetTimeInsteadOfAnEcho) {
    RelayRig rig({.quarantine_ns = 50 * ns_per_ms});
    rig.boot({.generation = 1});
    RelayRig::Client& client = rig.open_client();
    const std::uint32_t start = client.start;
    client.peer.send(make_frame(start, Message::exec_request, exec_payload()));
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() == 1; }));
    client.peer.close();
    rig.run_for(10);
    EXPECT_NE(rig.open_client().start, start);
    for (const TestFrame& frame : rig.guest_frames)
        EXPECT_NE(frame.type, "core.relay.client.disconnected");
    ASSERT_TRUE(rig.until([&] { return rig.count(Counter::leases_timed_out) == 1; }, 1000));
    EXPECT_EQ(rig.open_client().start, start);
}

TEST(Departure, ProcessBehindACoreErrorIsKilledToo) {
    RelayRig rig;
    rig.boot();
    RelayRig::Client& client = rig.open_client();
    client.peer.send(make_frame(client.start, Message::exec_request, exec_payload()));
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() == 1; }));
    rig.guest().send(make_frame(client.start, Message::error,
                                encoded(wire::CoreError{"invalid_payload", "bad", {}})));
    EXPECT_EQ(rig.from(client.peer)->type, "core.error");
    client.peer.close();
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() == 3; }));
    EXPECT_EQ(rig.guest_frames[1].type, "core.exec.signal");
}

TEST(Departure, WholeFramesBeforeTheHangupStillReachTheGuest) {
    RelayRig rig;
    rig.boot();
    RelayRig::Client& client = rig.open_client();
    for (int count = 0; count < 200; ++count) {
        client.peer.send(make_frame(client.start, Message::exec_stdin, data_payload(500)));
    }
    client.peer.send({0, 0, 0, 99, 1, 2});
    ASSERT_TRUE(rig.until([&] { return !client.peer.unsent(); }));
    client.peer.close();
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() == 201; }));
    EXPECT_EQ(rig.guest_frames[199].type, "core.exec.stdin");
    EXPECT_EQ(rig.guest_frames[200].type, "core.relay.client.disconnected");
}

TEST(Departure, HalfCloseCountsAsLeaving) {
    RelayRig rig;
    rig.boot();
    RelayRig::Client& client = rig.open_client();
    client.peer.half_close();
    EXPECT_TRUE(rig.until([&] { return client.peer.ended; }));
}

TEST(Shutdown, OfAClientIsForwardedAndEndsWithTheGuest) {
    RelayRig rig;
    rig.boot();
    RelayRig::Client& client = rig.open_client();
    client.peer.send(make_frame(0, Message::shutdown, {0xf6}));
    client.peer.close();
    ASSERT_TRUE(rig.until([&] { return !rig.guest_frames.empty(); }));
    EXPECT_EQ(rig.guest_frames[0].type, "core.shutdown");
    EXPECT_EQ(rig.guest_frames[0].flags, wire::flag_shutdown);
    EXPECT_EQ(rig.relay().cause(), Cause::running);
    rig.guest().close();
    EXPECT_TRUE(rig.until([&] { return rig.relay().cause() == Cause::shutdown; }));
}

TEST(Shutdown, GuestThatStaysUsesUpItsWindow) {
    RelayRig rig({.shutdown_window_ns = 30 * ns_per_ms});
    rig.boot();
    rig.relay().request_shutdown();
    ASSERT_TRUE(rig.until([&] { return !rig.guest_frames.empty(); }));
    EXPECT_EQ(rig.guest_frames[0].type, "core.shutdown");
    EXPECT_TRUE(rig.until([&] { return rig.relay().cause() == Cause::shutdown_timeout; }, 1000));
}

TEST(Shutdown, NobodyIsAcceptedAnyMoreWhileOldClientsAreServed) {
    RelayRig rig;
    rig.boot();
    RelayRig::Client& client = rig.open_client();
    rig.relay().request_shutdown();
    rig.run_for(5);
    EXPECT_THROW(
        {
            RelayRig::Client& late = rig.connect();
            rig.run_for(10);
            if (late.peer.ended) throw std::runtime_error("closed");
        },
        std::runtime_error);
    EXPECT_TRUE(rig.echo(client));
}

TEST(Shutdown, AskedForTwiceOrBeforeReadyIsAtOnce) {
    RelayRig twice;
    twice.boot();
    twice.relay().request_shutdown();
    EXPECT_EQ(twice.relay().cause(), Cause::running);
    twice.relay().request_shutdown();
    EXPECT_EQ(twice.relay().cause(), Cause::shutdown);
    RelayRig early;
    early.attach_guest();
    early.relay().request_shutdown();
    EXPECT_EQ(early.relay().cause(), Cause::shutdown);
}

TEST(Shutdown, LastWordsOfTheGuestReachASlowClient) {
    RelayRig rig;
    rig.boot({.credit = true});
    RelayRig::Client& client = rig.open_client();
    client.peer.reads = false;
    const Buffer bulk = make_frame(client.start, Message::exec_stdout, data_payload(900 * KiB));
    rig.guest().send(bulk);
    ASSERT_TRUE(rig.until([&] { return !rig.guest().unsent(); }));
    rig.guest().close();
    rig.run_for(20);
    EXPECT_EQ(rig.relay().cause(), Cause::running);
    client.peer.reads = true;
    EXPECT_TRUE(rig.until([&] { return client.peer.received.size() == bulk.size(); }, 1000));
    EXPECT_TRUE(rig.until([&] { return rig.relay().cause() == Cause::guest_closed; }, 1000));
}

}  // namespace
}  // namespace pronto::test
