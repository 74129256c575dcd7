// SPDX-License-Identifier: Apache-2.0
// Random mixes of sessions against an agent whose system calls fail at random. Every session ends
// once, with the right code and every byte. A failing run is repeated by the seed it prints:
// PRONTO_SIMULATION_SEED.
#include <signal.h>
#include <stdlib.h>

#include <iostream>

#include <gtest/gtest.h>

#include "tests/agent/host.hpp"
#include "tests/agent/pattern.hpp"

namespace pronto::test {
namespace {

enum class Kind : std::uint8_t {
    pattern,
    echo,
    exit_code,
    killed,
    terminal,
    missing,
    deaf,
    count_
};

struct Expected {
    Kind kind = Kind::exit_code;
    std::uint64_t seed = 0;
    std::size_t output_bytes = 0;
    std::size_t errors_bytes = 0;
    int code = 0;
    std::size_t sent_bytes = 0;
    bool killed = false;
};

class Simulation {
  public:
    Simulation(std::uint64_t seed, Host& host) : random_(seed), host_(host) {}

    /// Starts `count` sessions, a few at a time, and checks each.
    void run(int count) {
        std::map<std::uint32_t, Expected> live;
        int started = 0;
        while (started < count || !live.empty()) {
            while (started < count && live.size() < 1 + next(24)) {
                const auto [id, expected] = start();
                live[id] = expected;
                ++started;
            }
            if (!host_.wait_for([&] { return step(live); }, "progress of any session")) return;
        }
    }

  private:
    std::uint64_t next(std::uint64_t below) { return next_random(random_) % below; }

