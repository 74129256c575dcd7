// SPDX-License-Identifier: Apache-2.0
// What a program starts with: three descriptors, default signals, a clean environment, a session of
// its own; and what it does not leave behind in the agent.
#include <elf.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "io/clock.hpp"
#include "tests/agent/host.hpp"

namespace pronto::test {
namespace {

class AgentProgram : public testing::TestWithParam<bool> {
  protected:
    Session& run(Command command) {
        command.tty = GetParam();
        return host_.run(command);
    }

    AgentProcess agent_;
    Host host_{agent_};
};

INSTANTIATE_TEST_SUITE_P(BothModes, AgentProgram, testing::Bool(),
                         [](const auto& mode) { return mode.param ? "Terminal" : "Pipes"; });

std::string field(const std::string& status, const std::string& name) {
    const std::size_t at = status.find(name + ":\t");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + name.size() + 2;
    return status.substr(begin, status.find_first_of("\r\n", begin) - begin);
}

TEST_P(AgentProgram, HasDescriptorsZeroToTwoAndNoOther) {
    // Others run meanwhile, whose ends must not be seen.
    std::vector<std::uint32_t> others;
    for (int index = 0; index < 4; ++index) {
        Command command{.argv = {"/bin/sleep", "1000"}};
        command.tty = index % 2 == 0;
        others.push_back(host_.start(command));
    }
    for (int repeat = 0; repeat < 5; ++repeat)
        EXPECT_EQ(run({.argv = program("descriptors")}).output, "0 1 2 ");
    for (const std::uint32_t id : others)
        host_.signal(id, SIGKILL);
}

TEST_P(AgentProgram, HasNoSignalBlockedOrIgnored) {
    const std::string status = run({.argv = {"/bin/cat", "/proc/self/status"}}).output;
    EXPECT_EQ(field(status, "SigBlk"), "0000000000000000");
    EXPECT_EQ(field(status, "SigIgn"), "0000000000000000");
    EXPECT_EQ(field(status, "SigCgt"), "0000000000000000");
}

TEST_P(AgentProgram, DiesSilentlyOfABrokenPipe) {
    const Session& session = run(shell("yes | head -n 1; exit 0"));
    EXPECT_EQ(session.output, GetParam() ? "y\r\n" : "y\n");
    EXPECT_TRUE(session.errors.empty()) << session.errors;
    const Session& death = run(shell("(yes; echo $? >&2) 2>&1 | head -n 1; kill -PIPE $$"));
    EXPECT_EQ(death.exited->signal, SIGPIPE);
}

TEST_P(AgentProgram, HasACleanEnvironment) {
    const Session& session = run({.argv = {"/usr/bin/env"}});
    std::istringstream lines(session.output);
    std::set<std::string> keys;
    for (std::string line; std::getline(lines, line);)
        keys.insert(line.substr(0, line.find('=')));
    std::set<std::string> expected{"HOME", "PATH"};
    if (GetParam()) expected.insert("TERM");
    EXPECT_EQ(keys, expected);
}

TEST_P(AgentProgram, HasTheLastOfVariablesNamedTwice) {
    Command command = shell("echo \"$A.$HOME.$TERM.${B-unset}\"");
    command.environment = {"A=1", "HOME=/first", "A=2", "B", "TERM=mine", "HOME=/second", "=x"};
    const std::string output = run(command).output;
    EXPECT_EQ(output.substr(0, output.find_first_of("\r\n")), "2./second.mine.unset");
}

TEST_P(AgentProgram, RunsInTheDirectoryAsked) {
    Command command{.argv = {"/bin/pwd"}};
    command.directory = "/usr/bin";
    EXPECT_TRUE(run(command).output.starts_with("/usr/bin"));
}

TEST_P(AgentProgram, LeadsASessionAndGroupOfItsOwn) {
    const Session& session = run(shell("cut -d' ' -f1,5,6 /proc/$$/stat"));
    const std::string pid = std::to_string(session.pid);
    EXPECT_TRUE(session.output.starts_with(pid + " " + pid + " " + pid)) << session.output;
}

TEST_P(AgentProgram, GetsTheLimitsAskedAndTheDefaultOfOpenFiles) {
    Command command = shell("ulimit -n; ulimit -Hn; ulimit -c");
    command.limits = {{"NOFILE", 77, 99}, {"core", 0, 0}};
    const std::string output = run(command).output;
    EXPECT_EQ(output, GetParam() ? "77\r\n99\r\n0\r\n" : "77\n99\n0\n");
    rlimit ours{};
    getrlimit(RLIMIT_NOFILE, &ours);
    const Session& plain = run(shell("ulimit -n"));
    EXPECT_EQ(std::stoull(plain.output), ours.rlim_cur) << "the agent's own limit leaked";
}

TEST(AgentTerminal, HasTheSizeAskedAndEverySizeAfterIt) {
    AgentProcess agent;
    Host host(agent);
    Command command = on_terminal(shell("stty size; read line; stty size"));
    command.rows = 50;
    command.columns = 132;
    const std::uint32_t id = host.start(command);
    host.wait_for([&] { return host.session(id).output.ends_with("50 132\r\n"); }, "first size");
    host.resize(id, 11, 22);
    host.send_input(id, "\n");
    EXPECT_TRUE(host.finish(id).output.ends_with("11 22\r\n")) << host.session(id).output;
}

TEST(AgentTerminal, IsItsProgramsControllingTerminal) {
    AgentProcess agent;
    Host host(agent);
    EXPECT_EQ(host.run(on_terminal(shell("echo x >/dev/tty"))).output, "x\r\n");
    EXPECT_EQ(host.run(on_terminal({.argv = {"/usr/bin/tty", "-s"}})).exited->code, 0);
}

TEST(AgentDescriptors, SettleAfterManyPrograms) {
    AgentProcess agent;
    Host host(agent);
    const auto mix = [&](int count) {
        for (int index = 0; index < count; ++index) {
            Command command = index % 5 == 0 ? Command{.argv = {"/no/such/program"}}
                                             : Command{.argv = {"/bin/true"}};
            command.tty = index % 3 == 0;
            host.run(command);
        }
        host.round_trip();
    };
    mix(20);
    const std::size_t before = agent.open_descriptors();
    mix(500);
    // The last ones are closed behind the answers, and spares are made again; then it settles.
    const Nanoseconds deadline_ns = io::monotonic_ns() + patience_ns;
    while (agent.open_descriptors() > before + 8 && io::monotonic_ns() < deadline_ns)
        poll(nullptr, 0, 5);
    EXPECT_LE(agent.open_descriptors(), before + 8);
}

TEST(AgentSessions, AreNotReachedByAKillOfAnothersGroup) {
    AgentProcess agent;
    Host host(agent);
    const std::uint32_t bystander = host.start(shell("echo here; read line; exit 9"));
    host.wait_for([&] { return !host.session(bystander).output.empty(); }, "a bystander");
    EXPECT_EQ(host.run(shell("kill -KILL 0")).exited->signal, SIGKILL);
    host.send_input(bystander, "\n");
    EXPECT_EQ(host.finish(bystander).exited->code, 9);
}

/// Symbols an object file leaves to others.
std::set<std::string> undefined_symbols(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    std::set<std::string> names;
    if (bytes.size() < sizeof(Elf64_Ehdr)) return names;
    const auto* header = reinterpret_cast<const Elf64_Ehdr*>(bytes.data());
    const auto* sections = reinterpret_cast<const Elf64_Shdr*>(bytes.data() + header->e_shoff);
    for (unsigned index = 0; index < header->e_shnum; ++index) {
        if (sections[index].sh_type != SHT_SYMTAB) continue;
        const auto* symbols =
            reinterpret_cast<const Elf64_Sym*>(bytes.data() + sections[index].sh_offset);
        const char* text = bytes.data() + sections[sections[index].sh_link].sh_offset;
        for (std::size_t at = 1; at < sections[index].sh_size / sizeof(Elf64_Sym); ++at) {
            if (symbols[at].st_shndx == SHN_UNDEF) names.insert(text + symbols[at].st_name);
        }
    }
    return names;
}

TEST(AgentSpawnChild, CallsNothingOfTheCLibrary) {
    if (sanitized) GTEST_SKIP() << "a sanitizer adds calls of its own";
    const std::string object =
        PRONTO_BIN_DIR "/../CMakeFiles/pronto_agent.dir/src/agent/spawn_child.cpp.o";
    const std::set<std::string> names = undefined_symbols(object);
    ASSERT_FALSE(names.empty()) << object << " could not be read";
    for (const std::string& name : names) {
        const bool ours = name.find("pronto") != std::string::npos;
        const bool guard = name.starts_with("__cxa_guard") || name == "_GLOBAL_OFFSET_TABLE_" ||
                           name == "__stack_chk_fail";
        EXPECT_TRUE(ours || guard) << name;
    }
}

}  // namespace
}  // namespace pronto::test
