// SPDX-License-Identifier: Apache-2.0
// The agent as PID 1 of its own namespaces: what it sets up, that it reaps what nobody waits for,
// and how it goes down.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include <sstream>

#include <gtest/gtest.h>

#include "core/limits.hpp"
#include "io/clock.hpp"
#include "tests/agent/host.hpp"
#include "tests/agent/pattern.hpp"

namespace pronto::test {
namespace {

class AgentInit : public testing::Test {
  protected:
    void SetUp() override {
        if (!is_root()) GTEST_SKIP() << "needs root to make namespaces";
        agent_ = std::make_unique<AgentProcess>(AgentOptions{.isolated = true});
        host_ = std::make_unique<Host>(*agent_);
    }
    void TearDown() override { host_.reset(); }

    std::string output_of(const std::string& script) { return host_->run(shell(script)).output; }

    std::unique_ptr<AgentProcess> agent_;
    std::unique_ptr<Host> host_;
};

TEST_F(AgentInit, IsTheFirstProcess) { EXPECT_EQ(output_of("cat /proc/1/comm"), "pronto-agent\n"); }

TEST_F(AgentInit, LinksTheStandardDevices) {
    EXPECT_EQ(output_of("for n in fd stdin stdout stderr ptmx; do readlink /dev/$n; done"),
              "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\n");
    EXPECT_EQ(output_of("echo through >/dev/stdout"), "through\n");
}

TEST_F(AgentInit, MountsTerminalsForEveryUser) {
    const std::string line = output_of("grep ' /dev/pts ' /proc/mounts");
    for (const char* part : {"devpts", "gid=5", "mode=620", "ptmxmode=666", "nosuid", "noexec"})
        EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
    EXPECT_EQ(host_->run(on_terminal(shell("stat -c '%a %g' $(tty)"))).output, "620 5\r\n");
}

TEST_F(AgentInit, MountsMemoryWhereProgramsExpectIt) {
    EXPECT_EQ(output_of("stat -f -c %T /dev/shm /run /proc /sys"), "tmpfs\ntmpfs\nproc\nsysfs\n");
    EXPECT_EQ(output_of("stat -c %a /dev/shm /run /run/lock"), "1777\n755\n1777\n");
    EXPECT_EQ(output_of("umask"), "0022\n");
}

TEST_F(AgentInit, BringsLoopbackUp) {
    EXPECT_EQ(output_of("cat /sys/class/net/lo/flags"), "0x9\n");
    EXPECT_NE(output_of("cat /proc/net/fib_trie").find("127.0.0.1"), std::string::npos);
}

TEST_F(AgentInit, LeavesDevicesAloneThatWereThere) {
    // Private ones, not the machine's: those would show its disks.
    EXPECT_EQ(output_of("stat -f -c %T /dev; ls /dev | wc -l"), "tmpfs\n11\n");
}

TEST_F(AgentInit, StampsTheStagesOfBootInOrder) {
    const auto& stages = host_->ready().stages_ns;
    for (std::size_t stage = 1; stage < stages.size(); ++stage)
        EXPECT_GE(stages[stage], stages[stage - 1]) << stage;
    EXPECT_GT(stages[0], 0U);
}

std::size_t count_zombies(const std::string& states) {
    return static_cast<std::size_t>(std::count(states.begin(), states.end(), 'Z'));
}

TEST_F(AgentInit, ReapsAStormOfOrphansAndLosesNoExitCode) {
    const int storms = 5;
    const int each = sanitized ? 200 : 2'000;
    std::vector<std::uint32_t> ids;
    for (int index = 0; index < storms; ++index)
        ids.push_back(host_->start({.argv = isolated_program("orphans", {std::to_string(each)})}));
    // Meanwhile programs whose ends are told: none of them is mistaken for an orphan.
    for (int index = 0; index < 300; ++index) {
        const Session& session =
            host_->run({.argv = {"/bin/sh", "-c", "exit " + std::to_string(index % 256)}});
        ASSERT_EQ(session.exited->code, index % 256);
    }
    for (const std::uint32_t id : ids)
        EXPECT_EQ(host_->finish(id).exited->code, 0);
    std::string states;
    for (int repeat = 0; repeat < 100; ++repeat) {
        states = output_of("cut -d')' -f2 /proc/[0-9]*/stat 2>/dev/null | cut -c2");
        if (count_zombies(states) == 0) break;
    }
    EXPECT_EQ(count_zombies(states), 0U);
}

TEST_F(AgentInit, KeepsABackgroundJobAndReapsItInTheEnd) {
    const Session& session = host_->run(shell("sleep 0.2 >/dev/null 2>&1 & echo $!"));
    const std::string pid = session.output.substr(0, session.output.find('\n'));
    EXPECT_FALSE(session.exited->output_open);
    EXPECT_EQ(output_of("cat /proc/" + pid + "/comm"), "sleep\n");
    for (int repeat = 0; repeat < 100; ++repeat) {
        if (output_of("test -e /proc/" + pid + " || echo gone") == "gone\n") return;
        poll(nullptr, 0, 10);
    }
    FAIL() << "an orphan was not reaped";
}

TEST_F(AgentInit, SurvivesAProgramThatKillsEverythingItMay) {
    // As PID 1 it is out of reach of those inside.
    EXPECT_EQ(output_of("kill -KILL 1; kill -TERM 99999 2>/dev/null; echo alive"), "alive\n");
    host_->run(shell("kill -KILL -1"));
    EXPECT_EQ(output_of("echo still"), "still\n");
}

// --- the way down

struct ShutdownCase {
    const char* name;
    bool by_signal;
};

class AgentShutdown : public testing::TestWithParam<bool> {
  protected:
    void SetUp() override {
        if (!is_root()) GTEST_SKIP() << "needs root to make namespaces";
    }
    static void ask(AgentProcess& agent, Host& host) {
        if (GetParam()) {
            kill(agent.pid(), SIGTERM);
        } else {
            host.send_empty(wire::Message::shutdown, 0);
        }
    }
};

INSTANTIATE_TEST_SUITE_P(Asked, AgentShutdown, testing::Bool(),
                         [](const auto& way) { return way.param ? "ByASignal" : "ByTheHost"; });

TEST_P(AgentShutdown, LetsAProgramFinishItsFile) {
    AgentProcess agent({.isolated = true});
    Host host(agent);
    // Outside of the guest's memory, so that it can be looked at afterwards.
    const std::uint32_t id = host.start(
        shell("trap 'sleep 0.3; echo saved; exit 0' TERM; echo up; while :; do sleep 0.05; done"));
    host.wait_for([&] { return host.session(id).output == "up\n"; }, "start");
    const Nanoseconds before_ns = io::monotonic_ns();
    ask(agent, host);
    const Session& session = host.finish(id);
    EXPECT_EQ(session.output, "up\nsaved\n");
    EXPECT_EQ(session.exited->code, 0);
    EXPECT_EQ(agent.wait(), 0);
    const Nanoseconds taken_ns = io::monotonic_ns() - before_ns;
    EXPECT_GE(taken_ns, 250 * ns_per_ms);
    EXPECT_LT(taken_ns, limits::shutdown_grace_ns);
}

TEST_P(AgentShutdown, KillsWhatIgnoresTheRequestWhenTheGraceIsOver) {
    AgentProcess agent({.isolated = true});
    Host host(agent);
    const std::uint32_t id =
        host.start(shell("trap '' TERM; echo up; while :; do sleep 0.05; done"));
    host.wait_for([&] { return host.session(id).output == "up\n"; }, "start");
    const Nanoseconds before_ns = io::monotonic_ns();
    ask(agent, host);
    EXPECT_EQ(host.finish(id).exited->signal, SIGKILL);
    EXPECT_EQ(agent.wait(), 0);
    const Nanoseconds taken_ns = io::monotonic_ns() - before_ns;
    EXPECT_GE(taken_ns, limits::shutdown_grace_ns);
    EXPECT_LT(taken_ns, limits::shutdown_grace_ns + 3 * ns_per_s);
}

TEST_P(AgentShutdown, IsPromptWhenNothingRuns) {
    AgentProcess agent({.isolated = true});
    Host host(agent);
    EXPECT_EQ(host.run({.argv = {"/bin/true"}}).exited->code, 0);
    const Nanoseconds before_ns = io::monotonic_ns();
    ask(agent, host);
    EXPECT_EQ(agent.wait(), 0);
    EXPECT_LT(io::monotonic_ns() - before_ns, limits::shutdown_grace_ns / 2);
}

TEST_P(AgentShutdown, EndsOrphansToo) {
    AgentProcess agent({.isolated = true});
    Host host(agent);
    host.run(shell("(trap '' HUP; sleep 1000 >/dev/null 2>&1 &) ; exit 0"));
    const Nanoseconds before_ns = io::monotonic_ns();
    ask(agent, host);
    EXPECT_EQ(agent.wait(), 0);
    EXPECT_LT(io::monotonic_ns() - before_ns, limits::shutdown_grace_ns);
}

TEST(AgentAsAnOrdinaryProcess, EndsItsProgramsAtShutdown) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t id =
        host.start(shell("trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.05; done"));
    host.wait_for([&] { return host.session(id).output == "up\n"; }, "start");
    host.send_empty(wire::Message::shutdown, 0);
    EXPECT_EQ(host.finish(id).exited->code, 5);
    EXPECT_EQ(host.session(id).output, "up\nbye\n");
    EXPECT_EQ(agent.wait(), 0);
}

TEST(AgentAsAnOrdinaryProcess, MountsAndLinksNothing) {
    // The machine's own devices and mounts are the caller's affair.
    AgentProcess agent;
    Host host(agent);
    const std::string mounts = host.run({.argv = {"/bin/cat", "/proc/self/mounts"}}).output;
    std::string ours(mounts.size() + 4096, '\0');
    const io::OwnedFd file(open("/proc/self/mounts", O_RDONLY | O_CLOEXEC));
    std::size_t used = 0;
    for (ssize_t count; (count = read(file.get(), ours.data() + used, ours.size() - used)) > 0;)
        used += static_cast<std::size_t>(count);
    ours.resize(used);
    EXPECT_EQ(mounts, ours);
}

}  // namespace
}  // namespace pronto::test
