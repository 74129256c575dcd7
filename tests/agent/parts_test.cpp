// SPDX-License-Identifier: Apache-2.0
// The agent's parts by themselves: what is pure or nearly so.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <set>

#include <gtest/gtest.h>

#include "agent/client_windows.hpp"
#include "agent/environment.hpp"
#include "agent/line_reader.hpp"
#include "agent/options.hpp"
#include "agent/session_table.hpp"
#include "agent/shutdown.hpp"
#include "agent/spawn.hpp"
#include "agent/stdin_pool.hpp"
#include "agent/users.hpp"
#include "tests/agent/agent_process.hpp"

namespace pronto::agent {
namespace {

using test::ScratchDirectory;

Options parsed(std::vector<const char*> words, bool as_init = false) {
    words.insert(words.begin(), "pronto-agent");
    return parse_options(static_cast<int>(words.size()), const_cast<char**>(words.data()), as_init);
}

TEST(Options, NameThePortAndTheWayToEnd) {
    EXPECT_EQ(parsed({}).action, Options::Action::run);
    EXPECT_STREQ(parsed({"--port", "/dev/x"}).port_path, "/dev/x");
    EXPECT_EQ(parsed({"--port-fd", "7"}).port_fd, 7);
    EXPECT_TRUE(parsed({"--exit"}).exit_when_done);
    EXPECT_EQ(parsed({"--help"}).action, Options::Action::help);
    EXPECT_EQ(parsed({"--version"}).action, Options::Action::version);
    EXPECT_EQ(parsed({"--profile", "0.6"}).profile.name, "0.6");
}

TEST(Options, ThatAreWrongEndAProgramButNeverAnInit) {
    for (const char* word : {"--no-such", "--port", "--port-fd", "quiet"}) {
        EXPECT_EQ(parsed({word}).action, Options::Action::usage) << word;
        // A kernel hands unknown words of its command line to init.
        EXPECT_EQ(parsed({word}, true).action, Options::Action::run) << word;
    }
    for (const char* number : {"-1", "x", "", "99999999999", "2147483648"})
        EXPECT_EQ(parsed({"--port-fd", number}).action, Options::Action::usage) << number;
    EXPECT_EQ(parsed({"--profile", "9.9"}).action, Options::Action::usage);
}

TEST(TakeField, CutsAtTheSeparatorAndEndsWithWhatIsLeft) {
    std::string_view line = "a::c";
    EXPECT_EQ(take_field(line, ':'), "a");
    EXPECT_EQ(take_field(line, ':'), "");
    EXPECT_EQ(take_field(line, ':'), "c");
    EXPECT_EQ(take_field(line, ':'), "");
    EXPECT_TRUE(line.empty());
}

TEST(ParseNumber, TakesDecimalsOfThirtyTwoBitsOnly) {
    std::uint32_t value = 1;
    EXPECT_TRUE(parse_number("0", value));
    EXPECT_EQ(value, 0U);
    EXPECT_TRUE(parse_number("4294967295", value));
    EXPECT_EQ(value, 4294967295U);
    for (const char* text : {"", "-1", "+1", " 1", "1 ", "0x1", "4294967296", "99999999999", "1a"})
        EXPECT_FALSE(parse_number(text, value)) << text;
}

std::vector<std::string> lines_of(const std::string& content) {
    const ScratchDirectory scratch;
    std::ofstream(scratch.path() + "/file") << content;
    LineReader reader;
    EXPECT_TRUE(reader.open((scratch.path() + "/file").c_str()).ok());
    std::vector<std::string> lines;
    for (std::string_view line; reader.next(line);)
        lines.emplace_back(line);
    return lines;
}

TEST(LineReader, HandsOutEveryLineWithOrWithoutALastNewline) {
    EXPECT_EQ(lines_of("a\nbb\n\nc\n"), (std::vector<std::string>{"a", "bb", "", "c"}));
    EXPECT_EQ(lines_of("a\nlast"), (std::vector<std::string>{"a", "last"}));
    EXPECT_TRUE(lines_of("").empty());
}

TEST(LineReader, KeepsLinesWholeAcrossItsBuffer) {
    std::string content;
    std::vector<std::string> expected;
    for (int index = 0; index < 3000; ++index) {
        expected.push_back("line " + std::to_string(index * 7919));
        content += expected.back() + "\n";
    }
    EXPECT_EQ(lines_of(content), expected);
}

TEST(LineReader, SkipsALineThatIsLongerThanItsBufferAndOnlyThat) {
    for (const std::size_t bytes : {4095UL, 4096UL, 4097UL, 8192UL, 20'000UL}) {
        const std::string line(bytes, 'x');
        std::vector<std::string> expected{"before", "after"};
        if (bytes < 4096) expected.insert(expected.begin() + 1, line);
        EXPECT_EQ(lines_of("before\n" + line + "\nafter\n"), expected) << bytes;
    }
    EXPECT_EQ(lines_of("a\n" + std::string(10'000, 'x')), (std::vector<std::string>{"a"}));
}

TEST(LineReader, OfAMissingFileSaysSo) {
    LineReader reader;
    EXPECT_EQ(reader.open("/no/such/file").system_errno, ENOENT);
}

TEST(ResolveUser, KnowsRootByNameAndNumber) {
    for (const char* spec : {"root", "0", "root:0", " root : 0 "}) {
        auto identity = std::make_unique<Identity>();
        std::string_view why;
        ASSERT_TRUE(resolve_user(spec, *identity, why).ok()) << spec << ": " << why;
        EXPECT_EQ(identity->uid, 0U);
        EXPECT_EQ(identity->gid, 0U);
        EXPECT_GE(identity->group_count, 1U);
    }
}

TEST(ResolveUser, SaysWhyItFails) {
    Identity identity;
    for (const char* spec : {"", ":", "root:", ":root", "no-such-user", "root:no-such-group",
                             "4294967295", "0:4294967295"}) {
        std::string_view why;
        EXPECT_FALSE(resolve_user(spec, identity, why).ok()) << spec;
        EXPECT_FALSE(why.empty()) << spec;
    }
}

TEST(ClientWindows, AreOpenWithoutALimit) {
    ClientWindows windows;
    EXPECT_FALSE(windows.limited());
    windows.sent(1, 1'000'000'000);
    EXPECT_TRUE(windows.open(1));
}

TEST(ClientWindows, CloseAtTheirLimitAndOpenWithCredit) {
    ClientWindows windows;
    windows.reset(1000);
    windows.sent(5, 999);
    EXPECT_TRUE(windows.open(5));
    windows.sent(6, 1);
    EXPECT_FALSE(windows.open(5)) << "one client's sessions share its window";
    EXPECT_TRUE(windows.open(0x0200'0000)) << "another client has its own";
    windows.credited(1, 1);
    EXPECT_TRUE(windows.open(5));
    // Credit for frames that were not counted is not saved up.
    windows.credited(1, 0xffff'ffff);
    windows.sent(5, 1000);
    EXPECT_FALSE(windows.open(5));
    windows.client_gone(1);
    EXPECT_TRUE(windows.open(5));
}

TEST(ClientWindows, CoverEveryId) {
    ClientWindows windows;
    windows.reset(10);
    for (const std::uint32_t id :
         {0U, 1U, 0x01ff'ffffU, 0x0200'0000U, 0xffff'fffeU, 0xffff'ffffU}) {
        windows.sent(id, 10);
        EXPECT_FALSE(windows.open(id)) << id;
        windows.credited(id, 10);
        EXPECT_TRUE(windows.open(id)) << id;
    }
}

class StdinPools : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(pool_->open().ok()); }

    std::string drain(Input& input) {
        std::string bytes;
        while (input.head != slot_none) {
            const ByteView head = pool_->head(input);
            const std::size_t piece = (head.size() + 1) / 2;
            bytes.append(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(piece));
            pool_->consume(input, piece);
        }
        return bytes;
    }

    std::unique_ptr<StdinPool> pool_ = std::make_unique<StdinPool>();
    Input input_ = input_closed;
};

TEST_F(StdinPools, GivesBackWhatWasAppendedInOrder) {
    std::string expected;
    for (std::size_t bytes : {1UL, 65'535UL, 65'536UL, 65'537UL, 200'000UL, 3UL}) {
        const std::string piece(bytes, static_cast<char>('a' + bytes % 26));
        ASSERT_TRUE(pool_->append(input_, as_bytes(piece)));
        expected += piece;
        EXPECT_EQ(input_.queued_bytes, expected.size());
    }
    EXPECT_EQ(drain(input_), expected);
    EXPECT_EQ(input_.queued_bytes, 0U);
    EXPECT_EQ(pool_->used_count(), 0U);
}

TEST_F(StdinPools, TakesASessionsLimitAndNotAByteMore) {
    const std::string most(limits::stdin_session_bytes_max, 'x');
    ASSERT_TRUE(pool_->append(input_, as_bytes(most)));
    EXPECT_FALSE(pool_->append(input_, as_bytes(std::string_view("y"))));
    EXPECT_EQ(input_.queued_bytes, most.size()) << "nothing of what was refused";
    EXPECT_EQ(drain(input_), most);
}

TEST_F(StdinPools, RefusesWhenAllSlotsAreTakenAndTakesAgainAfterwards) {
    std::array<Input, limits::stdin_slots + 1> inputs;
    inputs.fill(input_closed);
    for (std::uint32_t index = 0; index < limits::stdin_slots; ++index)
        ASSERT_TRUE(pool_->append(inputs[index], as_bytes(std::string_view("x"))));
    EXPECT_FALSE(pool_->append(inputs.back(), as_bytes(std::string_view("x"))));
    EXPECT_EQ(inputs.back().queued_bytes, 0U);
    // Room in a slot one already has is no new slot.
    EXPECT_TRUE(pool_->append(inputs[0], as_bytes(std::string_view("y"))));
    EXPECT_EQ(pool_->drop(inputs[3]), slot_none);
    EXPECT_TRUE(pool_->append(inputs.back(), as_bytes(std::string_view("x"))));
    EXPECT_EQ(drain(inputs[0]), "xy");
}

TEST_F(StdinPools, KeepsTheSlotThatIsBeingWrittenWhenTheRestIsDropped) {
    ASSERT_TRUE(pool_->append(input_, as_bytes(std::string(200'000, 'x'))));
    input_.writing = true;
    const std::uint32_t head = input_.head;
    EXPECT_EQ(pool_->drop(input_), head);
    EXPECT_EQ(pool_->used_count(), 1U);
    EXPECT_EQ(input_.queued_bytes, 0U);
    pool_->give_back(head);
    EXPECT_EQ(pool_->used_count(), 0U);
    EXPECT_TRUE(pool_->worth_trimming());
    pool_->trim();
    EXPECT_FALSE(pool_->worth_trimming());
}

class SessionTables : public testing::Test {
  protected:
    std::unique_ptr<SessionTable> table_ = std::make_unique<SessionTable>();
};

TEST_F(SessionTables, AreFoundByIdUntilRemoved) {
    const std::uint32_t slot = table_->add(42);
    EXPECT_EQ(table_->by_id.find(42), slot);
    EXPECT_EQ(table_->live_count(), 1U);
    const std::uint32_t generation = table_->generation[slot];
    table_->remove(slot);
    EXPECT_EQ(table_->by_id.find(42), slot_none);
    EXPECT_EQ(table_->live_count(), 0U);
    EXPECT_NE(table_->generation[slot], generation) << "late completions must not fit";
}

TEST_F(SessionTables, AreAsManyAsStated) {
    for (std::uint32_t id = 1; id <= SessionTable::capacity; ++id)
        ASSERT_NE(table_->add(id), slot_none);
    EXPECT_EQ(table_->add(9999), slot_none);
    table_->remove(table_->by_id.find(77));
    EXPECT_NE(table_->add(9999), slot_none);
}

TEST_F(SessionTables, ThatAreAbandonedLeaveTheirIdToTheNextHost) {
    const std::uint32_t old_slot = table_->add(42);
    table_->abandon(old_slot);
    table_->abandon(old_slot);
    const std::uint32_t new_slot = table_->add(42);
    ASSERT_NE(new_slot, old_slot);
    EXPECT_EQ(table_->by_id.find(42), new_slot);
    table_->remove(old_slot);
    EXPECT_EQ(table_->by_id.find(42), new_slot) << "the old one's end took the new one's id";
}

TEST(ShutdownSteps, GoFromTerminateToKillToDoneByTheClock) {
    Shutdown shutdown;
    EXPECT_FALSE(shutdown.running());
    shutdown.advance(1, false);
    EXPECT_EQ(shutdown.step(), Shutdown::Step::idle);
    shutdown.begin(1000, false);
    EXPECT_EQ(shutdown.step(), Shutdown::Step::terminate);
    const Nanoseconds deadline = shutdown.deadline();
    EXPECT_EQ(deadline, 1000 + limits::shutdown_grace_ns);
    shutdown.advance(deadline - 1, true);
    EXPECT_EQ(shutdown.step(), Shutdown::Step::terminate);
    shutdown.begin(deadline - 1, false);
    EXPECT_EQ(shutdown.deadline(), deadline) << "asking twice does not prolong it";
    shutdown.advance(deadline, true);
    EXPECT_EQ(shutdown.step(), Shutdown::Step::kill);
    shutdown.advance(shutdown.deadline(), true);
    EXPECT_EQ(shutdown.step(), Shutdown::Step::done);
    EXPECT_EQ(shutdown.deadline(), 0U);
}

TEST(ShutdownSteps, AreDoneAsSoonAsNothingIsLeft) {
    Shutdown shutdown;
    shutdown.begin(1000, false);
    shutdown.advance(1001, true);
    EXPECT_EQ(shutdown.step(), Shutdown::Step::terminate);
    shutdown.advance(1002, false);
    EXPECT_EQ(shutdown.step(), Shutdown::Step::done);
}

TEST(SpawnNames, CoverEveryStageAndTheUsualErrors) {
    std::set<std::string_view> names;
    for (int stage = 0; stage <= static_cast<int>(SpawnStage::done); ++stage)
        names.insert(name(static_cast<SpawnStage>(stage)));
    EXPECT_EQ(names.size(), static_cast<std::size_t>(SpawnStage::done) + 1);
    EXPECT_EQ(errno_name(ENOENT), "ENOENT");
    EXPECT_EQ(errno_name(ETXTBSY), "ETXTBSY");
    EXPECT_EQ(errno_name(0), "");
    EXPECT_EQ(errno_name(12345), "");
}

}  // namespace
}  // namespace pronto::agent
