// SPDX-License-Identifier: Apache-2.0
// How the end of a program is told: every code, every signal, totals and times.
#include <signal.h>
#include <sys/resource.h>

#include <fstream>

#include <gtest/gtest.h>

#include "tests/agent/host.hpp"
#include "tests/agent/pattern.hpp"

namespace pronto::test {
namespace {

bool ends_a_program(int number) {
    switch (number) {
        case SIGCHLD:
        case SIGCONT:
        case SIGSTOP:
        case SIGTSTP:
        case SIGTTIN:
        case SIGTTOU:
        case SIGURG:
        case SIGWINCH: return false;
        // Between the named and the real-time signals; the C library's own.
        case 32:
        case 33: return false;
        default: return true;
    }
}

TEST(AgentExit, ReportsAllCodesExactly) {
    AgentProcess agent;
    Host host(agent);
    std::vector<std::uint32_t> ids;
    for (int code = 0; code < 256; ++code) {
        ids.push_back(host.start(shell("exit " + std::to_string(code))));
    }
    for (int code = 0; code < 256; ++code) {
        const Session& session = host.finish(ids[static_cast<std::size_t>(code)]);
        ASSERT_TRUE(session.exited.has_value());
        EXPECT_EQ(session.exited->code, code);
        EXPECT_EQ(session.exited->signal, 0);
    }
}

TEST(AgentExit, ReportsAllCodesExactlyOnTerminals) {
    AgentProcess agent;
    Host host(agent);
    for (int code = 0; code < 256; code += 5) {
        const Session& session = host.run(on_terminal(shell("exit " + std::to_string(code))));
        ASSERT_TRUE(session.exited.has_value());
        EXPECT_EQ(session.exited->code, code);
    }
}

TEST(AgentExit, TellsEveryFatalSignalByItsNumber) {
    AgentProcess agent;
    Host host(agent);
    for (const bool tty : {false, true}) {
        for (int number = 1; number <= 64; ++number) {
            if (!ends_a_program(number)) continue;
            Command command = shell("kill -" + std::to_string(number) + " $$");
            command.tty = tty;
            const Session& session = host.run(command);
            ASSERT_TRUE(session.exited.has_value()) << number;
            EXPECT_EQ(session.exited->code, -1) << number;
            EXPECT_EQ(session.exited->signal, number);
        }
    }
}

TEST(AgentExit, TellsWhetherACoreWasWritten) {
    std::string pattern;
    std::getline(std::ifstream("/proc/sys/kernel/core_pattern"), pattern);
    if (pattern.starts_with('|') || pattern.starts_with('/') || pattern.empty())
        GTEST_SKIP() << "cores go to \"" << pattern << "\" on this machine";
    rlimit limit{};
    getrlimit(RLIMIT_CORE, &limit);
    if (limit.rlim_max < MiB && !is_root()) GTEST_SKIP() << "no core may be written here";
    AgentProcess agent;
    Host host(agent);
    const ScratchDirectory scratch;
    Command command = shell("kill -SEGV $$");
    command.directory = scratch.path();
    command.limits = {{"core", 64 * MiB, 64 * MiB}};
    EXPECT_TRUE(host.run(command).exited->core_dumped);
    command.limits = {{"core", 0, 64 * MiB}};
    const Session& without = host.run(command);
    EXPECT_EQ(without.exited->signal, SIGSEGV);
    EXPECT_FALSE(without.exited->core_dumped);
}

TEST(AgentExit, TellsAKillByTheHostFromAnOutOfMemoryKill) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t id = host.start(shell("kill -KILL $$"));
    EXPECT_FALSE(host.finish(id).exited->oom_killed);
}

TEST(AgentExit, CarriesTheTotalsOfWhatArrived) {
    AgentProcess agent;
    Host host(agent);
    const Session& session = host.run({.argv = program("pattern", {"1", "100000", "50000", "3"})});
    ASSERT_TRUE(session.exited.has_value());
    EXPECT_EQ(session.exited->code, 3);
    EXPECT_EQ(session.exited->stdout_bytes, 100'000U);
    EXPECT_EQ(session.exited->stderr_bytes, 50'000U);
    EXPECT_TRUE(session.complete());
    EXPECT_GT(session.exited->max_rss_bytes, 64 * KiB);
    EXPECT_FALSE(session.exited->output_open);
}

TEST(AgentExit, OrdersTheTimesOfItsStages) {
    AgentProcess agent;
    Host host(agent);
    const Session& talks = host.run(shell("echo hello; exit 0"));
    const wire::ExecExited& verdict = talks.exited.value();
    EXPECT_GT(verdict.received_ns, host.ready().ready_time_ns);
    EXPECT_GT(verdict.spawned_ns, verdict.received_ns);
    EXPECT_GT(verdict.first_byte_ns, verdict.spawned_ns);
    EXPECT_GT(verdict.exited_ns, verdict.spawned_ns);
    const Session& silent = host.run({.argv = {"/bin/true"}});
    EXPECT_EQ(silent.exited->first_byte_ns, 0U);
}

TEST(AgentExit, CountsProcessorTime) {
    AgentProcess agent;
    Host host(agent);
    const Session& session = host.run(shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"));
    EXPECT_GT(session.exited->user_ns, 1 * ns_per_ms);
}

TEST(AgentExit, ReportsEachOfManyFastExits) {
    AgentProcess agent;
    Host host(agent);
    std::vector<std::uint32_t> ids;
    for (int index = 0; index < 200; ++index) {
        Command command = shell("exit " + std::to_string(index % 251));
        command.tty = index % 7 == 0;
        ids.push_back(host.start(command));
    }
    for (std::size_t index = 0; index < ids.size(); ++index) {
        EXPECT_EQ(host.finish(ids[index]).exited->code, static_cast<int>(index % 251));
    }
}

}  // namespace
}  // namespace pronto::test
