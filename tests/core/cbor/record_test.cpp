// SPDX-License-Identifier: Apache-2.0
#include "core/cbor/record.hpp"

#include <gtest/gtest.h>

#include "tests/support/hex.hpp"

namespace pronto::cbor {
namespace {

using test::Buffer;
using test::unhex;

struct Sample {
    std::uint8_t small = 0;
    std::uint16_t medium = 7;
    std::uint64_t large = 0;
    std::int32_t number = 0;
    bool flag = false;
    std::string_view label;
    Bytes content;
    Array names;
};

constexpr Field sample_fields[] = {
    PRONTO_FIELD(Sample, small, "small", required),
    PRONTO_FIELD(Sample, medium, "medium", defaulted),
    PRONTO_FIELD(Sample, large, "large", omittable),
    PRONTO_FIELD(Sample, number, "number", nullable),
    PRONTO_FIELD(Sample, flag, "flag", defaulted),
    PRONTO_FIELD(Sample, label, "label", nullable),
    PRONTO_FIELD(Sample, content, "content", defaulted),
};

constexpr Field list_fields[] = {PRONTO_FIELD(Sample, names, "names", required)};

struct Read {
    explicit Read(std::string_view hex) : bytes(unhex(hex)) {
        Reader reader(bytes);
        code = read_record(reader, sample_fields, &sample, seen).code;
        position = reader.position();
    }

    Buffer bytes;
    Sample sample;
    Seen seen = 0;
    Code code = Code::ok;
    std::size_t position = 0;
};

TEST(ReadRecord, FillsEveryKindOfMember) {
    const Read read(
        "a7 65'small' 18ff 66'medium' 19ffff 65'large' 1bffffffffffffffff 66'number' 20 64'flag' f5"
        "65'label' 62'hi' 67'content' 4101");
    ASSERT_EQ(read.code, Code::ok);
    EXPECT_EQ(read.sample.small, 255);
    EXPECT_EQ(read.sample.medium, 65535);
    EXPECT_EQ(read.sample.large, UINT64_MAX);
    EXPECT_EQ(read.sample.number, -1);
    EXPECT_TRUE(read.sample.flag);
    EXPECT_EQ(read.sample.label, "hi");
    EXPECT_EQ(test::hex(read.sample.content), "01");
    EXPECT_EQ(read.seen, 0x7fU);
}

TEST(ReadRecord, KeepsTheDefaultsOfAbsentFields) {
    const Read read("a1 65'small' 01");
    ASSERT_EQ(read.code, Code::ok);
    EXPECT_EQ(read.sample.medium, 7);
    EXPECT_EQ(read.seen, 1U);
}

TEST(ReadRecord, KeepsTheDefaultsOfNulls) {
    const Read read("a4 65'small' 01 65'large' f6 66'number' f7 65'label' f6");
    ASSERT_EQ(read.code, Code::ok);
    EXPECT_EQ(read.sample.number, 0);
    EXPECT_TRUE(read.sample.label.empty());
}

TEST(ReadRecord, RejectsNullWhereItIsNoValue) {
    EXPECT_EQ(Read("a1 65'small' f6").code, Code::cbor_type);
    EXPECT_EQ(Read("a2 65'small' 01 66'medium' f6").code, Code::cbor_type);
    EXPECT_EQ(Read("a2 65'small' 01 64'flag' f6").code, Code::cbor_type);
}

TEST(ReadRecord, RejectsAMissingRequiredField) {
    EXPECT_EQ(Read("a0").code, Code::missing_field);
    EXPECT_EQ(Read("a1 64'flag' f5").code, Code::missing_field);
}

TEST(ReadRecord, RejectsADuplicateEvenOfANull) {
    EXPECT_EQ(Read("a2 65'small' 01 65'small' 01").code, Code::duplicate_key);
    EXPECT_EQ(Read("a3 65'small' 01 65'label' f6 65'label' f6").code, Code::duplicate_key);
}

TEST(ReadRecord, SkipsUnknownKeysAndTheirDuplicates) {
    EXPECT_EQ(Read("a3 61'x' 80 65'small' 01 61'x' a0").code, Code::ok);
    EXPECT_EQ(Read("a2 61'x' 1c 65'small' 01").code, Code::cbor_malformed);
}

TEST(ReadRecord, RejectsNumbersBeyondTheirMembers) {
    EXPECT_EQ(Read("a1 65'small' 190100").code, Code::out_of_range);
    EXPECT_EQ(Read("a2 65'small' 01 66'number' 1a80000000").code, Code::out_of_range);
    EXPECT_EQ(Read("a2 65'small' 01 66'number' 3a80000000").code, Code::out_of_range);
    EXPECT_EQ(Read("a2 65'small' 01 66'number' 3a7fffffff").sample.number, INT32_MIN);
}

TEST(ReadRecord, StopsBehindTheMap) { EXPECT_EQ(Read("a1 65'small' 01 ff").position, 8U); }

TEST(ReadRecord, ChecksEveryElementOfAList) {
    for (const auto& [form, code] : {std::pair{"a1 65'names' 82 61'a' 61'b'", Code::ok},
                                     std::pair{"a1 65'names' 82 61'a' 01", Code::cbor_type},
                                     std::pair{"a1 65'names' f6", Code::cbor_type},
                                     std::pair{"a1 65'names' 81 61ff", Code::cbor_type}}) {
        Buffer bytes = unhex(form);
        Reader reader(bytes);
        Sample sample;
        EXPECT_EQ(read_record(reader, list_fields, &sample).code, code) << form;
    }
}

std::string written(const Sample& sample) {
    Buffer out(128);
    Writer writer(out);
    write_record(writer, sample_fields, &sample);
    EXPECT_TRUE(writer.ok());
    return test::hex(Bytes(out).first(writer.written()));
}

TEST(WriteRecord, WritesNullForTheEmptyAndLeavesOutWhatMayBe) {
    EXPECT_EQ(written(Sample{}),
              test::hex(unhex("a6 65'small' 00 66'medium' 07 66'number' f6 64'flag' f4 65'label' f6"
                              "67'content' 40")));
}

TEST(WriteRecord, FollowsTheOrderOfTheTable) {
    Buffer content{1};
    const Sample sample{.small = 1,
                        .medium = 2,
                        .large = 3,
                        .number = -4,
                        .flag = true,
                        .label = "l",
                        .content = content,
                        .names = {}};
    EXPECT_EQ(written(sample),
              test::hex(unhex("a7 65'small' 01 66'medium' 02 65'large' 03 66'number' 23 64'flag' f5"
                              "65'label' 61'l' 67'content' 4101")));
}

}  // namespace
}  // namespace pronto::cbor
