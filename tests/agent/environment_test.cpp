// SPDX-License-Identifier: Apache-2.0
#include "agent/environment.hpp"

#include <errno.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/wire/exec.hpp"

namespace pronto::agent {
namespace {

class EnvironmentTest : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(memory_.open().ok()); }

    Status build(const std::vector<std::string>& entries, const EnvironmentDefaults& defaults) {
        std::vector<std::string_view> views(entries.begin(), entries.end());
        payload_.resize(256);
        for (const std::string& entry : entries)
            payload_.resize(payload_.size() + entry.size() + 8);
        cbor::Writer writer(payload_);
        wire::encode(writer, wire::ExecCommand{.command = "x", .environment = views});
        EXPECT_TRUE(writer.ok());
        wire::ExecRequest request;
        EXPECT_TRUE(wire::decode(Bytes(payload_).first(writer.written()), request).ok());
        memory_.reset();
        return build_environment(request.environment, defaults, memory_, environment_);
    }

    /// What a program would see.
    std::map<std::string, std::string> entries() const {
        std::map<std::string, std::string> found;
        for (char** entry = environment_.entries; *entry != nullptr; ++entry) {
            const std::string text = *entry;
            const std::size_t equals = text.find('=');
            EXPECT_TRUE(found.emplace(text.substr(0, equals), text.substr(equals + 1)).second)
                << text << " comes twice";
        }
        return found;
    }

    SpawnMemory memory_;
    Environment environment_;
    std::vector<std::uint8_t> payload_;
};

using Entries = std::map<std::string, std::string>;

TEST_F(EnvironmentTest, HasDefaultsWhereTheRequestHasNone) {
    ASSERT_TRUE(build({}, {"/root", true}).ok());
    EXPECT_EQ(entries(),
              (Entries{{"HOME", "/root"}, {"PATH", std::string(path_default)}, {"TERM", "xterm"}}));
    EXPECT_EQ(environment_.path, path_default);
    ASSERT_TRUE(build({}, {}).ok());
    EXPECT_EQ(entries(), (Entries{{"PATH", std::string(path_default)}}));
}

TEST_F(EnvironmentTest, HasTheRequestsOwnWhereItHasThem) {
    ASSERT_TRUE(build({"PATH=/mine", "HOME=/there", "TERM=vt100"}, {"/root", true}).ok());
    EXPECT_EQ(entries(), (Entries{{"HOME", "/there"}, {"PATH", "/mine"}, {"TERM", "vt100"}}));
    EXPECT_EQ(environment_.path, "/mine");
}

TEST_F(EnvironmentTest, HasTheLastOfAKey) {
    ASSERT_TRUE(build({"A=1", "B=x", "A=2", "A=", "AA=3"}, {}).ok());
    const Entries found = entries();
    EXPECT_EQ(found.at("A"), "");
    EXPECT_EQ(found.at("AA"), "3");
    EXPECT_EQ(found.at("B"), "x");
}

TEST_F(EnvironmentTest, LeavesOutWhatIsNoVariable) {
    ASSERT_TRUE(build({"novalue", "=x", "", "GOOD=a=b"}, {}).ok());
    EXPECT_EQ(entries().size(), 2U);
    EXPECT_EQ(entries().at("GOOD"), "a=b");
}

TEST_F(EnvironmentTest, WithANulIsRefused) {
    EXPECT_EQ(build({std::string("A=b\0c", 5)}, {}).system_errno, EINVAL);
}

TEST_F(EnvironmentTest, HoldsManyAndRefusesMoreThanItsMemory) {
    std::vector<std::string> many;
    for (int index = 0; index < 16'000; ++index)
        many.push_back("KEY" + std::to_string(index) + "=" + std::to_string(index));
    ASSERT_TRUE(build(many, {}).ok());
    EXPECT_EQ(entries().size(), many.size() + 1);
    EXPECT_EQ(entries().at("KEY15999"), "15999");
    for (int index = 16'000; index < 40'000; ++index)
        many.push_back("KEY" + std::to_string(index) + "=");
    EXPECT_EQ(build(many, {}).system_errno, E2BIG);
}

TEST(SpawnMemory, HandsOutTextsUntilItIsFull) {
    SpawnMemory memory;
    ASSERT_TRUE(memory.open().ok());
    EXPECT_STREQ(memory.text("a", "/", "b"), "a/b");
    const std::string large(limits::spawn_text_bytes - 10, 'x');
    EXPECT_NE(memory.text(large, ""), nullptr);
    EXPECT_EQ(memory.text("0123456789", ""), nullptr);
    EXPECT_EQ(memory.pointers(limits::spawn_pointers_max + 1), nullptr);
    EXPECT_NE(memory.pointers(limits::spawn_pointers_max), nullptr);
    EXPECT_EQ(memory.pointers(1), nullptr);
    memory.reset();
    EXPECT_NE(memory.pointers(1), nullptr);
}

}  // namespace
}  // namespace pronto::agent
