// SPDX-License-Identifier: Apache-2.0
#include "core/cbor/writer.hpp"

#include <gtest/gtest.h>

#include "tests/support/hex.hpp"

namespace pronto::cbor {
namespace {

template <typename Write>
std::string written(Write write) {
    test::Buffer out(64);
    Writer writer(out);
    write(writer);
    EXPECT_TRUE(writer.ok());
    return test::hex(Bytes(out).first(writer.written()));
}

std::string of_unsigned(std::uint64_t value) {
    return written([&](Writer& writer) { writer.unsigned_integer(value); });
}

std::string of_integer(std::int64_t value) {
    return written([&](Writer& writer) { writer.integer(value); });
}

TEST(Writer, TakesTheShortestHeadOnBothSidesOfEveryBoundary) {
    EXPECT_EQ(of_unsigned(0), "00");
    EXPECT_EQ(of_unsigned(23), "17");
    EXPECT_EQ(of_unsigned(24), "1818");
    EXPECT_EQ(of_unsigned(0xff), "18ff");
    EXPECT_EQ(of_unsigned(0x100), "190100");
    EXPECT_EQ(of_unsigned(0xffff), "19ffff");
    EXPECT_EQ(of_unsigned(0x1'0000), "1a00010000");
    EXPECT_EQ(of_unsigned(0xffff'ffff), "1affffffff");
    EXPECT_EQ(of_unsigned(0x1'0000'0000), "1b0000000100000000");
    EXPECT_EQ(of_unsigned(UINT64_MAX), "1bffffffffffffffff");
}

TEST(Writer, WritesNegativeIntegersAsTheirComplement) {
    EXPECT_EQ(of_integer(-1), "20");
    EXPECT_EQ(of_integer(-24), "37");
    EXPECT_EQ(of_integer(-25), "3818");
    EXPECT_EQ(of_integer(INT64_MIN), "3b7fffffffffffffff");
    EXPECT_EQ(of_integer(INT64_MAX), "1b7fffffffffffffff");
}

TEST(Writer, WritesEveryKindOfItem) {
    const test::Buffer octets{1, 2};
    EXPECT_EQ(written([](Writer& writer) { writer.map(2); }), "a2");
    EXPECT_EQ(written([](Writer& writer) { writer.array(25); }), "9819");
    EXPECT_EQ(written([](Writer& writer) { writer.text("hi"); }), "626869");
    EXPECT_EQ(written([](Writer& writer) { writer.text(""); }), "60");
    EXPECT_EQ(written([&](Writer& writer) { writer.bytes(octets); }), "420102");
    EXPECT_EQ(written([](Writer& writer) { writer.bytes_head(300); }), "59012c");
    EXPECT_EQ(written([](Writer& writer) { writer.boolean(false); }), "f4");
    EXPECT_EQ(written([](Writer& writer) { writer.boolean(true); }), "f5");
    EXPECT_EQ(written([](Writer& writer) { writer.null(); }), "f6");
}

TEST(Writer, FillsABufferToItsLastByte) {
    test::Buffer out(3);
    Writer writer(out);
    writer.text("hi");
    EXPECT_TRUE(writer.ok());
    EXPECT_EQ(writer.written(), 3U);
}

TEST(Writer, OverflowsOneByteTooEarlyAndLeavesTheRestAlone) {
    test::Buffer out(4, 0xee);
    Writer writer(Bytes(out).first(2));
    writer.text("hi");
    EXPECT_FALSE(writer.ok());
    EXPECT_EQ(out[2], 0xee);
}

TEST(Writer, DropsWhatWouldFitAfterAnOverflow) {
    test::Buffer out(2, 0xee);
    Writer writer(out);
    writer.unsigned_integer(1000);
    writer.null();
    EXPECT_FALSE(writer.ok());
    EXPECT_EQ(test::hex(out), "eeee");
}

TEST(Writer, OverflowsAnEmptyBuffer) {
    Writer writer{Bytes{}};
    writer.null();
    EXPECT_FALSE(writer.ok());
}

TEST(HeadBytes, AgreesWithWhatIsWritten) {
    for (const std::uint64_t value : {0ULL, 23ULL, 24ULL, 255ULL, 256ULL, 65535ULL, 65536ULL,
                                      0xffff'ffffULL, 0x1'0000'0000ULL}) {
        EXPECT_EQ(head_bytes(value) * 2, of_unsigned(value).size()) << value;
    }
}

}  // namespace
}  // namespace pronto::cbor
