// SPDX-License-Identifier: Apache-2.0
#include "core/wire/profile.hpp"

#include <gtest/gtest.h>

namespace pronto::wire {
namespace {

Profile profile(std::string_view name) {
    const std::optional<Profile> found = find_profile(name);
    EXPECT_TRUE(found.has_value()) << name;
    return found.value_or(Profile{});
}

TEST(Profiles, OnlyTheOldestHasNoHeader) {
    EXPECT_EQ(profile("0.3").framing, Framing::headerless);
    for (const std::string_view name : {"0.4", "0.5", "0.6", "0.7"}) {
        EXPECT_EQ(profile(name).framing, Framing::header) << name;
    }
}

TEST(Profiles, HaveTheirGenerations) {
    EXPECT_EQ(profile("0.3").generation, 1);
    EXPECT_EQ(profile("0.4").generation, 1);
    EXPECT_EQ(profile("0.5").generation, 3);
    EXPECT_EQ(profile("0.6").generation, 6);
    EXPECT_EQ(profile("0.7").generation, 7);
}

TEST(Profiles, OnlyTheNewestWaitsForBootstrap) {
    EXPECT_TRUE(profile("0.7").waits_for_bootstrap);
    for (const std::string_view name : {"0.3", "0.4", "0.5", "0.6"}) {
        EXPECT_FALSE(profile(name).waits_for_bootstrap) << name;
    }
}

TEST(Profiles, HandshakeAndHandlesCameTogether) {
    for (const std::string_view name : {"0.3", "0.4"}) {
        EXPECT_FALSE(profile(name).init_handshake) << name;
        EXPECT_EQ(profile(name).files, FileForm::path) << name;
    }
    for (const std::string_view name : {"0.5", "0.6", "0.7"}) {
        EXPECT_TRUE(profile(name).init_handshake) << name;
        EXPECT_EQ(profile(name).files, FileForm::handle) << name;
    }
}

TEST(Profiles, ErrorsAndVersionsCameTogether) {
    for (const std::string_view name : {"0.3", "0.4", "0.5"}) {
        EXPECT_FALSE(profile(name).answers_errors) << name;
        EXPECT_FALSE(profile(name).agent_version) << name;
    }
    for (const std::string_view name : {"0.6", "0.7"}) {
        EXPECT_TRUE(profile(name).answers_errors) << name;
        EXPECT_TRUE(profile(name).agent_version) << name;
    }
}

TEST(Profiles, DefaultIsARowOfTheTable) {
    EXPECT_EQ(profile_default.name, "0.6");
    EXPECT_EQ(profile_default.generation, profile("0.6").generation);
}

TEST(Profiles, RefusesOtherNames) {
    EXPECT_FALSE(find_profile(""));
    EXPECT_FALSE(find_profile("0.2"));
    EXPECT_FALSE(find_profile("0.66"));
}

}  // namespace
}  // namespace pronto::wire
