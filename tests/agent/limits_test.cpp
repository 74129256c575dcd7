// SPDX-License-Identifier: Apache-2.0
// Every limit at its value and one above.
#include "core/limits.hpp"

#include <signal.h>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "tests/agent/host.hpp"

namespace pronto::test {
namespace {

TEST(AgentLimits, HoldsAsManySessionsAsStatedAndRefusesOneMoreByName) {
    rlimit descriptors{};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    if (descriptors.rlim_max < limits::agent_descriptors && !is_root())
        GTEST_SKIP() << "the limit of open files is too low and may not be raised";
    AgentProcess agent;
    Host host(agent);
    std::vector<std::uint32_t> ids;
    for (std::uint32_t index = 0; index < limits::sessions_max; ++index)
        ids.push_back(host.start({.argv = {"/bin/sleep", "1000"}}));
    for (const std::uint32_t id : ids) {
        host.wait_for([&] { return host.session(id).starts + host.session(id).ends == 1; },
                      "start");
        ASSERT_EQ(host.session(id).starts, 1U)
            << id << ": " << host.session(id).failed.value_or(Failure{}).message;
    }
    const Session& beyond = host.run({.argv = {"/bin/true"}});
    ASSERT_TRUE(beyond.failed.has_value());
    EXPECT_EQ(beyond.failed->kind, "resource_limit");
    EXPECT_EQ(beyond.failed->stage, "prepare");
    host.round_trip();
    host.signal(ids[100], SIGKILL);
    host.finish(ids[100]);
    EXPECT_EQ(host.run({.argv = {"/bin/echo", "again"}}).output, "again\n");
    // All of them ending at once loses no verdict.
    for (const std::uint32_t id : ids)
        if (id != ids[100]) host.signal(id, SIGTERM);
    for (const std::uint32_t id : ids)
        EXPECT_TRUE(host.finish(id).exited.has_value());
}

TEST(AgentLimits, HoldsAsManyTerminalsAsSessions) {
    AgentProcess agent;
    Host host(agent);
    const int count = sanitized ? 128 : static_cast<int>(limits::sessions_max);
    std::vector<std::uint32_t> ids;
    for (int index = 0; index < count; ++index)
        ids.push_back(host.start(on_terminal({.argv = {"/bin/sleep", "1000"}})));
    for (const std::uint32_t id : ids) {
        host.wait_for([&] { return host.session(id).starts + host.session(id).ends == 1; },
                      "start");
        ASSERT_EQ(host.session(id).starts, 1U)
            << id << ": " << host.session(id).failed.value_or(Failure{}).message;
    }
    EXPECT_EQ(host.session(ids[0]).ends, 0U);
    for (const std::uint32_t id : ids)
        host.signal(id, SIGKILL);
    for (const std::uint32_t id : ids)
        EXPECT_EQ(host.finish(id).exited->signal, SIGKILL);
}

TEST(AgentLimits, OfResourcesAreAppliedByEveryName) {
    AgentProcess agent;
    Host host(agent);
    struct Row {
        const char* name;
        const char* line;
        std::uint64_t value;
    };
    const Row rows[] = {
        {"as", "Max address space", 1ULL << 36},
        {"core", "Max core file size", 4096},
        {"cpu", "Max cpu time", 1000},
        {"data", "Max data size", 1ULL << 35},
        {"fsize", "Max file size", 1ULL << 30},
        {"locks", "Max file locks", 17},
        {"memlock", "Max locked memory", 65536},
        {"msgqueue", "Max msgqueue size", 1000},
        {"nice", "Max nice priority", 0},
        {"nofile", "Max open files", 64},
        {"nproc", "Max processes", 500},
        {"rss", "Max resident set", 1ULL << 34},
        {"rtprio", "Max realtime priority", 0},
        {"rttime", "Max realtime timeout", 100000},
        {"sigpending", "Max pending signals", 100},
        {"stack", "Max stack size", 1ULL << 20},
    };
    Command command{.argv = {"/bin/cat", "/proc/self/limits"}};
    for (const Row& row : rows)
        command.limits.push_back({row.name, row.value, row.value});
    const Session& session = host.run(command);
    ASSERT_TRUE(session.exited.has_value()) << session.failed.value_or(Failure{}).message;
    for (const Row& row : rows) {
        const std::size_t at = session.output.find(row.line);
        ASSERT_NE(at, std::string::npos) << row.line;
        const std::string rest = session.output.substr(at + std::string(row.line).size(), 50);
        const std::string value = std::to_string(row.value);
        EXPECT_EQ(rest.substr(rest.find_first_not_of(' '), value.size()), value) << row.name;
    }
}

TEST(AgentLimits, MoreNamesThanThereAreIsRefused) {
    AgentProcess agent;
    Host host(agent);
    Command command{.argv = {"/bin/true"}};
    for (int index = 0; index < 17; ++index)
        command.limits.push_back({"nofile", 10, 10});
    const Session& session = host.run(command);
    ASSERT_TRUE(session.failed.has_value());
    EXPECT_EQ(session.failed->kind, "bad_args");
}

}  // namespace
}  // namespace pronto::test
