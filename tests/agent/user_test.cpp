// SPDX-License-Identifier: Apache-2.0
// Whom a program runs as: numbers, names, groups, homes; nothing of root's is left over.
#include <gtest/gtest.h>

#include "tests/agent/host.hpp"

namespace pronto::test {
namespace {

constexpr const char* passwd =
    "root:x:0:0:root:/root:/bin/sh\n"
    "broken line\n"
    "carol:x:1001:1001:Carol:/mnt/carol:/bin/sh\n"
    "dave:x:1002:100::/mnt/dave:/bin/sh\n"
    "1234:x:1003:1003::/mnt/digits:/bin/sh\n"
    "twin:x:1001:55::/mnt/twin:/bin/sh\n"
    "nohome:x:1004:1004:::/bin/sh\n"
    "badnumber:x:12x:1:::/bin/sh\n"
    "reserved:x:4294967295:1:::/bin/sh\n";
constexpr const char* group =
    "root:x:0:\n"
    "staff:x:50:carol,dave\n"
    "users:x:100:\n"
    "wheel:x:10:dave,carol\n"
    "carol:x:1001:carol\n"
    "caroline:x:77:caroline\n";

class AgentUser : public testing::TestWithParam<bool> {
  protected:
    void SetUp() override {
        if (!is_root()) GTEST_SKIP() << "needs root to switch users";
        agent_ = std::make_unique<AgentProcess>(
            AgentOptions{.isolated = true, .passwd = passwd, .group = group});
        host_ = std::make_unique<Host>(*agent_);
    }
    void TearDown() override { host_.reset(); }

    Session& run(const std::string& user, const std::string& script) {
        Command command = shell(script);
        command.user = user;
        command.tty = GetParam();
        return host_->run(command);
    }
    /// "uid gid groups home" as the kernel and the program see them.
    std::string identity(const std::string& user) {
        const Session& session = run(user,
                                     "grep -E '^(Uid|Gid|Groups)' /proc/self/status | "
                                     "cut -d: -f2 | tr '\\t\\n' ' |'; printf %s \"$HOME\"");
        return session.failed.has_value() ? session.failed->message : session.output;
    }

    std::unique_ptr<AgentProcess> agent_;
    std::unique_ptr<Host> host_;
};

INSTANTIATE_TEST_SUITE_P(BothModes, AgentUser, testing::Bool(),
                         [](const auto& mode) { return mode.param ? "Terminal" : "Pipes"; });

std::string ids(const std::string& uid, const std::string& gid, const std::string& groups,
                const std::string& home) {
    const auto four = [](const std::string& id) {
        return " " + id + " " + id + " " + id + " " + id + "|";
    };
    return four(uid) + four(gid) + " " + groups + " |" + home;
}

TEST_P(AgentUser, ByNameHasAllOfItsGroupsAndItsHome) {
    EXPECT_EQ(identity("carol"), ids("1001", "1001", "10 50 1001", "/mnt/carol"));
    EXPECT_EQ(identity("dave"), ids("1002", "100", "10 50 100", "/mnt/dave"));
}

TEST_P(AgentUser, ByNumberIsTheUserOfThatNumber) {
    EXPECT_EQ(identity("1002"), ids("1002", "100", "10 50 100", "/mnt/dave"));
    // The first entry of a number counts.
    EXPECT_EQ(identity("1001"), ids("1001", "1001", "10 50 1001", "/mnt/carol"));
    EXPECT_EQ(identity(" 1002 "), ids("1002", "100", "10 50 100", "/mnt/dave"));
}

TEST_P(AgentUser, WithoutAnEntryHasTheGroupOfItsNumberAndNoOther) {
    EXPECT_EQ(identity("4321"), ids("4321", "4321", "4321", ""));
    EXPECT_EQ(identity("1234"), ids("1234", "1234", "1234", ""));
}

TEST_P(AgentUser, WithAGroupHasThatOneFirst) {
    EXPECT_EQ(identity("carol:users"), ids("1001", "100", "10 50 100 1001", "/mnt/carol"));
    EXPECT_EQ(identity("carol:4000"), ids("1001", "4000", "10 50 1001 4000", "/mnt/carol"));
    EXPECT_EQ(identity("4321:wheel"), ids("4321", "10", "10", ""));
}

TEST_P(AgentUser, OfRootIsRoot) {
    EXPECT_EQ(identity("root"), ids("0", "0", "0", "/root"));
    EXPECT_EQ(identity("0:0"), ids("0", "0", "0", "/root"));
}

TEST_P(AgentUser, ThatIsNotAskedForHasRootsHome) {
    EXPECT_TRUE(run("", "printf %s \"$HOME\"").output.starts_with("/root"));
}

TEST_P(AgentUser, ThatCannotBeResolvedStartsNothing) {
    for (const char* user : {"nobody-here", "badnumber", "reserved", "4294967295", "carol:nogroup",
                             "carol:4294967295", "99999999999", ":", "carol:", ":staff", "-1"}) {
        const Session& session = run(user, "exit 0");
        ASSERT_TRUE(session.failed.has_value()) << user;
        EXPECT_EQ(session.failed->kind, "user_setup_failed") << user;
        EXPECT_EQ(session.failed->stage, "user lookup") << user;
    }
}

TEST_P(AgentUser, KeepsTheEnvironmentsHome) {
    Command command = shell("printf %s \"$HOME\"");
    command.user = "carol";
    command.environment = {"HOME=/elsewhere"};
    EXPECT_EQ(host_->run(command).output, "/elsewhere");
}

TEST_P(AgentUser, HasNoCapabilities) {
    EXPECT_TRUE(run("carol", "grep CapEff /proc/self/status")
                    .output.starts_with("CapEff:\t0000000000000000"));
}

TEST_P(AgentUser, MayStartInADirectoryItCannotEnterItself) {
    host_->run(shell("mkdir -p /mnt/closed && chmod 700 /mnt/closed"));
    Command command{.argv = {"/bin/pwd"}};
    command.directory = "/mnt/closed";
    command.user = "carol";
    command.tty = GetParam();
    EXPECT_TRUE(host_->run(command).output.starts_with("/mnt/closed"));
}

}  // namespace
}  // namespace pronto::test
