// SPDX-License-Identifier: Apache-2.0
// What an idle agent costs, and what the guest's binary is made of.
#include <elf.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "io/clock.hpp"
#include "tests/agent/host.hpp"

namespace pronto::test {
namespace {

constexpr const char* guest_binary = PRONTO_SOURCE_DIR "/build/guest/bin/pronto-agent";

bool guest_is_built() { return access(guest_binary, X_OK) == 0; }

/// Waits out what follows work: chores, and memory that is given back after a second.
void settle(const AgentProcess& agent) {
    std::uint64_t seen = agent.context_switches();
    for (int quiet = 0; quiet < 3;) {
        poll(nullptr, 0, 500);
        const std::uint64_t now = agent.context_switches();
        quiet = now == seen ? quiet + 1 : 0;
        seen = now;
    }
}

TEST(AgentIdle, MakesNoWakeUps) {
    AgentProcess agent;
    Host host(agent);
    host.run(shell("echo work"));
    host.run(on_terminal(shell("echo work")));
    settle(agent);
    const std::uint64_t before = agent.context_switches();
    poll(nullptr, 0, 1500);
    EXPECT_EQ(agent.context_switches(), before);
}

TEST(AgentIdle, MakesNoWakeUpsBesideProgramsThatSleep) {
    AgentProcess agent;
    Host host(agent);
    std::vector<std::uint32_t> ids;
    for (int index = 0; index < 5; ++index)
        ids.push_back(host.start({.argv = {"/bin/sleep", "1000"}, .tty = index % 2 == 0}));
    for (const std::uint32_t id : ids)
        host.wait_for([&] { return host.session(id).pid != 0; }, "start");
    settle(agent);
    const std::uint64_t before = agent.context_switches();
    poll(nullptr, 0, 1500);
    EXPECT_EQ(agent.context_switches(), before);
}

TEST(AgentIdle, StaysWithinItsMemoryAndComesBackToItAfterWork) {
    if (!guest_is_built()) GTEST_SKIP() << "the guest's static binary is not built";
    AgentProcess agent({.binary = guest_binary});
    Host host(agent);
    settle(agent);
    EXPECT_LE(agent.resident_bytes(), 400 * KiB);
    const Session& bulk =
        host.run({.argv = program("pattern", {"1", "20000000", "20000000", "0"})});
    EXPECT_TRUE(bulk.complete());
    settle(agent);
    // Tables that were used once stay; bulk does not.
    EXPECT_LE(agent.resident_bytes(), 600 * KiB);
}

TEST(AgentIdle, OfTheGuestStaysWithinFourMebibytesWhileItsHostStalls) {
    if (!guest_is_built()) GTEST_SKIP() << "the guest's static binary is not built";
    AgentProcess agent({.binary = guest_binary});
    Host host(agent);
    std::vector<std::uint32_t> floods;
    for (int index = 0; index < 8; ++index)
        floods.push_back(host.start(shell("exec yes")));
    std::uint64_t resident_max = 0;
    const Nanoseconds until_ns = io::monotonic_ns() + 700 * ns_per_ms;
    while (io::monotonic_ns() < until_ns) {
        resident_max = std::max(resident_max, agent.resident_bytes());
        poll(nullptr, 0, 10);
    }
    EXPECT_LE(resident_max, 4 * MiB);
    for (const std::uint32_t id : floods) {
        host.session(id).on_output = [](ByteView) {};
        host.signal(id, SIGKILL);
    }
    for (const std::uint32_t id : floods)
        EXPECT_TRUE(host.finish(id).complete());
}

/// Bytes that are loaded, and the names of all symbols, of an ELF file.
struct Binary {
    std::uint64_t loaded_bytes = 0;
    bool has_interpreter = false;
    std::set<std::string> names;
};

Binary read_binary(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    Binary binary;
    if (bytes.size() < sizeof(Elf64_Ehdr)) return binary;
    const auto* header = reinterpret_cast<const Elf64_Ehdr*>(bytes.data());
    const auto* segments = reinterpret_cast<const Elf64_Phdr*>(bytes.data() + header->e_phoff);
    for (unsigned index = 0; index < header->e_phnum; ++index) {
        if (segments[index].p_type == PT_LOAD) binary.loaded_bytes += segments[index].p_filesz;
        if (segments[index].p_type == PT_INTERP) binary.has_interpreter = true;
    }
    const auto* sections = reinterpret_cast<const Elf64_Shdr*>(bytes.data() + header->e_shoff);
    for (unsigned index = 0; index < header->e_shnum; ++index) {
        if (sections[index].sh_type != SHT_SYMTAB) continue;
        const auto* symbols =
            reinterpret_cast<const Elf64_Sym*>(bytes.data() + sections[index].sh_offset);
        const char* text = bytes.data() + sections[sections[index].sh_link].sh_offset;
        for (std::size_t at = 1; at < sections[index].sh_size / sizeof(Elf64_Sym); ++at)
            binary.names.insert(text + symbols[at].st_name);
    }
    return binary;
}

TEST(AgentBinary, IsStaticAndSmall) {
    if (!guest_is_built()) GTEST_SKIP() << "the guest's static binary is not built";
    const Binary binary = read_binary(guest_binary);
    EXPECT_FALSE(binary.has_interpreter);
    EXPECT_GT(binary.loaded_bytes, 10 * KiB);
    EXPECT_LE(binary.loaded_bytes, 200 * KiB);
}

TEST(AgentBinary, HasNoAllocator) {
    if (!guest_is_built()) GTEST_SKIP() << "the guest's static binary is not built";
    const Binary binary = read_binary(guest_binary);
    if (binary.names.empty()) GTEST_SKIP() << "the guest's binary is stripped of symbols";
    for (const char* name : {"malloc", "calloc", "realloc", "free", "_Znwm", "_Znam", "_ZdlPv",
                             "_ZdlPvm", "_ZdaPv", "__libc_malloc", "__libc_malloc_impl"})
        EXPECT_EQ(binary.names.count(name), 0U) << name;
}

TEST(AgentBinary, RunsAMixOfPrograms) {
    if (!guest_is_built()) GTEST_SKIP() << "the guest's static binary is not built";
    AgentProcess agent({.binary = guest_binary});
    Host host(agent);
    EXPECT_EQ(host.run(shell("echo out; echo errors >&2; exit 7")).exited->code, 7);
    EXPECT_EQ(host.run(on_terminal(shell("stty size"))).output, "24 80\r\n");
    EXPECT_EQ(host.run({.argv = {"/no/such/program"}}).failed->errno_name, "ENOENT");
    EXPECT_EQ(host.run({.argv = {"/bin/true"}, .user = "no-such-user"}).failed->kind,
              "user_setup_failed");
    EXPECT_EQ(host.run(shell("kill -TERM $$")).exited->signal, SIGTERM);
}

}  // namespace
}  // namespace pronto::test
