// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"

#include <gtest/gtest.h>

#include "tests/support/hex.hpp"

namespace pronto {
namespace {

bool valid(std::string_view hex) { return is_utf8(test::unhex(hex)); }

TEST(IsUtf8, AcceptsNothingAtAll) { EXPECT_TRUE(valid("")); }

TEST(IsUtf8, AcceptsAsciiOfEveryLengthAroundAWord) {
    for (std::size_t count = 0; count <= 33; ++count) {
        EXPECT_TRUE(is_utf8(test::repeated("", 'a', count))) << count;
    }
}

TEST(IsUtf8, FindsOneBadByteAtEveryPlaceOfAWord) {
    for (std::size_t at = 0; at < 33; ++at) {
        test::Buffer text = test::repeated("", 'a', 33);
        text[at] = 0x80;
        EXPECT_FALSE(is_utf8(text)) << at;
    }
}

TEST(IsUtf8, AcceptsNul) { EXPECT_TRUE(valid("61 00 62")); }

TEST(IsUtf8, AcceptsTheFirstAndLastCharacterOfEveryLength) {
    EXPECT_TRUE(valid("c280 dfbf"));
    EXPECT_TRUE(valid("e0a080 efbfbf"));
    EXPECT_TRUE(valid("f0908080 f48fbfbf"));
}

TEST(IsUtf8, AcceptsTheNeighboursOfSurrogates) { EXPECT_TRUE(valid("ed9fbf ee8080")); }

TEST(IsUtf8, RejectsSurrogates) {
    EXPECT_FALSE(valid("eda080"));
    EXPECT_FALSE(valid("edbfbf"));
}

TEST(IsUtf8, RejectsOverlongForms) {
    EXPECT_FALSE(valid("c080"));
    EXPECT_FALSE(valid("c1bf"));
    EXPECT_FALSE(valid("e09fbf"));
    EXPECT_FALSE(valid("f08fbfbf"));
}

TEST(IsUtf8, RejectsWhatLiesAboveTheLastCharacter) {
    EXPECT_FALSE(valid("f4908080"));
    EXPECT_FALSE(valid("f5808080"));
    EXPECT_FALSE(valid("ff"));
}

TEST(IsUtf8, RejectsAContinuationWithoutALead) { EXPECT_FALSE(valid("61 80")); }

TEST(IsUtf8, RejectsCharactersCutShort) {
    EXPECT_FALSE(valid("c3"));
    EXPECT_FALSE(valid("e282"));
    EXPECT_FALSE(valid("f09f98"));
}

TEST(IsUtf8, RejectsALeadInPlaceOfAContinuation) {
    EXPECT_FALSE(valid("c3c3"));
    EXPECT_FALSE(valid("e282c2"));
    EXPECT_FALSE(valid("f09f9861"));
}

}  // namespace
}  // namespace pronto
