// SPDX-License-Identifier: Apache-2.0
// Standard input: whole, in order, never waited for, and never silently lost.
#include <signal.h>

#include <fstream>

#include <gtest/gtest.h>

#include "core/limits.hpp"
#include "tests/agent/host.hpp"
#include "tests/agent/pattern.hpp"

namespace pronto::test {
namespace {

/// A program that has started and reads nothing.
std::uint32_t start_deaf(Host& host) {
    const std::uint32_t id = host.start({.argv = {"/bin/sleep", "1000"}});
    host.wait_for([&] { return host.session(id).pid != 0; }, "start");
    return id;
}

TEST(AgentInput, ThatNobodyReadsDelaysNoOtherSession) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t deaf = start_deaf(host);
    host.send_input(deaf, std::string(MiB, 'x'));
    // All of them are answered while the program still has not read a byte.
    for (int repeat = 0; repeat < 20; ++repeat)
        EXPECT_EQ(host.run(shell("read line; echo $line")).output, "\n");
    EXPECT_FALSE(host.session(deaf).ended());
    host.signal(deaf, SIGKILL);
    EXPECT_EQ(host.finish(deaf).exited->signal, SIGKILL);
}

TEST(AgentInput, ThatNobodyReadsOnATerminalDelaysNoOtherSession) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t deaf =
        host.start(on_terminal(shell("stty raw -echo; echo set; exec sleep 1000")));
    host.wait_for([&] { return !host.session(deaf).output.empty(); }, "a raw terminal");
    host.send_input(deaf, std::string(512 * KiB, 'x'));
    EXPECT_EQ(host.run(on_terminal(shell("echo fine"))).output, "fine\r\n");
    host.signal(deaf, SIGKILL);
    EXPECT_EQ(host.finish(deaf).exited->signal, SIGKILL);
}

TEST(AgentInput, InTheSameWriteHidesNoStart) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t id = host.fresh_id();
    host.send_bytes(host.request_frame(id, {.argv = {"/bin/sleep", "1000"}}) +
                    host.data_frame(id, std::string(900 * KiB, 'x')));
    host.wait_for([&] { return host.session(id).starts == 1; }, "start");
    host.signal(id, SIGTERM);
    EXPECT_EQ(host.finish(id).exited->signal, SIGTERM);
}

TEST(AgentInput, BeyondItsQueueIsRefusedOnceAndLeavesNoHole) {
    const ScratchDirectory scratch;
    AgentProcess agent;
    Host host(agent);
    Command command = shell("while [ ! -e gate ]; do sleep 0.01; done; exec cat");
    command.directory = scratch.path();
    const std::uint32_t id = host.start(command);
    Pattern pattern(5);
    std::uint64_t taken = 0;
    for (int frame = 0; frame < 200 && host.session(id).input_errors.empty(); ++frame) {
        taken = pattern.position();
        host.send_input(id, pattern.take(50'000));
        host.round_trip();
    }
    ASSERT_EQ(host.session(id).input_errors.size(), 1U);
    EXPECT_EQ(host.session(id).input_errors[0].errno_name, "ENOBUFS");
    EXPECT_GE(taken, limits::stdin_session_bytes_max - 50'000);
    // Room again, but what came now would not follow what was refused.
    std::ofstream(scratch.path() + "/gate");
    host.wait_for([&] { return host.session(id).output_bytes == taken; }, "what was taken");
    host.send_input(id, "behind the hole");
    host.end_input(id);
    EXPECT_TRUE(host.finish(id).output == Pattern(5).take(taken));
    EXPECT_EQ(host.session(id).input_errors.size(), 1U);
}

TEST(AgentInput, UpToItsQueueIsTakenAndMoreBehindItIsNot) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t deaf = start_deaf(host);
    host.send_input(deaf, std::string(limits::stdin_session_bytes_max, 'x'));
    host.round_trip();
    EXPECT_TRUE(host.session(deaf).input_errors.empty());
    // The kernel takes up to a pipe of it, and the agent a queue behind that.
    for (std::size_t taken = 0; taken <= limits::stdin_pipe_bytes_max;
         taken += limits::stdin_session_bytes_max) {
        host.send_input(deaf, std::string(limits::stdin_session_bytes_max, 'x'));
        host.move(20);
        host.round_trip();
    }
    ASSERT_EQ(host.session(deaf).input_errors.size(), 1U);
    EXPECT_EQ(host.session(deaf).input_errors[0].errno_name, "ENOBUFS");
    host.signal(deaf, SIGKILL);
    host.finish(deaf);
}

TEST(AgentInput, FirstFrameOfAnyLengthIsTakenWhole) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t id = host.start(shell("exec cat"));
    host.send_input(id, Pattern(3).take(3 * MiB));
    host.end_input(id);
    const Session& session = host.finish(id);
    EXPECT_TRUE(session.input_errors.empty());
    EXPECT_TRUE(session.output == Pattern(3).take(3 * MiB));
}

TEST(AgentInput, OfManyProgramsSharesOnePoolAndStaysWhole) {
    AgentProcess agent;
    Host host(agent);
    // Together more than the pool: the later ones are refused, the earlier ones get every byte.
    std::vector<std::uint32_t> ids;
    for (std::uint64_t index = 0; index < 12; ++index) {
        ids.push_back(host.start(shell("sleep 0.3; exec cat")));
        host.send_input(ids.back(), Pattern(index).take(600 * KiB));
        host.end_input(ids.back());
    }
    int whole = 0;
    for (std::uint64_t index = 0; index < ids.size(); ++index) {
        const Session& session = host.finish(ids[index]);
        if (!session.input_errors.empty()) {
            EXPECT_EQ(session.input_errors[0].errno_name, "ENOBUFS");
            EXPECT_EQ(session.output, "");
            continue;
        }
        EXPECT_TRUE(session.output == Pattern(index).take(600 * KiB)) << index;
        ++whole;
    }
    EXPECT_GE(whole, 6);
}

TEST(AgentInput, ReachesAReaderThatIsSlow) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t id = host.start(shell("sleep 0.3; exec cat"));
    const std::string data = Pattern(3).take(MiB - 1);
    host.send_input(id, data);
    host.end_input(id);
    EXPECT_TRUE(host.finish(id).output == data);
    EXPECT_TRUE(host.session(id).input_errors.empty());
}

