// SPDX-License-Identifier: Apache-2.0
// Who waits for whom: slow clients, stalled guests, credit, fairness, and what a stall costs.
#include <algorithm>

#include <gtest/gtest.h>

#include "io/clock.hpp"
#include "tests/relay/relay_rig.hpp"

namespace pronto::test {
namespace {

using relay::Cause;
using relay::Counter;

Buffer output_frame(std::uint32_t id, std::size_t byte_count, std::uint8_t fill = 'x') {
    return make_frame(id, Message::exec_stdout, data_payload(byte_count, fill));
}

/// How many frames the guest got before the first one that `wanted` accepts; all of them when there
/// is none.
template <typename Wanted>
std::size_t frames_before(const RelayRig& rig, Wanted wanted) {
    const auto found = std::find_if(rig.guest_frames.begin(), rig.guest_frames.end(), wanted);
    return static_cast<std::size_t>(found - rig.guest_frames.begin());
}

TEST(Flow, ClientThatDoesNotReadDelaysNobody) {
    RelayRig rig({.stall_timeout_ns = 60 * ns_per_s});
    rig.boot();
    RelayRig::Client& slow = rig.open_client();
    RelayRig::Client& quick = rig.open_client();
    slow.peer.reads = false;
    for (int count = 0; count < 40; ++count)
        rig.guest().send(output_frame(slow.start, 64 * KiB));
    ASSERT_TRUE(rig.until([&] { return !rig.guest().unsent(); }));
    std::vector<Nanoseconds> times_ns;
    for (int count = 0; count < 200; ++count) {
        const Nanoseconds before_ns = io::monotonic_ns();
        ASSERT_TRUE(rig.echo(quick));
        times_ns.push_back(io::monotonic_ns() - before_ns);
    }
    std::sort(times_ns.begin(), times_ns.end());
    // Once the relay may have waited for the slow one; the others never notice more than that.
    EXPECT_LT(times_ns.back(), relay::hold_time + 50 * ns_per_ms);
    EXPECT_LT(times_ns[times_ns.size() * 98 / 100], 20 * ns_per_ms);
    EXPECT_EQ(rig.count(Counter::clients_cut), 0U);
}

TEST(Flow, ClientThatDoesNotReadIsCutAfterItsTimeAndToldWhy) {
    RelayRig rig({.stall_timeout_ns = 50 * ns_per_ms});
    rig.boot();
    RelayRig::Client& slow = rig.open_client();
    slow.peer.send(make_frame(slow.start, Message::exec_request, exec_payload()));
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() == 1; }));
    slow.peer.reads = false;
    for (int count = 0; count < 40; ++count)
        rig.guest().send(output_frame(slow.start, 64 * KiB));
    ASSERT_TRUE(rig.until([&] { return rig.saw(relay::EventKind::client_cut); }, 2000));
    slow.peer.reads = true;
    std::optional<TestFrame> last;
    std::size_t whole = 0;
    while (auto frame = rig.from(slow.peer, 200)) {
        whole += frame->type == "core.exec.stdout" ? 1U : 0U;
        last = frame;
    }
    EXPECT_GT(whole, 0U);
    EXPECT_EQ(last->type, "core.error");
    EXPECT_EQ(last->id, slow.start);
    EXPECT_TRUE(slow.peer.received.empty());
    EXPECT_TRUE(rig.until([&] { return slow.peer.ended; }));
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() >= 3; }));
    EXPECT_EQ(rig.guest_frames[1].type, "core.exec.signal");
}

TEST(Flow, ClientBeyondTheHardLimitIsCutAtOnce) {
    RelayRig rig({.stall_timeout_ns = 60 * ns_per_s});
    rig.boot();
    RelayRig::Client& slow = rig.open_client();
    slow.peer.reads = false;
    for (int count = 0; count < 100; ++count)
        rig.guest().send(output_frame(slow.start, 64 * KiB));
    EXPECT_TRUE(rig.until([&] { return rig.saw(relay::EventKind::client_cut); }, 2000));
    EXPECT_LE(rig.count(Counter::backlog_high_bytes), relay::backlog_bytes_max);
    EXPECT_TRUE(rig.echo(rig.open_client()));
}

