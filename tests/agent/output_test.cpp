// SPDX-License-Identifier: Apache-2.0
// Output arrives whole: around every buffer's edge, of both streams, and in front of the end.
#include <gtest/gtest.h>

#include "tests/agent/host.hpp"
#include "tests/agent/pattern.hpp"

namespace pronto::test {
namespace {

constexpr std::size_t edges[] = {0,
                                 1,
                                 4095,
                                 4096,
                                 4097,
                                 32 * KiB - 1,
                                 32 * KiB + 1,
                                 64 * KiB - 129,
                                 64 * KiB - 1,
                                 64 * KiB,
                                 64 * KiB + 1,
                                 256 * KiB - 1,
                                 256 * KiB,
                                 256 * KiB + 1,
                                 1 * MiB,
                                 1 * MiB + 1};

Command pattern_of(std::uint64_t seed, std::size_t output_bytes, std::size_t errors_bytes) {
    return {.argv = program("pattern", {std::to_string(seed), std::to_string(output_bytes),
                                        std::to_string(errors_bytes), "39"})};
}

void expect_pattern(const Session& session, std::uint64_t seed, std::size_t output_bytes,
                    std::size_t errors_bytes) {
    ASSERT_TRUE(session.exited.has_value());
    EXPECT_EQ(session.exited->code, 39);
    EXPECT_TRUE(session.complete());
    EXPECT_TRUE(session.output == Pattern(seed).take(output_bytes)) << output_bytes;
    EXPECT_TRUE(session.errors == Pattern(seed + 1).take(errors_bytes)) << errors_bytes;
}

TEST(AgentOutput, IsWholeAroundEveryBufferEdge) {
    AgentProcess agent;
    Host host(agent);
    for (const std::size_t bytes : edges) {
        expect_pattern(host.run(pattern_of(bytes, bytes, 0)), bytes, bytes, 0);
        expect_pattern(host.run(pattern_of(bytes, 0, bytes)), bytes, 0, bytes);
    }
}

TEST(AgentOutput, KeepsInterleavedStreamsApartAndWhole) {
    AgentProcess agent;
    Host host(agent);
    std::vector<std::uint32_t> ids;
    for (std::uint64_t seed = 10; seed < 18; ++seed)
        ids.push_back(host.start(pattern_of(seed, 256 * KiB, 256 * KiB)));
    for (std::size_t index = 0; index < ids.size(); ++index)
        expect_pattern(host.finish(ids[index]), 10 + index, 256 * KiB, 256 * KiB);
}

TEST(AgentOutput, OfATerminalIsWholeThoughTheProgramEndsAtOnce) {
    AgentProcess agent;
    Host host(agent);
    // More than a terminal's own buffer, without anything its line discipline would change.
    const std::string script = "stty -opost 2>/dev/null; seq 1 20000";
    std::string expected;
    for (int line = 1; line <= 20'000; ++line)
        expected += std::to_string(line) + "\n";
    for (int repeat = 0; repeat < 5; ++repeat) {
        const Session& session = host.run(on_terminal(shell(script)));
        EXPECT_TRUE(session.output == expected) << session.output.size();
        EXPECT_TRUE(session.complete());
    }
}

TEST(AgentOutput, OfATerminalIsOneStream) {
    AgentProcess agent;
    Host host(agent);
    const Session& session = host.run(on_terminal(shell("echo out; echo errors >&2")));
    EXPECT_EQ(session.output, "out\r\nerrors\r\n");
    EXPECT_TRUE(session.errors.empty());
}

TEST(AgentOutput, ComesBeforeTheEndOfEachOfManyShortPrograms) {
    AgentProcess agent;
    Host host(agent);
    std::vector<std::uint32_t> ids;
    for (int index = 0; index < 300; ++index)
        ids.push_back(host.start({.argv = {"/bin/echo", std::to_string(index)}}));
    for (std::size_t index = 0; index < ids.size(); ++index)
        EXPECT_EQ(host.finish(ids[index]).output, std::to_string(index) + "\n");
}

TEST(AgentOutput, IsReportedOpenWhenABackgroundJobHoldsIt) {
    AgentProcess agent;
    Host host(agent);
    for (const bool tty : {false, true}) {
        Command command = shell("trap '' HUP; echo before; sleep 1000 & echo $!; exit 5");
        command.tty = tty;
        const Session& session = host.run(command);
        ASSERT_TRUE(session.exited.has_value()) << "the exit is withheld";
        EXPECT_EQ(session.exited->code, 5);
        EXPECT_TRUE(session.complete());
        EXPECT_TRUE(session.output.starts_with(tty ? "before\r\n" : "before\n"));
        EXPECT_TRUE(tty || session.exited->output_open);
        const std::string job = session.output.substr(session.output.find('\n') + 1);
        kill(static_cast<pid_t>(std::stoul(job)), SIGKILL);
    }
}

TEST(AgentOutput, OfADescendantWithinTheGraceIsIncluded) {
    AgentProcess agent;
    Host host(agent);
    const Session& session = host.run(shell("(sleep 0.02; echo late) & echo early"));
    EXPECT_EQ(session.output, "early\nlate\n");
    EXPECT_FALSE(session.exited->output_open);
    EXPECT_TRUE(session.complete());
}

TEST(AgentOutput, WrittenBeforeTheGraceEndsIsWholeThoughTheStreamStaysOpen) {
    AgentProcess agent;
    Host host(agent);
    std::vector<std::string> words = program("pattern", {"7", "262144", "0", "0"});
    std::string script = "sleep 1000 & echo $! >&2; exec";
    for (const std::string& word : words)
        script += " '" + word + "'";
    const Session& session = host.run(shell(script));
    EXPECT_TRUE(session.exited->output_open);
    EXPECT_TRUE(session.output == Pattern(7).take(262'144));
    EXPECT_TRUE(session.complete());
    kill(static_cast<pid_t>(std::stoul(session.errors)), SIGKILL);
}

TEST(AgentOutput, OfAFloodingDescendantDoesNotHoldTheExitUp) {
    AgentProcess agent;
    Host host(agent);
    const Session& session = host.run(shell("yes & echo $! >&2; exit 6"));
    ASSERT_TRUE(session.exited.has_value());
    EXPECT_EQ(session.exited->code, 6);
    EXPECT_TRUE(session.exited->output_open);
    EXPECT_TRUE(session.complete());
}

TEST(AgentOutput, KeepsBytesThatAreNoText) {
    AgentProcess agent;
    Host host(agent);
    std::string script = "printf '";
    std::string expected;
    for (int byte = 0; byte < 256; ++byte) {
        char octal[8];
        snprintf(octal, sizeof octal, "\\%03o", byte);
        script += octal;
        expected += static_cast<char>(byte);
    }
    EXPECT_EQ(host.run(shell(script + "'")).output, expected);
}

}  // namespace
}  // namespace pronto::test
