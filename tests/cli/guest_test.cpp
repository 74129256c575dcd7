// SPDX-License-Identifier: Apache-2.0
// Guests from start to end with the built agent and relay, without a VM. Needs root for the
// namespaces.
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/program.hpp"
#include "tests/cli/scripted_guest.hpp"

namespace pronto::test {
namespace {

const char* const static_agent = PRONTO_SOURCE_DIR "/build/guest/bin/pronto-agent";
const char* const kernel = PRONTO_SOURCE_DIR "/build/kernel/bzImage";

/// A state directory of its own. The agent of this build is linked dynamically, so the guest's root
/// is this machine's, seen through an overlay.
class Guest : public testing::Test {
  protected:
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "namespaces need root";
    }
    void TearDown() override {
        if (std::filesystem::exists(state_.path() + "/guests/one"))
            run({"down", "one", "--timeout", "1"});
    }

    Ran run(std::vector<std::string> arguments, std::string input = {}) {
        return pronto(Invocation{std::move(arguments), std::move(input), environment()});
    }
    std::vector<std::string> environment() {
        return {"PRONTO_STATE_DIR=" + state_.path(), "PRONTO_AGENT=" + agent_};
    }
    Ran up() { return run({"up", "one", "--backend", "namespace", "--rootfs", "/"}); }
    nlohmann::json ps() { return nlohmann::json::parse(run({"ps", "--json"}).output); }
    bool nothing_left() {
        return !std::filesystem::exists(state_.path() + "/guests") ||
               std::filesystem::is_empty(state_.path() + "/guests");
    }

