// SPDX-License-Identifier: Apache-2.0
// A program that cannot be started: which step failed and why, the same with pipes and terminals,
// and the next one starts as if nothing had been.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

#include "io/clock.hpp"
#include "tests/agent/host.hpp"

namespace pronto::test {
namespace {

struct Case {
    const char* name;
    Command command;
    std::string kind, stage, errno_name;
    bool needs_root = false;
};

void write_script(const std::string& path, const std::string& content, mode_t mode) {
    std::ofstream(path) << content;
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
}

Command with(Command command, std::string directory, std::string user = {}) {
    command.directory = std::move(directory);
    command.user = std::move(user);
    return command;
}

Command with_limit(Command command, std::string_view name, std::uint64_t soft, std::uint64_t hard) {
    command.limits = {{name, soft, hard}};
    return command;
}

Command with_variable(Command command, std::string entry) {
    command.environment = {std::move(entry)};
    return command;
}

const std::string nul(1, '\0');

std::vector<Case> cases_in(const std::string& dir) {
    const Command ok{.argv = {"/bin/true"}};
    const auto run = [](std::string path) { return Command{.argv = {std::move(path)}}; };
    return {
        {"missing", run("/no/such/program"), "not_found", "execve", "ENOENT"},
        {"missing on the path", run("no-such-program"), "not_found", "execve", "ENOENT"},
        {"empty", run(""), "bad_args", "prepare", "ENOENT"},
        {"not executable", run(dir + "/plain"), "permission_denied", "execve", "EACCES"},
        {"directory", run(dir), "permission_denied", "execve", "EACCES"},
        {"missing interpreter", run(dir + "/lost"), "not_found", "execve", "ENOENT"},
        {"no format", run(dir + "/noise"), "not_executable", "execve", "ENOEXEC"},
        {"through a file", run(dir + "/plain/x"), "not_found", "execve", "ENOTDIR"},
        {"being written", run(dir + "/busy"), "not_executable", "execve", "ETXTBSY"},
        {"loop of links", run(dir + "/loop"), "bad_args", "execve", "ELOOP"},
        {"name too long", run("/" + std::string(300, 'n')), "bad_args", "execve", "ENAMETOOLONG"},
        {"argument too long",
         {.argv = {"/bin/true", std::string(200'000, 'a')}},
         "bad_args",
         "execve",
         "E2BIG"},
        {"NUL in the command", run("/bin/tr" + nul + "ue"), "bad_args", "prepare", "EINVAL"},
        {"NUL in an argument",
         {.argv = {"/bin/true", "a" + nul + "b"}},
         "bad_args",
         "prepare",
         "EINVAL"},
        {"NUL in the environment", with_variable(ok, "A=b" + nul), "bad_args", "prepare", "EINVAL"},
        {"NUL in the directory", with(ok, "/t" + nul + "mp"), "bad_cwd", "prepare", "EINVAL"},
        {"missing directory", with(ok, dir + "/absent"), "bad_cwd", "chdir", "ENOENT"},
        {"directory that is a file", with(ok, dir + "/plain"), "bad_cwd", "chdir", "ENOTDIR"},
        {"unknown user", with(ok, "", "no-such-user"), "user_setup_failed", "user lookup", ""},
        {"unknown group", with(ok, "", "root:no-such-group"), "user_setup_failed", "user lookup",
         ""},
        {"empty user", with(ok, "", ":root"), "user_setup_failed", "user lookup", ""},
        {"empty group", with(ok, "", "root:"), "user_setup_failed", "user lookup", ""},
        {"reserved user", with(ok, "", "4294967295"), "user_setup_failed", "user lookup", ""},
        {"unknown limit", with_limit(ok, "colour", 1, 1), "bad_args", "setrlimit", "EINVAL"},
        {"soft above hard", with_limit(ok, "nofile", 20, 10), "bad_args", "setrlimit", "EINVAL"},
        {"limit above what is allowed",
         with_limit(with(ok, "", "65534"), "nofile", 1U << 19, 1U << 19), "resource_limit",
         "setrlimit", "EPERM", true},
    };
}

class AgentSpawnFailure : public testing::TestWithParam<bool> {};

TEST_P(AgentSpawnFailure, NamesStepAndReason) {
    const ScratchDirectory scratch;
    const std::string& dir = scratch.path();
    ASSERT_EQ(chmod(dir.c_str(), 0755), 0);
    write_script(dir + "/plain", "echo\n", 0644);
    write_script(dir + "/lost", "#!/no/such/interpreter\n", 0755);
    write_script(dir + "/noise", std::string(64, '\x01'), 0755);
    write_script(dir + "/busy", "#!/bin/sh\n", 0755);
    ASSERT_EQ(symlink("loop", (dir + "/loop").c_str()), 0);
    const io::OwnedFd writer(open((dir + "/busy").c_str(), O_WRONLY | O_CLOEXEC));
    AgentProcess agent;
    Host host(agent);
    for (Case& each : cases_in(dir)) {
        if (each.needs_root && !is_root()) continue;
        each.command.tty = GetParam();
        const Session& session = host.run(each.command);
        ASSERT_TRUE(session.failed.has_value()) << each.name;
        EXPECT_EQ(session.starts, 0U) << each.name;
        EXPECT_EQ(session.failed->kind, each.kind) << each.name << ": " << session.failed->message;
        EXPECT_EQ(session.failed->stage, each.stage) << each.name;
        EXPECT_EQ(session.failed->errno_name, each.errno_name) << each.name;
        EXPECT_FALSE(session.failed->message.empty()) << each.name;
        const Session& next = host.run({.argv = {"/bin/echo", "well"}, .tty = GetParam()});
        EXPECT_EQ(next.output, GetParam() ? "well\r\n" : "well\n") << "after " << each.name;
    }
}

INSTANTIATE_TEST_SUITE_P(BothModes, AgentSpawnFailure, testing::Bool(),
                         [](const auto& mode) { return mode.param ? "Terminal" : "Pipes"; });

TEST(AgentSpawn, PassesOverWhatIsMissingOnThePath) {
    const ScratchDirectory scratch;
    write_script(scratch.path() + "/tool", "#!/bin/sh\necho found\n", 0755);
    AgentProcess agent;
    Host host(agent);
    Command command{.argv = {"tool"}};
    command.environment = {"PATH=/no/such/dir:" + scratch.path()};
    EXPECT_EQ(host.run(command).output, "found\n");
}

TEST(AgentSpawn, RemembersThatAFileOnThePathMayNotRun) {
    const ScratchDirectory scratch;
    write_script(scratch.path() + "/tool", "#!/bin/sh\n", 0644);
    AgentProcess agent;
    Host host(agent);
    Command command{.argv = {"tool"}};
    command.environment = {"PATH=" + scratch.path() + ":/no/such/dir"};
    const Session& session = host.run(command);
    ASSERT_TRUE(session.failed.has_value());
    EXPECT_EQ(session.failed->kind, "permission_denied");
    EXPECT_EQ(session.failed->errno_name, "EACCES");
}

TEST(AgentSpawn, LeavesNoZombieOfAFailure) {
    AgentProcess agent;
    Host host(agent);
    for (int repeat = 0; repeat < 50; ++repeat)
        ASSERT_TRUE(host.run({.argv = {"/no/such/program"}}).failed.has_value());
    // The answer comes first; the child ends behind it, when the machine lets it.
    const std::string pid = std::to_string(agent.pid());
    std::string left = "?";
    const Nanoseconds deadline_ns = io::monotonic_ns() + patience_ns;
    while (!left.empty() && io::monotonic_ns() < deadline_ns) {
        poll(nullptr, 0, 1);
        left.clear();
        std::getline(std::ifstream("/proc/" + pid + "/task/" + pid + "/children"), left);
    }
    EXPECT_TRUE(left.empty()) << left;
}

TEST(AgentSpawn, HasAsManyArgumentsAsTheKernelTakes) {
    AgentProcess agent;
    Host host(agent);
    Command command{.argv = {"/bin/sh", "-c", "echo $#", "sh"}};
    for (int index = 0; index < 20'000; ++index)
        command.argv.push_back(std::to_string(index));
    EXPECT_EQ(host.run(command).output, "20000\n");
}

}  // namespace
}  // namespace pronto::test
