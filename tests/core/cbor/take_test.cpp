// SPDX-License-Identifier: Apache-2.0
// The second step of reading a string: `take_text`, `view_text`, `take_bytes`.
#include <gtest/gtest.h>

#include "core/cbor/reader.hpp"
#include "tests/support/hex.hpp"

namespace pronto::cbor {
namespace {

using test::Buffer;
using test::unhex;

Item text_in(Buffer& bytes) {
    Item item;
    Reader reader(bytes);
    EXPECT_TRUE(reader.text_item(item).ok());
    return item;
}

Item bytes_in(Buffer& bytes) {
    Item item;
    Reader reader(bytes);
    EXPECT_TRUE(reader.bytes_item(item).ok());
    return item;
}

void expect_c_string(std::string_view hex, std::string_view expected) {
    Buffer bytes = unhex(hex);
    const std::string_view text = take_text(text_in(bytes));
    EXPECT_EQ(text, expected) << hex;
    EXPECT_EQ(text.data()[text.size()], '\0') << hex;
    EXPECT_LT(text.data() + text.size(), as_text(bytes).data() + bytes.size()) << hex;
}

TEST(TakeText, TerminatesEveryFormWithinItsOwnBytes) {
    expect_c_string("60", "");
    expect_c_string("62'hi'", "hi");
    expect_c_string("78 02'hi'", "hi");
    expect_c_string("7b 0000000000000002'hi'", "hi");
    expect_c_string("d9d9f7 62'hi'", "hi");
    expect_c_string("7f ff", "");
    expect_c_string("7f 61'a' 60 62'bc' ff", "abc");
    expect_c_string("c1 7f 78 01'a' 7a 00000002'bc' ff", "abc");
}

TEST(TakeText, LeavesTheNextItemAlone) {
    Buffer bytes = unhex("62'hi' 07");
    take_text(text_in(bytes));
    EXPECT_EQ(bytes.back(), 7);
}

TEST(TakeText, KeepsEmbeddedNuls) {
    Buffer bytes = unhex("63'a'00'b'");
    EXPECT_EQ(take_text(text_in(bytes)).size(), 3U);
}

TEST(TakeText, TakesTheElementsOfAnArrayOneByOne) {
    Buffer bytes = unhex("83 61'a' 7f 61'b' 61'c' ff 60");
    Reader reader(bytes);
    Array array;
    ASSERT_TRUE(reader.array(array).ok());
    const std::string_view first = take_text(next(array));
    const std::string_view second = take_text(next(array));
    const std::string_view third = take_text(next(array));
    EXPECT_STREQ(first.data(), "a");
    EXPECT_STREQ(second.data(), "bc");
    EXPECT_STREQ(third.data(), "");
}

TEST(ViewText, LeavesADefiniteStringAsItWas) {
    Buffer bytes = unhex("c1 62'hi'");
    const Buffer before = bytes;
    const Item item = text_in(bytes);
    EXPECT_TRUE(contiguous(item));
    EXPECT_EQ(view_text(item), "hi");
    EXPECT_EQ(bytes, before);
}

TEST(ViewText, JoinsChunks) {
    Buffer bytes = unhex("7f 61'a' 62'bc' ff");
    const Item item = text_in(bytes);
    EXPECT_FALSE(contiguous(item));
    EXPECT_EQ(view_text(item), "abc");
}

TEST(TakeBytes, LeavesADefiniteStringAsItWas) {
    Buffer bytes = unhex("d840 43010203");
    const Buffer before = bytes;
    const Item item = bytes_in(bytes);
    EXPECT_TRUE(contiguous(item));
    EXPECT_EQ(test::hex(take_bytes(item)), "010203");
    EXPECT_EQ(bytes, before);
}

std::string taken_bytes(std::string_view hex) {
    Buffer bytes = unhex(hex);
    const Item item = bytes_in(bytes);
    EXPECT_FALSE(contiguous(item)) << hex;
    return test::hex(take_bytes(item));
}

TEST(TakeBytes, JoinsChunks) {
    EXPECT_EQ(taken_bytes("5f ff"), "");
    EXPECT_EQ(taken_bytes("5f 4101 40 420203 ff"), "010203");
    EXPECT_EQ(taken_bytes("d840 5f 4101 ff"), "01");
}

TEST(TakeBytes, PacksArraysOfOctets) {
    EXPECT_EQ(taken_bytes("80"), "");
    EXPECT_EQ(taken_bytes("83 01 18ff 02"), "01ff02");
    EXPECT_EQ(taken_bytes("9f 01 1900ff c24102 ff"), "01ff02");
    EXPECT_EQ(taken_bytes("d840 98 02 17 1818"), "1718");
}

}  // namespace
}  // namespace pronto::cbor