TEST(Flow, ClientThatReadsSlowlyButSteadilyLosesNothing) {
    RelayRig rig({.stall_timeout_ns = 100 * ns_per_ms});
    rig.boot();
    RelayRig::Client& client = rig.open_client();
    client.peer.read_bytes_max = 100 * KiB;
    std::size_t sent = 0;
    for (int count = 0; count < 300; ++count) {
        const Buffer frame = output_frame(client.start, 64 * KiB);
        rig.guest().send(frame);
        sent += frame.size();
    }
    EXPECT_TRUE(rig.until([&] { return client.peer.received.size() == sent; }, 20'000));
    EXPECT_EQ(rig.count(Counter::clients_cut), 0U);
}

TEST(Flow, StalledGuestLosesNothingAndCostsNothing) {
    RelayRig rig;
    rig.boot({.ours = true});
    RelayRig::Client& client = rig.open_client();
    rig.guest().reads = false;
    for (std::uint32_t count = 0; count < 5000; ++count) {
        client.peer.send(make_frame(client.start + count, Message::exec_stdin, data_payload(200)));
    }
    rig.run_for(50);
    const std::uint64_t before = rig.relay().uring().enters();
    for (int turn = 0; turn < 20; ++turn)
        rig.relay().turn(io::monotonic_ns() + 5 * ns_per_ms);
    EXPECT_LE(rig.relay().uring().enters() - before, 20U);
    rig.guest().reads = true;
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() == 5000; }, 20'000));
    for (std::uint32_t count = 0; count < 5000; ++count)
        ASSERT_EQ(rig.guest_frames[count].id, client.start + count);
}

TEST(Flow, BulkOfOneClientDoesNotHoldUpAnother) {
    RelayRig rig;
    rig.boot({.ours = true});
    RelayRig::Client& bulky = rig.open_client();
    RelayRig::Client& small = rig.open_client();
    rig.guest().reads = false;
    for (int count = 0; count < 200; ++count)
        bulky.peer.send(make_frame(bulky.start, Message::fs_data, data_payload(60 * KiB)));
    rig.run_for(20);
    small.peer.send(make_frame(small.start, Message::exec_signal, encoded(wire::ExecSignal{15})));
    rig.run_for(20);
    rig.guest().reads = true;
    rig.guest().read_bytes_max = 64 * KiB;
    const auto before = [&] {
        return frames_before(rig, [&](const TestFrame& frame) { return frame.id == small.start; });
    };
    ASSERT_TRUE(rig.until([&] { return before() < rig.guest_frames.size(); }));
    // What was on its way already, and at most one batch.
    EXPECT_LT(before(), 20U);
}

TEST(Flow, RelaysOwnFramesOvertakeTheClients) {
    RelayRig rig;
    rig.boot({.ours = true});
    RelayRig::Client& bulky = rig.open_client();
    RelayRig::Client& leaving = rig.open_client();
    rig.guest().reads = false;
    for (int count = 0; count < 200; ++count)
        bulky.peer.send(make_frame(bulky.start, Message::fs_data, data_payload(60 * KiB)));
    rig.run_for(20);
    leaving.peer.close();
    rig.run_for(20);
    rig.guest().reads = true;
    const auto before = [&] {
        return frames_before(rig, [](const TestFrame& frame) {
            return frame.type == "core.relay.client.disconnected";
        });
    };
    ASSERT_TRUE(rig.until([&] { return before() < rig.guest_frames.size(); }));
    EXPECT_LT(before(), 20U);
}

TEST(Credit, IsReturnedAsTheClientTakesItsBytes) {
    RelayRig rig;
    rig.boot({.credit = true});
    RelayRig::Client& client = rig.open_client();
    std::size_t sent = 0;
    for (int count = 0; count < 10; ++count) {
        const Buffer frame = output_frame(client.start, 100 * KiB);
        rig.guest().send(frame);
        sent += frame.size();
    }
    ASSERT_TRUE(rig.until([&] { return client.peer.received.size() == sent; }));
    rig.run_for(5);
    std::size_t credited = 0;
    for (const TestFrame& frame : rig.guest_frames) {
        ASSERT_EQ(frame.type, "core.pronto.credit");
        wire::Credit credit;
        Buffer payload = frame.payload;
        ASSERT_TRUE(wire::decode(Bytes(payload), credit).ok());
        EXPECT_EQ(credit.id, client.start);
        credited += credit.bytes;
    }
    EXPECT_LE(sent - credited, relay::client_budget_default / 4);
}

TEST(Credit, DoesNotWaitForSomethingElseToHappen) {
    RelayRig rig;
    rig.boot({.credit = true});
    RelayRig::Client& client = rig.open_client();
    rig.run_for(5);
    const Buffer frame = output_frame(client.start, 30 * KiB);
    const Nanoseconds patience_ns = 2 * ns_per_s;
    const Nanoseconds before_ns = io::monotonic_ns();
    for (int count = 0; count < 9; ++count) {
        rig.guest().send(frame);
        rig.relay().turn(io::monotonic_ns() +
                         patience_ns);  // sends the last one on, receives this one
        client.peer.pump();
    }
    rig.relay().turn(io::monotonic_ns() +
                     patience_ns);  // by this send a quarter of the budget is due
    rig.relay().turn(io::monotonic_ns() + 10 * ns_per_ms);
    EXPECT_LT(io::monotonic_ns() - before_ns, patience_ns);
    rig.run_for(5);
    EXPECT_EQ(rig.guest_frames.size(), 1U);
}

TEST(Credit, KeepsAClientThatDoesNotReadForAsLongAsItLikes) {
    RelayRig rig({.stall_timeout_ns = 20 * ns_per_ms});
    rig.boot({.credit = true});
    RelayRig::Client& client = rig.open_client();
    client.peer.reads = false;
    const Buffer window = output_frame(client.start, relay::client_budget_default);
    rig.guest().send(window);
    rig.run_for(100);
    EXPECT_EQ(rig.count(Counter::clients_cut), 0U);
    client.peer.reads = true;
    EXPECT_TRUE(rig.until([&] { return client.peer.received.size() == window.size(); }));
}

class StdinCredit : public testing::Test {
  protected:
    void SetUp() override {
        rig.boot({.credit = true, .stdin_window_bytes = 100 * KiB});
        writer = &rig.open_client();
        other = &rig.open_client();
        writer->peer.send(make_frame(writer->start, Message::exec_request, exec_payload()));
        for (int count = 0; count < 10; ++count) {
            writer->peer.send(
                make_frame(writer->start, Message::exec_stdin, data_payload(40 * KiB)));
        }
        rig.run_for(20);
    }
    std::size_t stdin_frames() const {
        return static_cast<std::size_t>(
            std::count_if(rig.guest_frames.begin(), rig.guest_frames.end(),
                          [](const TestFrame& frame) { return frame.type == "core.exec.stdin"; }));
    }
    RelayRig rig{{.partial_frame_timeout_ns = 50 * ns_per_ms}};
    RelayRig::Client* writer = nullptr;
    RelayRig::Client* other = nullptr;
};

TEST_F(StdinCredit, BoundsWhatIsUnderWayAndOthersGoOn) {
    EXPECT_EQ(stdin_frames(), 2U);
    EXPECT_TRUE(rig.echo(*other));
    rig.guest().send(
        make_frame(0, Message::pronto_credit, encoded(wire::Credit{writer->start, 50 * KiB})));
    ASSERT_TRUE(rig.until([&] { return stdin_frames() == 3; }));
    EXPECT_EQ(rig.count(Counter::dropped_unaddressed), 0U);
    EXPECT_TRUE(writer->peer.received.empty());
}

// Its last frame may be there in part, but it is we who do not read the rest.
TEST_F(StdinCredit, KeepsAClientThatWaitsForItForAsLongAsItTakes) {
    rig.run_for(200);
    EXPECT_EQ(rig.count(Counter::clients_cut), 0U);
    EXPECT_FALSE(writer->peer.ended);
    EXPECT_EQ(stdin_frames(), 2U);
}

TEST_F(StdinCredit, IsNotWaitedForWhenTheSessionIsOver) {
    rig.guest().send(make_frame(writer->start, Message::exec_exited, encoded(wire::ExecExited{})));
    EXPECT_TRUE(rig.until([&] { return stdin_frames() == 10; }));
}

TEST_F(StdinCredit, OfAClientThatHangsUpIsNotWaitedFor) {
    writer->peer.close();
    const auto is_last = [](const TestFrame& frame) {
        return frame.type == "core.relay.client.disconnected";
    };
    ASSERT_TRUE(rig.until([&] { return frames_before(rig, is_last) < rig.guest_frames.size(); }));
    EXPECT_EQ(stdin_frames(), 2U);
}

TEST(Idle, RelayIsAsleep) {
    RelayRig rig;
    rig.boot();
    RelayRig::Client& client = rig.open_client();
    ASSERT_TRUE(rig.echo(client));
    rig.run_for(20);
    const std::uint64_t before = rig.relay().uring().enters();
    rig.relay().turn(io::monotonic_ns() + 50 * ns_per_ms);
    rig.relay().turn(io::monotonic_ns() + 50 * ns_per_ms);
    EXPECT_LE(rig.relay().uring().enters() - before, 2U);
}

TEST(Idle, RoundTripTakesTwoSystemCalls) {
    RelayRig rig;
    rig.boot();
    RelayRig::Client& client = rig.open_client();
    ASSERT_TRUE(rig.echo(client));
    rig.run_for(5);
    const Buffer ping = make_frame(client.start, Message::ping);
    const Buffer pong = make_frame(client.start, Message::pong);
    std::array<std::uint8_t, 256> bytes;
    // The state in which a relay sleeps: everything is armed, nothing is there.
    rig.relay().turn(io::monotonic_ns() + ns_per_ms);
    const std::uint64_t before = rig.relay().uring().enters();
    constexpr std::uint64_t rounds = 100;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        ASSERT_EQ(::send(client.peer.fd(), ping.data(), ping.size(), 0),
                  static_cast<ssize_t>(ping.size()));
        rig.relay().turn(io::monotonic_ns() + 100 * ns_per_ms);  // wakes with the ping
        // The pong is there before the next turn sends the ping on, so that no turn waits in vain.
        ASSERT_EQ(::send(rig.guest().fd(), pong.data(), pong.size(), 0),
                  static_cast<ssize_t>(pong.size()));
        rig.relay().turn(io::monotonic_ns() +
                         100 * ns_per_ms);  // sends the ping, wakes with the pong
        ASSERT_EQ(::recv(rig.guest().fd(), bytes.data(), bytes.size(), MSG_DONTWAIT),
                  static_cast<ssize_t>(ping.size()));
    }
    EXPECT_EQ(rig.relay().uring().enters() - before, 2 * rounds);
}

}  // namespace
}  // namespace pronto::test