TEST(AgentInput, OfEveryFrameSizeArrivesInOrder) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t id = host.start({.argv = {"/bin/cat"}});
    Pattern sent(9);
    std::uint64_t total = 0;
    for (const std::size_t bytes :
         {1UL, 2UL, 4095UL, 4096UL, 65'535UL, 65'536UL, 65'537UL, 200'000UL, 3UL}) {
        host.send_input(id, sent.take(bytes));
        total += bytes;
        host.wait_for([&] { return host.session(id).output_bytes == total; }, "the echo");
    }
    host.end_input(id);
    EXPECT_TRUE(host.finish(id).output == Pattern(9).take(total));
}

TEST(AgentInput, EndsAtTheEndOfInput) {
    AgentProcess agent;
    Host host(agent);
    EXPECT_EQ(host.run({.argv = {"/bin/cat"}}).exited->code, 0);
    const std::uint32_t id = host.start({.argv = {"/usr/bin/wc", "-c"}});
    host.send_input(id, "12345");
    host.end_input(id);
    EXPECT_EQ(std::stoi(host.finish(id).output), 5);
}

TEST(AgentInput, EndsOnATerminalByItsEndOfFileCharacter) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t plain = host.start(on_terminal({.argv = {"/bin/cat"}}));
    host.send_input(plain, "line\n");
    host.end_input(plain);
    EXPECT_EQ(host.finish(plain).exited->code, 0);
    EXPECT_EQ(host.session(plain).output, "line\r\nline\r\n");
    // The character is the terminal's own, not always 4.
    const std::uint32_t changed =
        host.start(on_terminal(shell("stty eof ^A -echo; echo set; cat; echo after")));
    host.wait_for([&] { return !host.session(changed).output.empty(); }, "stty");
    host.end_input(changed);
    EXPECT_TRUE(host.finish(changed).output.ends_with("after\r\n"));
}

TEST(AgentInput, ToAClosedStreamIsAnsweredWithBrokenPipe) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t closed = host.start(shell("echo up; read line; exec sleep 1000"));
    host.wait_for([&] { return !host.session(closed).output.empty(); }, "start");
    host.end_input(closed);
    host.send_input(closed, "too late");
    host.wait_for([&] { return !host.session(closed).input_errors.empty(); }, "an error");
    EXPECT_EQ(host.session(closed).input_errors[0].errno_name, "EPIPE");
    host.signal(closed, SIGKILL);
    host.finish(closed);
    // The other way round: the program closed it.
    const std::uint32_t deaf = host.start(shell("exec <&-; echo up; sleep 1000"));
    host.wait_for([&] { return !host.session(deaf).output.empty(); }, "start");
    host.send_input(deaf, "to nobody");
    host.wait_for([&] { return !host.session(deaf).input_errors.empty(); }, "an error");
    EXPECT_EQ(host.session(deaf).input_errors[0].errno_name, "EPIPE");
    host.signal(deaf, SIGKILL);
    EXPECT_EQ(host.finish(deaf).exited->signal, SIGKILL);
}

TEST(AgentInput, OfAProgramThatEndsEarlyDoesNotSpoilItsExit) {
    AgentProcess agent;
    Host host(agent);
    for (int repeat = 0; repeat < 20; ++repeat) {
        const std::uint32_t id = host.start(shell("exit 3"));
        host.send_input(id, std::string(300'000, 'x'));
        host.end_input(id);
        EXPECT_EQ(host.finish(id).exited->code, 3);
    }
    host.round_trip();
}

TEST(AgentInput, ToAnUnknownSessionIsAnswered) {
    AgentProcess agent;
    Host host(agent);
    host.send_input(77, "x");
    host.signal(78, SIGTERM);
    host.resize(79, 1, 1);
    host.end_input(80);  // may cross the end on its way: no error
    host.round_trip();
    for (const std::uint32_t id : {77U, 78U, 79U}) {
        ASSERT_EQ(host.session(id).refusals.size(), 1U);
        EXPECT_EQ(host.session(id).refusals[0].kind, "invalid_session");
    }
    EXPECT_TRUE(host.session(80).refusals.empty());
}

TEST(AgentInput, DialogueGoesTurnByTurn) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t id =
        host.start(shell("while read word; do echo \"got $word\"; done; exit 4"));
    for (int turn = 0; turn < 100; ++turn) {
        host.session(id).output.clear();
        host.send_input(id, std::to_string(turn) + "\n");
        const std::string expected = "got " + std::to_string(turn) + "\n";
        host.wait_for([&] { return host.session(id).output == expected; }, "an answer");
    }
    host.end_input(id);
    EXPECT_EQ(host.finish(id).exited->code, 4);
}

}  // namespace
}  // namespace pronto::test
