// SPDX-License-Identifier: Apache-2.0
#include "core/cbor/reader.hpp"

#include <gtest/gtest.h>

#include "core/units.hpp"
#include "tests/support/hex.hpp"

namespace pronto::cbor {
namespace {

using test::Buffer;
using test::unhex;

// A reader over bytes of its own.
struct Input {
    explicit Input(std::string_view hex) : bytes(unhex(hex)), reader(bytes) {}

    bool at_end() const { return reader.rest().empty(); }

    Buffer bytes;
    Reader reader;
};

Code unsigned_code(std::string_view hex, std::uint64_t maximum, std::uint64_t& value) {
    Input input(hex);
    const Status status = input.reader.unsigned_integer(maximum, value);
    if (status.ok()) {
        EXPECT_TRUE(input.at_end()) << hex;
    }
    return status.code;
}

std::uint64_t unsigned_of(std::string_view hex) {
    std::uint64_t value = 0;
    EXPECT_EQ(unsigned_code(hex, UINT64_MAX, value), Code::ok) << hex;
    return value;
}

Code unsigned_error(std::string_view hex, std::uint64_t maximum = UINT64_MAX) {
    std::uint64_t value = 0;
    return unsigned_code(hex, maximum, value);
}

std::int64_t integer_of(std::string_view hex) {
    Input input(hex);
    std::int64_t value = 0;
    EXPECT_EQ(input.reader.integer(INT64_MIN, INT64_MAX, value).code, Code::ok) << hex;
    EXPECT_TRUE(input.at_end()) << hex;
    return value;
}

Code integer_error(std::string_view hex, std::int64_t minimum, std::int64_t maximum) {
    Input input(hex);
    std::int64_t value = 0;
    return input.reader.integer(minimum, maximum, value).code;
}

TEST(Reader, ReadsUnsignedIntegersOfEveryWidth) {
    EXPECT_EQ(unsigned_of("17"), 23U);
    EXPECT_EQ(unsigned_of("1818"), 24U);
    EXPECT_EQ(unsigned_of("19ffff"), 0xffffU);
    EXPECT_EQ(unsigned_of("1affffffff"), 0xffff'ffffU);
    EXPECT_EQ(unsigned_of("1bffffffffffffffff"), UINT64_MAX);
}

TEST(Reader, ReadsBignumsThatFit) {
    EXPECT_EQ(unsigned_of("c2 40"), 0U);
    EXPECT_EQ(unsigned_of("c2 4101"), 1U);
    EXPECT_EQ(unsigned_of("c2 48ffffffffffffffff"), UINT64_MAX);
    EXPECT_EQ(unsigned_of("c2 4a 0000 0000000000000007"), 7U);
    EXPECT_EQ(unsigned_of("c2 5f 4101 4102 ff"), 0x102U);
    EXPECT_EQ(integer_of("c3 4101"), -2);
}

TEST(Reader, RejectsBignumsThatDoNotFit) {
    EXPECT_EQ(unsigned_error("c2 49 010000000000000000"), Code::out_of_range);
    EXPECT_EQ(unsigned_error("c3 4101"), Code::out_of_range);
    EXPECT_EQ(integer_error("c2 488000000000000000", INT64_MIN, INT64_MAX), Code::out_of_range);
    EXPECT_EQ(unsigned_error("c2 43 0101"), Code::cbor_malformed);
}

TEST(Reader, TakesAByteStringForAnIntegerOnlyBehindABignumTag) {
    EXPECT_EQ(unsigned_error("4101"), Code::cbor_type);
    EXPECT_EQ(unsigned_error("d840 4101"), Code::cbor_type);
    EXPECT_EQ(unsigned_error("c2 6101"), Code::cbor_type);
}

TEST(Reader, ChecksTheMaximumFromBothSides) {
    std::uint64_t value = 0;
    EXPECT_EQ(unsigned_code("18ff", 255, value), Code::ok);
    EXPECT_EQ(unsigned_code("190100", 255, value), Code::out_of_range);
    EXPECT_EQ(unsigned_code("20", 255, value), Code::out_of_range);
}

TEST(Reader, ReadsSignedIntegersToTheirLimits) {
    EXPECT_EQ(integer_of("20"), -1);
    EXPECT_EQ(integer_of("3b7fffffffffffffff"), INT64_MIN);
    EXPECT_EQ(integer_of("1b7fffffffffffffff"), INT64_MAX);
    EXPECT_EQ(integer_error("3b8000000000000000", INT64_MIN, INT64_MAX), Code::out_of_range);
    EXPECT_EQ(integer_error("1b8000000000000000", INT64_MIN, INT64_MAX), Code::out_of_range);
    EXPECT_EQ(integer_error("24", -4, 4), Code::out_of_range);
    EXPECT_EQ(integer_error("23", -4, 4), Code::ok);
    EXPECT_EQ(integer_error("05", -4, 4), Code::out_of_range);
}

TEST(Reader, RejectsOtherTypesForIntegers) {
    for (const std::string_view other :
         {"6131", "80", "a0", "f4", "f6", "f93c00", "fb3ff0000000000000"}) {
        EXPECT_EQ(unsigned_error(other), Code::cbor_type) << other;
    }
    EXPECT_EQ(unsigned_error("ff"), Code::cbor_malformed);
    EXPECT_EQ(unsigned_error(""), Code::cbor_malformed);
    EXPECT_EQ(unsigned_error("18"), Code::cbor_malformed);
}

TEST(Reader, ReadsBooleansAndNothingElseAsSuch) {
    Input input("f4 d9d9f7f5 f6 f814 ff");
    bool value = true;
    EXPECT_TRUE(input.reader.boolean(value).ok());
    EXPECT_FALSE(value);
    EXPECT_TRUE(input.reader.boolean(value).ok());
    EXPECT_TRUE(value);
    EXPECT_EQ(input.reader.boolean(value).code, Code::cbor_type);
    EXPECT_EQ(input.reader.boolean(value).code, Code::cbor_malformed);
}

TEST(Reader, TakesNullAndUndefinedAndLeavesTheRest) {
    Input input("f6 f7 d9d9f7f6 f4");
    EXPECT_TRUE(input.reader.take_null());
    EXPECT_TRUE(input.reader.take_null());
    EXPECT_TRUE(input.reader.take_null());
    EXPECT_FALSE(input.reader.take_null());
    EXPECT_EQ(input.reader.position(), 6U);
}

TEST(Reader, FollowsTagsToTheLimitAndNoFurther) {
    Buffer tagged = test::repeated("", 0xc1, depth_max);
    tagged.push_back(7);
    std::uint64_t value = 0;
    EXPECT_TRUE(Reader(tagged).unsigned_integer(9, value).ok());
    EXPECT_EQ(value, 7U);
    tagged.insert(tagged.begin(), 0xc1);
    EXPECT_EQ(Reader(tagged).unsigned_integer(9, value).code, Code::cbor_depth);
    EXPECT_FALSE(Reader(tagged).take_null());
}

TEST(Reader, HandsOutTheKeysOfAMap) {
    Input input("a2 61'a' 01 42'bc' 02 07");
    std::string_view key;
    bool found = false;
    ASSERT_TRUE(input.reader.enter_map().ok());
    ASSERT_TRUE(input.reader.next_key(key, found).ok());
    EXPECT_EQ(key, "a");
    ASSERT_TRUE(input.reader.skip().ok());
    ASSERT_TRUE(input.reader.next_key(key, found).ok());
    EXPECT_EQ(key, "bc");
    ASSERT_TRUE(input.reader.skip().ok());
    ASSERT_TRUE(input.reader.next_key(key, found).ok());
    EXPECT_FALSE(found);
    EXPECT_EQ(test::hex(input.reader.rest()), "07");
}

TEST(Reader, EndsAnIndefiniteMapBehindItsBreak) {
    Input input("bf 61'a' 01 ff 07");
    std::string_view key;
    bool found = false;
    ASSERT_TRUE(input.reader.enter_map().ok());
    ASSERT_TRUE(input.reader.next_key(key, found).ok());
    ASSERT_TRUE(input.reader.skip().ok());
    ASSERT_TRUE(input.reader.next_key(key, found).ok());
    EXPECT_FALSE(found);
    EXPECT_EQ(test::hex(input.reader.rest()), "07");
    ASSERT_TRUE(input.reader.next_key(key, found).ok());
    EXPECT_FALSE(found);
}

Code first_key_code(std::string_view hex) {
    Input input(hex);
    std::string_view key;
    bool found = false;
    const Status status = input.reader.enter_map();
    return status.ok() ? input.reader.next_key(key, found).code : status.code;
}

TEST(Reader, RejectsKeysThatAreNotStringsInOnePiece) {
    EXPECT_EQ(first_key_code("a1 00 00"), Code::cbor_type);
    EXPECT_EQ(first_key_code("a1 f6 00"), Code::cbor_type);
    EXPECT_EQ(first_key_code("a1 7f 61'a' ff 00"), Code::cbor_type);
    EXPECT_EQ(first_key_code("a1 ff 00"), Code::cbor_malformed);
    EXPECT_EQ(first_key_code("bf c1 ff 00"), Code::cbor_malformed);
    EXPECT_EQ(first_key_code("bf dbffffffffffffffff ff 00"), Code::cbor_malformed);
    EXPECT_EQ(first_key_code("a1 62'a'"), Code::cbor_malformed);
    EXPECT_EQ(first_key_code("a1"), Code::cbor_malformed);
    EXPECT_EQ(first_key_code("bf"), Code::cbor_malformed);
}

TEST(Reader, RejectsMapsThatAreNone) {
    EXPECT_EQ(first_key_code("80"), Code::cbor_type);
    EXPECT_EQ(first_key_code("f6"), Code::cbor_type);
    EXPECT_EQ(first_key_code(""), Code::cbor_malformed);
    EXPECT_EQ(first_key_code("bbffffffffffffffff 00"), Code::cbor_malformed);
}

TEST(Reader, RemembersTextWithItsTags) {
    Input input("d9d9f7 62'hi' 00");
    Item item;
    ASSERT_TRUE(input.reader.text_item(item).ok());
    EXPECT_TRUE(item.present());
    EXPECT_EQ(test::hex(item.encoded), "d9d9f7626869");
}

Code text_code(std::string_view hex) {
    Input input(hex);
    Item item;
    const Code code = input.reader.text_item(item).code;
    EXPECT_EQ(item.present(), code == Code::ok) << hex;
    return code;
}

TEST(Reader, RejectsTextThatIsNone) {
    EXPECT_EQ(text_code("4161"), Code::cbor_type);
    EXPECT_EQ(text_code("01"), Code::cbor_type);
    EXPECT_EQ(text_code("f6"), Code::cbor_type);
    EXPECT_EQ(text_code("ff"), Code::cbor_malformed);
    EXPECT_EQ(text_code("62'a'"), Code::cbor_malformed);
    EXPECT_EQ(text_code("7f 61'a'"), Code::cbor_malformed);
    EXPECT_EQ(text_code("7f 4161 ff"), Code::cbor_malformed);
}

TEST(Reader, RejectsTextThatIsNotUtf8) {
    EXPECT_EQ(text_code("61ff"), Code::cbor_type);
    EXPECT_EQ(text_code("62c3a9"), Code::ok);
    EXPECT_EQ(text_code("7f 62c3a9 ff"), Code::ok);
    // A character in two chunks.
    EXPECT_EQ(text_code("7f 61c3 61a9 ff"), Code::cbor_type);
}

Code bytes_code(std::string_view hex) {
    Input input(hex);
    Item item;
    const Code code = input.reader.bytes_item(item).code;
    EXPECT_EQ(item.present(), code == Code::ok) << hex;
    if (code == Code::ok) {
        EXPECT_TRUE(input.at_end()) << hex;
    }
    return code;
}

TEST(Reader, AcceptsBytesInEveryForm) {
    EXPECT_EQ(bytes_code("40"), Code::ok);
    EXPECT_EQ(bytes_code("d840 420102"), Code::ok);
    EXPECT_EQ(bytes_code("5f 4101 4102 ff"), Code::ok);
    EXPECT_EQ(bytes_code("82 01 18ff"), Code::ok);
    EXPECT_EQ(bytes_code("9f 01 18ff ff"), Code::ok);
    EXPECT_EQ(bytes_code("81 c24107"), Code::ok);
}

TEST(Reader, RejectsBytesThatAreNone) {
    EXPECT_EQ(bytes_code("6161"), Code::cbor_type);
    EXPECT_EQ(bytes_code("a0"), Code::cbor_type);
    EXPECT_EQ(bytes_code("f6"), Code::cbor_type);
    EXPECT_EQ(bytes_code("81 190100"), Code::out_of_range);
    EXPECT_EQ(bytes_code("81 20"), Code::out_of_range);
    EXPECT_EQ(bytes_code("81 6161"), Code::cbor_type);
    EXPECT_EQ(bytes_code("82 01"), Code::cbor_malformed);
    EXPECT_EQ(bytes_code("9f 01"), Code::cbor_malformed);
    EXPECT_EQ(bytes_code("9bffffffffffffffff"), Code::cbor_malformed);
    EXPECT_EQ(bytes_code("42 01"), Code::cbor_malformed);
}

TEST(Reader, IteratesArraysFrontToBack) {
    for (const std::string_view form : {"83 01 62'hi' 80 07", "9f 01 62'hi' 80 ff 07"}) {
        Input input(form);
        Array array;
        ASSERT_TRUE(input.reader.array(array).ok());
        EXPECT_EQ(test::hex(input.reader.rest()), "07");
        ASSERT_EQ(array.count, 3U);
        EXPECT_EQ(test::hex(next(array).encoded), "01");
        EXPECT_EQ(test::hex(next(array).encoded), "626869");
        EXPECT_EQ(test::hex(next(array).encoded), "80");
        EXPECT_EQ(array.count, 0U);
        EXPECT_TRUE(array.rest.empty());
    }
}

Code array_code(std::string_view hex) {
    Input input(hex);
    Array array;
    return input.reader.array(array).code;
}

TEST(Reader, RejectsArraysThatAreNone) {
    EXPECT_EQ(array_code("a0"), Code::cbor_type);
    EXPECT_EQ(array_code("420102"), Code::cbor_type);
    EXPECT_EQ(array_code("f6"), Code::cbor_type);
    EXPECT_EQ(array_code("81"), Code::cbor_malformed);
    EXPECT_EQ(array_code("81 ff"), Code::cbor_malformed);
    EXPECT_EQ(array_code("9f 01"), Code::cbor_malformed);
    EXPECT_EQ(array_code("9affffffff 00"), Code::cbor_malformed);
}

TEST(Reader, RejoinsBehindANestedRecord) {
    Input input("a2 61'a' a1 61'x' 01 61'b' 02");
    std::string_view key;
    bool found = false;
    ASSERT_TRUE(input.reader.enter_map().ok());
    ASSERT_TRUE(input.reader.next_key(key, found).ok());
    Reader nested = input.reader.sub();
    ASSERT_TRUE(nested.enter_map().ok());
    ASSERT_TRUE(nested.next_key(key, found).ok());
    EXPECT_EQ(key, "x");
    ASSERT_TRUE(nested.skip().ok());
    ASSERT_TRUE(nested.next_key(key, found).ok());
    input.reader.rejoin(nested);
    ASSERT_TRUE(input.reader.next_key(key, found).ok());
    EXPECT_TRUE(found);
    EXPECT_EQ(key, "b");
}

}  // namespace
}  // namespace pronto::cbor
