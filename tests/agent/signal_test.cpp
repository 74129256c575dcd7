// SPDX-License-Identifier: Apache-2.0
// Signals from the host: to the whole group, to a terminal's foreground, every number, and none to
// anybody else.
#include <signal.h>

#include <gtest/gtest.h>

#include "tests/agent/host.hpp"

namespace pronto::test {
namespace {

std::uint32_t start_until(Host& host, const Command& command, const std::string& text) {
    const std::uint32_t id = host.start(command);
    host.wait_for([&] { return host.session(id).output.find(text) != std::string::npos; },
                  "the program's word");
    return id;
}

TEST(AgentSignal, ReachesTheProgramWhateverItsNumber) {
    AgentProcess agent;
    Host host(agent);
    for (int number = 1; number <= 64; ++number) {
        const bool catchable =
            number != SIGKILL && number != SIGSTOP && (number < 32 || number > 33);
        if (!catchable) continue;
        const std::uint32_t id =
            start_until(host, {.argv = program("catch", {std::to_string(number)})}, "ready");
        host.signal(id, number);
        EXPECT_EQ(host.finish(id).output, "ready\ngot\n") << number;
    }
}

TEST(AgentSignal, OutsideOneToSixtyFourIsRefused) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t id = start_until(host, shell("echo up; read line"), "up");
    for (const int number : {0, 65, -1, 1'000'000})
        host.signal(id, number);
    host.round_trip();
    ASSERT_EQ(host.session(id).refusals.size(), 4U);
    for (const Refusal& refusal : host.session(id).refusals)
        EXPECT_EQ(refusal.kind, "invalid_payload");
    EXPECT_FALSE(host.session(id).ended());
    host.end_input(id);
    host.finish(id);
}

TEST(AgentSignal, ReachesEveryMemberOfTheGroup) {
    AgentProcess agent;
    Host host(agent);
    const std::string child =
        "(trap 'echo child; exit' TERM; echo up; while :; do sleep 0.05; done) &";
    const std::uint32_t id = host.start(
        shell(child + child + child +
              "trap 'wait; echo leader; exit 7' TERM; echo up; while :; do sleep 0.05; done"));
    host.wait_for([&] { return host.session(id).output.size() == 4 * 3; }, "four words");
    host.signal(id, SIGTERM);
    const Session& session = host.finish(id);
    EXPECT_EQ(session.exited->code, 7);
    EXPECT_TRUE(session.output.ends_with("child\nchild\nchild\nleader\n")) << session.output;
}

TEST(AgentSignal, ReachesTheForegroundJobOfATerminal) {
    AgentProcess agent;
    Host host(agent);
    // With job control the shell leads one group and its job another. The shell outlives the
    // signal: a terminal hangs up with its leader.
    const std::string job = "trap \"echo job; exit 3\" TERM; echo up; while :; do sleep 0.05; done";
    const std::uint32_t id = start_until(
        host, on_terminal(shell("set -m; trap : TERM; sh -c '" + job + "'; echo status $?")), "up");
    host.signal(id, SIGTERM);
    const std::string& output = host.finish(id).output;
    EXPECT_NE(output.find("job\r\nstatus 3"), std::string::npos) << output;
}

TEST(AgentSignal, IsMadeOfCharactersByATerminal) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t id = start_until(
        host, on_terminal({.argv = program("catch", {std::to_string(SIGINT)})}), "ready");
    host.send_input(id, "\x03");
    EXPECT_NE(host.finish(id).output.find("got"), std::string::npos);
}

TEST(AgentSignal, KillsAProgramWhoseOutputNobodyReads) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t id = host.start({.argv = {"/usr/bin/yes"}});
    host.wait_for([&] { return host.session(id).output_bytes > 0; }, "output");
    host.session(id).on_output = [](ByteView) {};
    host.signal(id, SIGKILL);
    EXPECT_EQ(host.finish(id).exited->signal, SIGKILL);
    EXPECT_TRUE(host.session(id).complete());
}

TEST(AgentSessions, RefuseAnIdThatIsInUseAndGoOnUnharmed) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t id =
        start_until(host, shell("echo one; read line; echo $line; exit 8"), "one");
    host.start_as(id, shell("echo two; exit 1"));
    host.round_trip();
    ASSERT_EQ(host.session(id).refusals.size(), 1U);
    EXPECT_EQ(host.session(id).refusals[0].kind, "invalid_session");
    host.send_input(id, "still here\n");
    EXPECT_EQ(host.finish(id).exited->code, 8);
    EXPECT_EQ(host.session(id).output, "one\nstill here\n");
    EXPECT_EQ(host.session(id).starts, 1U);
}

TEST(AgentSessions, RefuseTheIdOfControl) {
    AgentProcess agent;
    Host host(agent);
    host.start_as(0, {.argv = {"/bin/true"}});
    host.round_trip();
    ASSERT_EQ(host.session(0).refusals.size(), 1U);
    EXPECT_EQ(host.session(0).refusals[0].kind, "invalid_session");
}

TEST(AgentSessions, TakeAnIdAgainOnceItsSessionHasEnded) {
    AgentProcess agent;
    Host host(agent);
    for (int repeat = 0; repeat < 50; ++repeat) {
        host.session(5) = {};
        host.start_as(5, {.argv = {"/bin/echo", std::to_string(repeat)}});
        EXPECT_EQ(host.finish(5).output, std::to_string(repeat) + "\n");
    }
}

TEST(AgentSessions, OfAClientThatLeftAreKilledAndNobodyElses) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t stays = start_until(host, shell("echo up; read line; exit 2"), "up");
    const std::uint32_t theirs = 0x0200'0000;
    host.start_as(theirs, shell("echo up; (sleep 1000) & sleep 1000"));
    host.wait_for([&] { return !host.session(theirs).output.empty(); }, "start");
    host.send(wire::Message::relay_client_disconnected, 0,
              wire::ClientDisconnected{0x01ff'ffff, 0x03ff'fffe});
    EXPECT_EQ(host.finish(theirs).exited->signal, SIGKILL);
    host.end_input(stays);
    EXPECT_EQ(host.finish(stays).exited->code, 2);
}

}  // namespace
}  // namespace pronto::test