    std::pair<std::uint32_t, Expected> start() {
        Expected expected;
        expected.kind = static_cast<Kind>(next(static_cast<std::uint64_t>(Kind::count_)));
        expected.seed = next_random(random_);
        expected.code = static_cast<int>(next(256));
        const std::string code = std::to_string(expected.code);
        Command command = shell("exit " + code);
        switch (expected.kind) {
            case Kind::pattern:
                expected.output_bytes = next(next(4) == 0 ? 600'000 : 3'000);
                expected.errors_bytes = next(next(4) == 0 ? 300'000 : 3'000);
                command.argv = program("pattern", {std::to_string(expected.seed),
                                                   std::to_string(expected.output_bytes),
                                                   std::to_string(expected.errors_bytes), code});
                break;
            case Kind::echo:
                expected.output_bytes = next(200'000);
                command = shell("cat; exit " + code);
                break;
            case Kind::terminal:
                command = on_terminal(shell("stty -opost; echo " + code + "; exit " + code));
                break;
            case Kind::missing: command.argv = {"/no/such/program"}; break;
            case Kind::deaf:
            case Kind::killed: command.argv = {"/bin/sleep", "1000"}; break;
            case Kind::exit_code:
            case Kind::count_: break;
        }
        const std::uint32_t id = host_.start(command);
        if (expected.kind == Kind::deaf) host_.send_input(id, std::string(next(500'000), 'x'));
        if (expected.kind == Kind::echo) feed(id, expected);
        return {id, expected};
    }

    /// All at once, in pieces of any length; it fits the session's queue.
    void feed(std::uint32_t id, const Expected& expected) {
        const std::string data = Pattern(expected.seed).take(expected.output_bytes);
        for (std::size_t at = 0; at < data.size();) {
            const std::size_t piece = std::min<std::size_t>(1 + next(70'000), data.size() - at);
            host_.send_input(id, std::string_view(data).substr(at, piece));
            at += piece;
        }
        host_.end_input(id);
    }

    /// True when a session has ended; checks and forgets it.
    bool step(std::map<std::uint32_t, Expected>& live) {
        for (auto& [id, expected] : live) {
            Session& session = host_.session(id);
            const bool to_kill = expected.kind == Kind::killed || expected.kind == Kind::deaf;
            if (to_kill && session.pid != 0 && !expected.killed) {
                expected.killed = true;
                host_.signal(id, SIGKILL);
            }
            if (!session.ended()) continue;
            check(session, expected);
            session.output = {};
            session.errors = {};
            live.erase(id);
            return true;
        }
        return false;
    }

    static void check(const Session& session, const Expected& expected) {
        EXPECT_EQ(session.ends, 1U);
        EXPECT_TRUE(session.refusals.empty());
        if (expected.kind == Kind::missing) {
            ASSERT_TRUE(session.failed.has_value());
            EXPECT_EQ(session.failed->errno_name, "ENOENT");
            return;
        }
        ASSERT_TRUE(session.exited.has_value())
            << static_cast<int>(expected.kind) << session.failed.value_or(Failure{}).message;
        EXPECT_TRUE(session.complete());
        if (expected.killed) {
            EXPECT_EQ(session.exited->signal, SIGKILL);
            return;
        }
        EXPECT_EQ(session.exited->code, expected.code) << static_cast<int>(expected.kind);
        EXPECT_TRUE(session.input_errors.empty());
        if (expected.kind == Kind::terminal) {
            EXPECT_EQ(session.output, std::to_string(expected.code) + "\n");
            return;
        }
        EXPECT_TRUE(session.output == Pattern(expected.seed).take(expected.output_bytes));
        EXPECT_TRUE(session.errors == Pattern(expected.seed + 1).take(expected.errors_bytes));
    }

    std::uint64_t random_;
    Host& host_;
};

void simulate(std::uint64_t seed, int count) {
    SCOPED_TRACE("PRONTO_SIMULATION_SEED=" + std::to_string(seed));
    const std::uint64_t rarity = 3 + seed % 40;
    AgentProcess agent(
        {.environment = {"PRONTO_FAULTS=" + std::to_string(seed) + ":" + std::to_string(rarity)}});
    const std::uint32_t window_bytes = seed % 2 == 0 ? 0 : 256 * 1024;
    Host host(agent, {.window_bytes = window_bytes});
    Simulation(seed, host).run(count);
}

TEST(AgentSimulation, EveryRandomSessionEndsOnceAndWhole) {
    constexpr int sessions = sanitized ? 60 : 250;
    if (const char* wanted = getenv("PRONTO_SIMULATION_SEED"); wanted != nullptr)
        return simulate(strtoull(wanted, nullptr, 10), sessions);
    const auto first = static_cast<std::uint64_t>(time(nullptr)) % 1'000'000;
    constexpr std::uint64_t seeds = sanitized ? 3 : 5;
    std::cout << "seeds " << first << " to " << first + seeds - 1 << "\n";
    for (std::uint64_t seed = first; seed < first + seeds; ++seed)
        simulate(seed, sessions);
}

TEST(AgentSimulation, TheSameSeedsAsEverPass) {
    for (const std::uint64_t seed : {1U, 2U, 3U, 40U})
        simulate(seed, sanitized ? 30 : 100);
}

TEST(AgentFaults, DoNotChangeWhatBulkArrives) {
    for (const char* faults : {"11:2", "12:3", "13:50"}) {
        SCOPED_TRACE(faults);
        AgentProcess agent({.environment = {std::string("PRONTO_FAULTS=") + faults}});
        Host host(agent);
        const Session& session =
            host.run({.argv = program("pattern", {"5", "2000000", "1000000", "9"})});
        EXPECT_EQ(session.exited->code, 9);
        EXPECT_TRUE(session.output == Pattern(5).take(2'000'000));
        EXPECT_TRUE(session.errors == Pattern(6).take(1'000'000));
        const std::uint32_t id = host.start({.argv = {"/bin/cat"}});
        host.send_input(id, Pattern(8).take(900'000));
        host.end_input(id);
        EXPECT_TRUE(host.finish(id).output == Pattern(8).take(900'000));
    }
}

}  // namespace
}  // namespace pronto::test