    TempDirectory state_;
    std::string agent_ = built("pronto-agent");
};

TEST_F(Guest, LivesFromUpToDown) {
    const Ran started = up();
    ASSERT_EQ(started.exit_code, 0) << started.errors;
    EXPECT_NE(started.output.find("one is ready after"), std::string::npos);
    EXPECT_NE(started.output.find(state_.path() + "/guests/one/agent.sock"), std::string::npos);

    EXPECT_EQ(ps()[0]["state"], "ready");
    EXPECT_EQ(ps()[0]["backend"], "namespace");
    EXPECT_EQ(run({"ping", "one", "-c", "2"}).exit_code, 0);

    const Ran ran = run({"exec", "one", "--", "sh", "-c", "echo out; echo err >&2; exit 3"});
    EXPECT_EQ(ran.exit_code, 3);
    EXPECT_EQ(ran.output, "out\n");
    EXPECT_EQ(ran.errors, "err\n");

    const Ran stopped = run({"down", "one"});
    EXPECT_EQ(stopped.exit_code, 0);
    EXPECT_EQ(stopped.errors, "");
    EXPECT_TRUE(nothing_left());
    EXPECT_EQ(run({"down", "one"}).exit_code, 125);
}

TEST_F(Guest, IsPidOneOfItsOwnWorld) {
    ASSERT_EQ(up().exit_code, 0);
    EXPECT_EQ(run({"exec", "one", "--", "hostname"}).output, "one\n");
    EXPECT_EQ(run({"exec", "one", "--", "cat", "/proc/1/comm"}).output, "pronto-agent\n");
    EXPECT_EQ(run({"exec", "one", "--", "cat", "/proc/1/cmdline"}).output,
              std::string("pronto-agent\0--port-fd\0003\0--exit\0", 32));
    EXPECT_EQ(run({"exec", "one", "--", "sh", "-c",
                   "echo lost > /etc/written-by-guest && cat /etc/written-by-guest"})
                  .output,
              "lost\n");
    EXPECT_FALSE(std::filesystem::exists("/etc/written-by-guest"));
    EXPECT_EQ(run({"exec", "one", "--", "sh", "-c", "ls /sys/class/net"}).output, "lo\n");
    EXPECT_EQ(
        run({"exec", "one", "--", "sh", "-c", "echo x > /dev/null && head -c 4 /dev/zero | wc -c"})
            .output,
        "4\n");
}

TEST_F(Guest, MountsNothingOnTheHost) {
    const auto mounts = [] {
        std::ifstream file("/proc/self/mountinfo");
        return std::string{std::istreambuf_iterator<char>(file), {}};
    };
    const std::string before = mounts();
    ASSERT_EQ(up().exit_code, 0);
    EXPECT_EQ(mounts(), before);
    EXPECT_EQ(run({"down", "one"}).exit_code, 0);
    EXPECT_EQ(mounts(), before);
}

TEST_F(Guest, CarriesBulkBothWays) {
    ASSERT_EQ(up().exit_code, 0);
    std::string input(5'000'003, 'b');
    for (std::size_t at = 0; at < input.size(); at += 11)
        input[at] = static_cast<char>(at >> 5);
    const Ran ran = run({"exec", "-i", "one", "--", "cat"}, input);
    EXPECT_EQ(ran.exit_code, 0) << ran.errors;
    EXPECT_TRUE(ran.output == input);
}

TEST_F(Guest, ExitCodesAreTheUsualOnes) {
    ASSERT_EQ(up().exit_code, 0);
    EXPECT_EQ(run({"exec", "one", "--", "no-such-command"}).exit_code, 127);
    EXPECT_EQ(run({"exec", "one", "--", "/etc/passwd"}).exit_code, 126);
    EXPECT_EQ(run({"exec", "one", "--cwd", "/nowhere", "--", "true"}).exit_code, 126);
    EXPECT_EQ(run({"exec", "one", "--user", "nosuchuser", "--", "true"}).exit_code, 126);
    EXPECT_EQ(run({"exec", "one", "--", "sh", "-c", "kill -9 $$"}).exit_code, 137);
    EXPECT_EQ(run({"exec", "one", "--timeout", "0.1", "--", "sleep", "30"}).exit_code, 124);
    EXPECT_EQ(
        run({"exec", "one", "-e", "A=b c", "--", "sh", "-c", "test \"$A\" = 'b c'"}).exit_code, 0);
}

TEST_F(Guest, SecondUpOfTheSameNameIsRefused) {
    ASSERT_EQ(up().exit_code, 0);
    const Ran second = up();
    EXPECT_EQ(second.exit_code, 125);
    EXPECT_NE(second.errors.find("is running already"), std::string::npos);
    EXPECT_EQ(run({"exec", "one", "--", "true"}).exit_code, 0);
}

TEST_F(Guest, OfManyStartsAtOnceOneSucceeds) {
    const std::vector<std::string> arguments{"up",        "one",      "--backend",
                                             "namespace", "--rootfs", "/"};
    std::vector<std::unique_ptr<Background>> starts;
    for (int count = 0; count < 4; ++count) {
        starts.push_back(
            std::make_unique<Background>(Invocation{arguments, {}, environment()}, false));
    }
    int succeeded = 0;
    for (const auto& start : starts)
        succeeded += start->wait() == 0 ? 1 : 0;
    EXPECT_EQ(succeeded, 1);
    EXPECT_EQ(run({"exec", "one", "--", "true"}).exit_code, 0);
}

TEST_F(Guest, DeadOneIsShownAndCleanedUp) {
    ASSERT_EQ(up().exit_code, 0);
    const pid_t pid = ps()[0]["pid"];
    kill(pid, SIGKILL);
    for (int tries = 0; tries < 200 && ps()[0]["state"] != "dead"; ++tries)
        usleep(5000);
    EXPECT_EQ(ps()[0]["state"], "dead");
    EXPECT_EQ(run({"exec", "one", "--", "true"}).exit_code, 125);
    const Ran down = run({"down", "one"});
    EXPECT_EQ(down.exit_code, 0);
    EXPECT_NE(down.errors.find("was dead"), std::string::npos);
    EXPECT_TRUE(nothing_left());
}

TEST_F(Guest, UpAfterADeathStartsAnew) {
    ASSERT_EQ(up().exit_code, 0);
    kill(ps()[0]["pid"].get<pid_t>(), SIGKILL);
    for (int tries = 0; tries < 200 && ps()[0]["state"] != "dead"; ++tries)
        usleep(5000);
    EXPECT_EQ(up().exit_code, 0);
    EXPECT_EQ(run({"exec", "one", "--", "true"}).exit_code, 0);
}

TEST_F(Guest, FailedStartSaysWhyAndLeavesNothing) {
    agent_ = "/bin/false";
    const Ran ran = up();
    EXPECT_EQ(ran.exit_code, 125);
    EXPECT_NE(ran.errors.find("it ended before it was ready (exit code 1)"), std::string::npos)
        << ran.errors;
    EXPECT_TRUE(nothing_left());
    agent_ = state_.path() + "/none";
    EXPECT_NE(up().errors.find("there is no program"), std::string::npos);
    EXPECT_TRUE(nothing_left());
}

TEST_F(Guest, DynamicAgentInARootWithoutLibrariesIsRefusedClearly) {
    const Ran ran = run({"up", "one", "--backend", "namespace"});
    EXPECT_EQ(ran.exit_code, 125);
    EXPECT_NE(ran.errors.find("linked dynamically"), std::string::npos) << ran.errors;
    EXPECT_NE(ran.errors.find("ci/build"), std::string::npos);
    EXPECT_TRUE(nothing_left());
}

TEST_F(Guest, RunStartsUsesAndRemovesOne) {
    const Ran ran = run(
        {"run", "--backend", "namespace", "--rootfs", "/", "--", "sh", "-c", "echo ran; exit 7"});
    EXPECT_EQ(ran.exit_code, 7) << ran.errors;
    EXPECT_EQ(ran.output, "ran\n");
    EXPECT_TRUE(nothing_left());
}

TEST_F(Guest, InterruptedRunLeavesNothing) {
    Background running({{"run", "--backend", "namespace", "--rootfs", "/", "--", "sh", "-c",
                         "echo begun; exec sleep 60"},
                        {},
                        environment()},
                       false);
    running.read_until("begun");
    kill(running.pid(), SIGINT);
    EXPECT_EQ(running.wait(), 130);
    EXPECT_TRUE(nothing_left());
}

TEST_F(Guest, InterruptedUpLeavesNothing) {
    const std::string relay = state_.path() + "/relay";
    std::ofstream(relay) << "#!/bin/sh\nexec sleep 60\n";
    std::filesystem::permissions(relay, std::filesystem::perms::owner_all);
    std::vector<std::string> variables = environment();
    variables.push_back("PRONTO_RELAY=" + relay);
    Background starting({{"up", "one", "--backend", "namespace", "--rootfs", "/"}, {}, variables},
                        false);
    nlohmann::json guests;
    for (int tries = 0; tries < 500 && (guests.empty() || guests[0]["pid"] == 0); ++tries)
        guests = ps();
    ASSERT_EQ(guests[0]["state"], "starting");
    EXPECT_EQ(up().exit_code, 125);
    kill(starting.pid(), SIGINT);
    EXPECT_EQ(starting.wait(), 130);
    EXPECT_TRUE(nothing_left());
    EXPECT_NE(kill(guests[0]["pid"].get<pid_t>(), 0), 0);
    EXPECT_NE(kill(guests[0]["relay_pid"].get<pid_t>(), 0), 0);
}

TEST_F(Guest, DefaultRootIsBusybox) {
    if (access(static_agent, X_OK) != 0)
        GTEST_SKIP() << "there is no " << static_agent << "; ci/preset guest builds it";
    agent_ = static_agent;
    const Ran ran =
        run({"run", "--backend", "namespace", "--", "sh", "-c", "id; ls /; pwd; cat /proc/1/comm"});
    EXPECT_EQ(ran.exit_code, 0) << ran.errors;
    EXPECT_NE(ran.output.find("uid=0(root)"), std::string::npos);
    EXPECT_NE(ran.output.find("sbin"), std::string::npos);
}

TEST_F(Guest, RunsInAVirtualMachine) {
    if (access(static_agent, X_OK) != 0)
        GTEST_SKIP() << "there is no " << static_agent << "; ci/preset guest builds it";
    if (access(kernel, R_OK) != 0)
        GTEST_SKIP() << "there is no " << kernel << "; kernel-config/build makes it";
    agent_ = static_agent;
    const Ran ran = run(
        {"run", "--backend", "qemu", "--accel", "tcg", "--kernel", kernel, "--", "uname", "-rn"});
    EXPECT_EQ(ran.exit_code, 0) << ran.errors;
    EXPECT_EQ(ran.output.rfind("run-", 0), 0U) << ran.output;
    EXPECT_TRUE(nothing_left());
}

}  // namespace
}  // namespace pronto::test
