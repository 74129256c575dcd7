// SPDX-License-Identifier: Apache-2.0
// Bytes under pressure: hosts that do not read, floods, bulk both ways. Memory stays bounded, what
// matters overtakes, and nothing is lost.
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "io/clock.hpp"
#include "tests/agent/host.hpp"
#include "tests/agent/pattern.hpp"

namespace pronto::test {
namespace {

#ifdef __SANITIZE_THREAD__
constexpr std::uint64_t bulk_bytes = 64 * MiB;
#else
constexpr std::uint64_t bulk_bytes = (sanitized ? 256 : 1024) * MiB;
#endif

void shrink_buffers(int fd) {
    const int bytes = 64 * 1024;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

TEST(AgentFlow, SurvivesAHostThatFloodsRequestsAndReadsNothing) {
    AgentProcess agent;
    Host host(agent);
    shrink_buffers(host.fd());
    // Both directions fill up: its answers, then our requests.
    const std::uint32_t flood = host.start({.argv = {"/usr/bin/yes"}});
    constexpr std::uint32_t first = 1000;
    std::uint32_t count = 0;
    while (host.unsent() == 0 && count < 1'000'000) {
        std::string pings;
        for (int more = 0; more < 10'000; ++more)
            pings += host.empty_frame(wire::Message::ping, first + count++);
        host.send_bytes(pings);
        host.push(200);
    }
    ASSERT_GT(host.unsent(), 0U) << "the agent must stop taking requests";
    // Now it reads again.
    host.session(flood).on_output = [](ByteView) {};
    std::uint32_t answered = 0;
    host.wait_for(
        [&] {
            while (answered < count && host.session(first + answered).pongs == 1)
                ++answered;
            return answered == count;
        },
        "every pong");
    host.signal(flood, SIGKILL);
    EXPECT_TRUE(host.finish(flood).complete());
}

TEST(AgentFlow, AnswersAheadOfBulkThatIsQueued) {
    AgentProcess agent;
    Host host(agent);
    shrink_buffers(host.fd());
    const std::uint32_t flood = host.start({.argv = {"/usr/bin/yes"}});
    host.session(flood).on_output = [](ByteView) {};
    host.wait_for([&] { return host.session(flood).output_bytes > MiB; }, "a flood");
    for (int repeat = 0; repeat < 20; ++repeat) {
        // The reader pauses, so that everything the agent may hold is full.
        poll(nullptr, 0, 10);
        const std::uint64_t before = host.bytes();
        host.round_trip();
        // What was already given to the socket comes first: its buffer, 2 MiB, and one write. The
        // agent's slots, as much again, do not.
        EXPECT_LT(host.bytes() - before, 3 * MiB);
    }
    host.signal(flood, SIGKILL);
    host.finish(flood);
}

TEST(AgentFlow, LetsAQuietSessionPassAFlood) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t flood = host.start({.argv = {"/usr/bin/yes"}});
    host.session(flood).on_output = [](ByteView) {};
    host.wait_for([&] { return host.session(flood).output_bytes > MiB; }, "a flood");
    for (int repeat = 0; repeat < 20; ++repeat) {
        const std::uint64_t before = host.session(flood).output_bytes;
        EXPECT_EQ(host.run(shell("echo hello; exit 3")).exited->code, 3);
        // Not behind the flood's next gigabyte: bounded by what runs past while a shell runs.
        EXPECT_LT(host.session(flood).output_bytes - before, 1024 * MiB);
    }
    host.signal(flood, SIGKILL);
    EXPECT_TRUE(host.finish(flood).complete());
}

TEST(AgentFlow, SharesTheLineBetweenFloods) {
    AgentProcess agent;
    Host host(agent);
    std::vector<std::uint32_t> floods;
    for (int index = 0; index < 4; ++index) {
        floods.push_back(host.start({.argv = {"/usr/bin/yes"}}));
        host.session(floods.back()).on_output = [](ByteView) {};
    }
    const auto bytes_of = [&](std::size_t index) {
        return host.session(floods[index]).output_bytes;
    };
    const auto all_above = [&](const std::vector<std::uint64_t>& begin, std::uint64_t bytes) {
        for (std::size_t index = 0; index < floods.size(); ++index)
            if (bytes_of(index) - begin[index] <= bytes) return false;
        return true;
    };
    // From when the last one has come into the way of the others.
    std::vector<std::uint64_t> begin(floods.size());
    host.wait_for([&] { return all_above(begin, MiB); }, "a start");
    for (std::size_t index = 0; index < floods.size(); ++index)
        begin[index] = bytes_of(index);
    host.wait_for([&] { return all_above(begin, 8 * MiB); }, "a share for everybody");
    // The machine decides who writes; the agent may starve nobody.
    for (std::size_t index = 0; index < floods.size(); ++index)
        EXPECT_LT(bytes_of(index) - begin[index], 512 * MiB);
    for (const std::uint32_t id : floods)
        host.signal(id, SIGKILL);
    for (const std::uint32_t id : floods)
        EXPECT_TRUE(host.finish(id).complete());
}

TEST(AgentFlow, StaysSmallWhileItsHostStallsAndLosesNothing) {
    AgentProcess agent;
    Host host(agent);
    constexpr std::size_t bytes = 16 * MiB;
    std::vector<std::uint32_t> ids;
    for (std::uint64_t seed = 20; seed < 24; ++seed) {
        ids.push_back(host.start(
            {.argv = program("pattern", {std::to_string(seed), std::to_string(bytes), "0", "0"})}));
    }
    std::uint64_t resident_max = 0;
    const Nanoseconds until = io::monotonic_ns() + 700 * ns_per_ms;
    while (io::monotonic_ns() < until) {
        resident_max = std::max(resident_max, agent.resident_bytes());
        poll(nullptr, 0, 10);
    }
    std::vector<Pattern> expected;
    for (std::uint64_t seed = 20; seed < 24; ++seed)
        expected.emplace_back(seed);
    bool same = true;
    for (std::size_t index = 0; index < ids.size(); ++index) {
        Session& session = host.session(ids[index]);
        session.on_output = [&, index](ByteView data) { same &= expected[index].matches(data); };
    }
    for (const std::uint32_t id : ids) {
        EXPECT_TRUE(host.finish(id).complete());
        EXPECT_EQ(host.session(id).output_bytes, bytes);
    }
    EXPECT_TRUE(same);
    // The shared C library's pages are in this number, as they are not in the guest's binary, whose
    // own bound is checked where it is measured idle. A sanitizer's memory is too large to say
    // anything.
    EXPECT_TRUE(sanitized || resident_max <= 7 * MiB) << resident_max;
    RecordProperty("resident_kib", static_cast<int>(resident_max / KiB));
}

/// Sends and checks `total` bytes through `cat`; `may_send` says when more may go.
void echo(Host& host, std::uint64_t total,
          const std::function<bool(const Session&, std::uint64_t sent_wire)>& may_send) {
    const std::uint32_t id = host.start({.argv = {"/bin/cat"}});
    Pattern to_send(77);
    Pattern expected(77);
    Session& session = host.session(id);
    bool same = true;
    session.on_output = [&](ByteView data) { same = same && expected.matches(data); };
    std::uint64_t sent_wire = 0;
    const Nanoseconds deadline_ns = io::monotonic_ns() + 2 * patience_ns;
    while (expected.position() < total && same && io::monotonic_ns() < deadline_ns) {
        while (to_send.position() < total && host.unsent() < MiB && may_send(session, sent_wire)) {
            const std::string frame = host.data_frame(
                id, to_send.take(std::min<std::uint64_t>(64 * KiB, total - to_send.position())));
            sent_wire += frame.size();
            host.send_bytes(frame);
        }
        host.move(100);
        ASSERT_FALSE(host.closed());
    }
    EXPECT_TRUE(same);
    host.end_input(id);
    EXPECT_TRUE(host.finish(id).complete());
    EXPECT_EQ(session.output_bytes, total);
    EXPECT_TRUE(session.input_errors.empty());
}

TEST(AgentFlow, EchoesBulkByCredit) {
    AgentProcess agent;
    Host host(agent, {.window_bytes = 2 * MiB});
    const std::uint32_t window = host.ready().stdin_window_bytes;
    ASSERT_GT(window, 128 * KiB);
    echo(host, bulk_bytes, [&](const Session& session, std::uint64_t sent_wire) {
        return sent_wire - session.credit + 65 * KiB < window;
    });
}

TEST(AgentFlow, EchoesBulkOfAHostWithoutCredit) {
    AgentProcess agent;
    Host host(agent);
    std::uint64_t payload_sent = 0;
    echo(host, bulk_bytes / 4, [&](const Session& session, std::uint64_t) {
        if (payload_sent - session.output_bytes > 512 * KiB) return false;
        payload_sent += 64 * KiB;
        return true;
    });
}

TEST(AgentFlow, StopsAProgramAtItsClientsWindow) {
    AgentProcess agent;
    constexpr std::uint32_t window = 256 * KiB;
    Host host(agent.take_port(), {.greet = false});
    // The window is announced by hand, and no credit given by the host's own accounting.
    host.wait_for([&] { return host.frames() > 0; }, "init.resolved");
    host.send(wire::Message::init_ack, 0, wire::InitAck{window});
    host.wait_for([&] { return host.ready_count() == 1; }, "ready");
    const std::uint32_t flood = host.start({.argv = {"/usr/bin/yes"}});
    host.session(flood).on_output = [](ByteView) {};
    host.wait_for([&] { return host.session(flood).output_bytes >= window - 64 * KiB; },
                  "a window");
    host.round_trip();
    host.move(50);
    host.round_trip();
    const std::uint64_t stopped_at = host.session(flood).output_bytes;
    EXPECT_LE(stopped_at, window + 64 * KiB);
    // Another client's programs have a window of their own.
    host.start_as(0x0200'0000, {.argv = {"/bin/echo", "other"}});
    EXPECT_EQ(host.finish(0x0200'0000).output, "other\n");
    host.credit(2 * window);
    host.wait_for([&] { return host.session(flood).output_bytes >= stopped_at + window; }, "more");
    // What comes from here on is credited as it comes, what is left in the pipe at the end like
    // everything before it.
    std::uint64_t credited = host.bytes();
    host.credit(2 * window);
    host.signal(flood, SIGKILL);
    host.wait_for(
        [&] {
            if (host.bytes() > credited)
                host.credit(static_cast<std::uint32_t>(host.bytes() - credited));
            credited = host.bytes();
            return host.session(flood).ended();
        },
        "the end");
    EXPECT_TRUE(host.session(flood).complete());
}

TEST(AgentFlow, KeepsABatchOfRequestsInOneWriteApart) {
    AgentProcess agent;
    Host host(agent);
    std::string batch;
    std::vector<std::uint32_t> ids;
    for (int index = 0; index < 64; ++index) {
        ids.push_back(host.fresh_id());
        batch += host.request_frame(ids.back(), shell("cat; exit " + std::to_string(index)));
        batch += host.data_frame(ids.back(), Pattern(ids.back()).take(10'000));
        batch += host.data_frame(ids.back(), {});
    }
    host.send_bytes(batch);
    for (std::size_t index = 0; index < ids.size(); ++index) {
        const Session& session = host.finish(ids[index]);
        EXPECT_EQ(session.exited->code, static_cast<int>(index));
        EXPECT_TRUE(session.output == Pattern(ids[index]).take(10'000));
    }
}

}  // namespace
}  // namespace pronto::test
