// SPDX-License-Identifier: Apache-2.0
#include "core/wire/frame.hpp"

#include <gtest/gtest.h>

#include "tests/support/vectors.hpp"

namespace pronto::wire {
namespace {

using test::Buffer;

Buffer frame_of_length(std::uint32_t length) {
    Buffer frame(length_field_bytes + std::size_t{length});
    store_be(frame.data(), length);
    return frame;
}

TEST(ScanFrame, ReadsHeaderAndBody) {
    Buffer frame = test::unhex("00000007 01020304 05 aabb");
    const Scanned scanned = scan_frame(frame);
    ASSERT_EQ(scanned.outcome, Scan::frame);
    EXPECT_EQ(scanned.wire_bytes, 11U);
    EXPECT_EQ(scanned.frame.id, 0x01020304U);
    EXPECT_EQ(scanned.frame.flags, 5);
    EXPECT_EQ(test::hex(scanned.frame.body), "aabb");
}

TEST(ScanFrame, LooksAtTheFirstOfSeveralFrames) {
    Buffer stream = test::unhex("00000006 00000001 00 aa 00000005 00000002 01");
    const Scanned first = scan_frame(stream);
    ASSERT_EQ(first.outcome, Scan::frame);
    const Scanned second = scan_frame(Bytes(stream).subspan(first.wire_bytes));
    ASSERT_EQ(second.outcome, Scan::frame);
    EXPECT_EQ(second.frame.id, 2U);
    EXPECT_TRUE(second.frame.body.empty());
}

TEST(ScanFrame, IsIncompleteAtEverySplitPointOfEveryVector) {
    for (const test::Vector& vector : test::load_vectors()) {
        for (std::size_t bytes = 0; bytes < vector.frame.size(); ++bytes) {
            Buffer part = test::copy(ByteView(vector.frame).first(bytes));
            const Scanned scanned = vector.headerless() ? scan_headerless(part) : scan_frame(part);
            ASSERT_EQ(scanned.outcome, Scan::incomplete) << vector.name << " at " << bytes;
            ASSERT_EQ(scanned.wire_bytes, bytes < length_field_bytes ? 0 : vector.frame.size());
        }
    }
}

TEST(ScanFrame, TakesTheLongestFrame) {
    Buffer frame = frame_of_length(frame_length_max);
    const Scanned scanned = scan_frame(frame);
    ASSERT_EQ(scanned.outcome, Scan::frame);
    EXPECT_EQ(scanned.wire_bytes, frame_wire_bytes_max);
    EXPECT_EQ(scanned.frame.body.size(), frame_length_max - frame_length_min);
}

TEST(ScanFrame, RefusesOneByteMoreAsSoonAsTheLengthIsThere) {
    Buffer field(length_field_bytes);
    store_be(field.data(), frame_length_max + 1);
    const Scanned scanned = scan_frame(field);
    EXPECT_EQ(scanned.outcome, Scan::bad);
    EXPECT_EQ(scanned.error.code, Code::frame_too_long);
    EXPECT_EQ(scanned.wire_bytes, frame_wire_bytes_max + 1);
}

TEST(ScanFrame, SaysHowMuchToSkipOfTheLongestLength) {
    Buffer field = test::unhex("ffffffff");
    EXPECT_EQ(scan_frame(field).wire_bytes, 0x1'0000'0003U);
}

TEST(ScanFrame, RefusesEveryLengthBelowTheHeader) {
    for (std::uint32_t length = 0; length < frame_length_min; ++length) {
        Buffer frame = frame_of_length(length);
        const Scanned scanned = scan_frame(frame);
        EXPECT_EQ(scanned.outcome, Scan::bad) << length;
        EXPECT_EQ(scanned.error.code, Code::frame_too_short) << length;
        EXPECT_EQ(scanned.wire_bytes, length_field_bytes + length);
    }
}

TEST(ScanFrame, TakesAFrameWithoutABody) {
    Buffer frame = frame_of_length(frame_length_min);
    EXPECT_EQ(scan_frame(frame).outcome, Scan::frame);
}

TEST(EncodeHeader, IsReadBackByScan) {
    Buffer frame(header_bytes + 3);
    encode_header(frame, 0xfedc'ba98, flag_terminal, 3);
    const Scanned scanned = scan_frame(frame);
    ASSERT_EQ(scanned.outcome, Scan::frame);
    EXPECT_EQ(scanned.wire_bytes, frame.size());
    EXPECT_EQ(scanned.frame.id, 0xfedc'ba98);
    EXPECT_EQ(scanned.frame.flags, flag_terminal);
}

TEST(EncodeHeader, TrapsOnABodyAboveTheLimit) {
    Buffer header(header_bytes);
    encode_header(header, 1, 0, frame_length_max - frame_length_min);
    EXPECT_DEATH(encode_header(header, 1, 0, frame_length_max - frame_length_min + 1), "");
}

TEST(ScanHeaderless, TakesEverythingBehindTheLength) {
    Buffer frame = test::unhex("00000002 aabb cc");
    const Scanned scanned = scan_headerless(frame);
    ASSERT_EQ(scanned.outcome, Scan::frame);
    EXPECT_EQ(scanned.wire_bytes, 6U);
    EXPECT_EQ(test::hex(scanned.frame.body), "aabb");
}

TEST(ScanHeaderless, HasLimitsOfItsOwn) {
    Buffer none = frame_of_length(0);
    EXPECT_EQ(scan_headerless(none).outcome, Scan::bad);
    EXPECT_EQ(scan_headerless(none).wire_bytes, length_field_bytes);
    Buffer one = frame_of_length(1);
    EXPECT_EQ(scan_headerless(one).outcome, Scan::frame);
    Buffer longest = frame_of_length(frame_length_max);
    EXPECT_EQ(scan_headerless(longest).outcome, Scan::frame);
    Buffer above = test::unhex("00400001");
    EXPECT_EQ(scan_headerless(above).error.code, Code::frame_too_long);
}

}  // namespace
}  // namespace pronto::wire
