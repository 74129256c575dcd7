// SPDX-License-Identifier: Apache-2.0
#include "core/cbor/skip.hpp"

#include <gtest/gtest.h>

#include "core/units.hpp"
#include "tests/support/hex.hpp"

namespace pronto::cbor {
namespace {

using test::Buffer;
using test::repeated;
using test::unhex;

Code skipped(const Buffer& input, std::size_t& position) {
    position = 0;
    return skip_item(input, position).code;
}

Code skipped(const Buffer& input) {
    std::size_t position = 0;
    return skipped(input, position);
}

// One whole item and nothing else; and no strict prefix of it is one.
void expect_one_item(std::string_view hex) {
    const Buffer input = unhex(hex);
    std::size_t position = 0;
    EXPECT_EQ(skipped(input, position), Code::ok) << hex;
    EXPECT_EQ(position, input.size()) << hex;
    for (std::size_t bytes = 0; bytes < input.size(); ++bytes) {
        EXPECT_EQ(skipped(test::copy(ByteView(input).first(bytes))), Code::cbor_malformed) << hex;
    }
}

void expect_malformed(std::string_view hex) {
    EXPECT_EQ(skipped(unhex(hex)), Code::cbor_malformed) << hex;
}

TEST(SkipItem, PassesIntegersOfEveryWidth) {
    expect_one_item("00");
    expect_one_item("18ff");
    expect_one_item("190001");
    expect_one_item("1a00000001");
    expect_one_item("1b0000000000000001");
    expect_one_item("3bffffffffffffffff");
}

TEST(SkipItem, PassesStringsAndTheirChunks) {
    expect_one_item("60");
    expect_one_item("43010203");
    expect_one_item("78 03'abc'");
    expect_one_item("7f ff");
    expect_one_item("7f 61'a' 60 62'bc' ff");
    expect_one_item("5f 4101 5800 ff");
}

TEST(SkipItem, PassesContainers) {
    expect_one_item("80");
    expect_one_item("a0");
    expect_one_item("83 01 80 a0");
    expect_one_item("a1 61'a' 82 01 02");
    expect_one_item("9f ff");
    expect_one_item("9f 01 9f ff ff");
    expect_one_item("bf ff");
    expect_one_item("bf 61'a' 01 61'b' bf ff ff");
    expect_one_item("a1 9f ff bf ff");
}

TEST(SkipItem, PassesTagsSimpleValuesAndFloats) {
    expect_one_item("d9d9f7 80");
    expect_one_item("c0 c1 00");
    expect_one_item("f4");
    expect_one_item("f7");
    expect_one_item("e0");
    expect_one_item("f820");
    expect_one_item("f93c00");
    expect_one_item("fa00000000");
    expect_one_item("fb0000000000000000");
}

TEST(SkipItem, StopsBehindTheFirstItem) {
    std::size_t position = 0;
    EXPECT_EQ(skipped(unhex("8101 00"), position), Code::ok);
    EXPECT_EQ(position, 2U);
}

TEST(SkipItem, StartsWhereItIsTold) {
    std::size_t position = 1;
    EXPECT_EQ(skip_item(unhex("ff 8101"), position).code, Code::ok);
    EXPECT_EQ(position, 3U);
}

TEST(SkipItem, RejectsReservedHeads) {
    expect_malformed("1c 00");
    expect_malformed("1d 00");
    expect_malformed("1e 00");
    expect_malformed("1f 00");
    expect_malformed("3f 00");
    expect_malformed("df 00");
    expect_malformed("f81f");
    expect_malformed("fc");
}

TEST(SkipItem, RejectsABreakWithNothingOpen) { expect_malformed("ff"); }

TEST(SkipItem, RejectsABreakInADefiniteContainer) {
    expect_malformed("81 ff");
    expect_malformed("a1 00 ff");
    expect_malformed("9f 81 ff ff");
}

TEST(SkipItem, RejectsABreakInPlaceOfATagsContent) {
    expect_malformed("c0 ff");
    expect_malformed("9f c0 ff");
}

TEST(SkipItem, RejectsABreakBetweenKeyAndValue) { expect_malformed("bf 61'a' ff"); }

TEST(SkipItem, RejectsChunksOfAnotherType) {
    expect_malformed("7f 4161 ff");
    expect_malformed("5f 6161 ff");
    expect_malformed("5f 01 ff");
}

TEST(SkipItem, RejectsChunksWithinChunks) { expect_malformed("7f 7f 61'a' ff ff"); }

TEST(SkipItem, RejectsCountsThatOverflowAnything) {
    expect_malformed("9bffffffffffffffff 00");
    expect_malformed("bbffffffffffffffff 00");
    expect_malformed("bb8000000000000001 00");
    expect_malformed("5bffffffffffffffff 00");
    expect_malformed("7f 7bffffffffffffffff 00");
    expect_malformed("9affffffff 00");
}

TEST(SkipItem, FollowsNestingToTheLimitAndNoFurther) {
    for (const std::uint8_t opener : {std::uint8_t{0x81}, std::uint8_t{0xc1}, std::uint8_t{0xd8}}) {
        // 0xd8 opens a tag whose number is the next opener, so that every second byte nests.
        const std::size_t bytes_per_level = opener == 0xd8 ? 2 : 1;
        Buffer deep = repeated("", opener, static_cast<std::size_t>(depth_max) * bytes_per_level);
        deep.push_back(0);
        EXPECT_EQ(skipped(deep), Code::ok) << int{opener};
        deep.insert(deep.begin(), bytes_per_level, opener);
        EXPECT_EQ(skipped(deep), Code::cbor_depth) << int{opener};
    }
}

TEST(SkipItem, FollowsIndefiniteNestingToTheLimitAndNoFurther) {
    Buffer deep = repeated("", 0x9f, depth_max);
    deep.insert(deep.end(), depth_max, 0xff);
    EXPECT_EQ(skipped(deep), Code::ok);
    deep.insert(deep.begin(), 0x9f);
    deep.push_back(0xff);
    EXPECT_EQ(skipped(deep), Code::cbor_depth);
}

TEST(SkipItem, GivesUpAtOnceOnHostileNesting) {
    EXPECT_EQ(skipped(repeated("", 0x81, 4 * MiB)), Code::cbor_depth);
    EXPECT_EQ(skipped(repeated("", 0x9f, 4 * MiB)), Code::cbor_depth);
    EXPECT_EQ(skipped(repeated("", 0xbf, 4 * MiB)), Code::cbor_depth);
    EXPECT_EQ(skipped(repeated("", 0xc0, 4 * MiB)), Code::cbor_depth);
}

TEST(SkipItem, PassesFourMebibytesOfSmallItemsInOneSweep) {
    // A quadratic walk over four million items would not end within the test's time limit.
    Buffer flat = repeated("9f", 0x80, 4 * MiB);
    EXPECT_EQ(skipped(flat), Code::cbor_malformed);
    flat.push_back(0xff);
    EXPECT_EQ(skipped(flat), Code::ok);
    Buffer chunks = repeated("5f", 0x40, 4 * MiB);
    chunks.push_back(0xff);
    EXPECT_EQ(skipped(chunks), Code::ok);
}

}  // namespace
}  // namespace pronto::cbor
