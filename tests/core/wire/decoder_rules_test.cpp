// SPDX-License-Identifier: Apache-2.0
// One test per rule of docs/WIRE.md section 2.2, what is accepted and then what is refused.
#include <gtest/gtest.h>

#include "core/wire/control.hpp"
#include "core/wire/envelope.hpp"
#include "core/wire/exec.hpp"
#include "tests/support/hex.hpp"

namespace pronto::wire {
namespace {

using test::Buffer;
using test::unhex;

// Envelopes are written around `core.ping` with the payload a0, which is what all accepted ones
// must yield.
Code envelope_code(std::string_view form) {
    Buffer body = unhex(form);
    Envelope envelope;
    const Status status = decode_envelope(body, envelope);
    if (!status.ok()) return status.code;
    EXPECT_EQ(envelope.version, 6) << form;
    EXPECT_EQ(envelope.message, Message::ping) << form;
    EXPECT_EQ(test::hex(envelope.payload), "a0") << form;
    return Code::ok;
}

// A request that must run `/bin/sh` with the one argument `-c`, on a terminal of 40 rows.
Code request_code(std::string_view form) {
    Buffer payload = unhex(form);
    ExecRequest request;
    const Status status = decode(payload, request);
    if (!status.ok()) return status.code;
    EXPECT_EQ(cbor::take_text(request.command), "/bin/sh") << form;
    EXPECT_EQ(request.arguments.count, 1U) << form;
    if (request.arguments.count != 1) return Code::ok;
    EXPECT_EQ(cbor::take_text(cbor::next(request.arguments)), "-c") << form;
    EXPECT_EQ(request.rows, 40) << form;
    return Code::ok;
}

// Data of the three bytes 1, 2, 255.
Code data_code(std::string_view form) {
    Buffer payload = unhex(form);
    ExecData data;
    const Status status = decode(payload, data);
    if (status.ok()) {
        EXPECT_EQ(test::hex(data.data), "0102ff") << form;
    }
    return status.code;
}

TEST(DecoderAccepts, AnyKeyOrder) {
    EXPECT_EQ(envelope_code("a3 61'p' 41a0 61't' 69'core.ping' 61'v' 06"), Code::ok);
    EXPECT_EQ(request_code("a3 64'rows' 1828 64'args' 81 62'-c' 63'cmd' 67'/bin/sh'"), Code::ok);
}

TEST(DecoderAccepts, UnknownKeysWithAnyWellFormedValue) {
    for (const std::string_view value :
         {"00", "20", "40", "7f ff", "80", "bf ff", "c1 00", "f4", "f6", "f7", "f93c00", "e0",
          "61ff", "a1 00 9f 5f 4101 ff ff", "a1 80 f6"}) {
        const std::string unknown = "63'new' " + std::string(value);
        EXPECT_EQ(envelope_code("a4 " + unknown + " 61'v' 06 61't' 69'core.ping' 61'p' 41a0"),
                  Code::ok);
        EXPECT_EQ(
            request_code("a4 63'cmd' 67'/bin/sh' 64'args' 81 62'-c' " + unknown + " 64'rows' 1828"),
            Code::ok);
    }
}

TEST(DecoderAccepts, HeadsThatAreNotTheShortest) {
    EXPECT_EQ(envelope_code("ba00000003 7801'v' 1b0000000000000006 61't' 790009'core.ping' 61'p' "
                            "5b0000000000000001a0"),
              Code::ok);
    EXPECT_EQ(request_code("a3 63'cmd' 7a00000007'/bin/sh' 64'args' 9801 62'-c' 64'rows' 190028"),
              Code::ok);
}

TEST(DecoderAccepts, MapsWithASixteenBitHead) {
    EXPECT_EQ(envelope_code("b90003 61'v' 06 61't' 69'core.ping' 61'p' 41a0"), Code::ok);
    EXPECT_EQ(request_code("b90003 63'cmd' 67'/bin/sh' 64'args' 81 62'-c' 64'rows' 1828"),
              Code::ok);
}

TEST(DecoderAccepts, IndefiniteMaps) {
    EXPECT_EQ(envelope_code("bf 61'v' 06 61't' 69'core.ping' 61'p' 41a0 ff"), Code::ok);
    EXPECT_EQ(request_code("bf 63'cmd' 67'/bin/sh' 64'args' 81 62'-c' 64'rows' 1828 ff"), Code::ok);
}

TEST(DecoderAccepts, IndefiniteArrays) {
    EXPECT_EQ(request_code("a3 63'cmd' 67'/bin/sh' 64'args' 9f 62'-c' ff 64'rows' 1828"), Code::ok);
}

TEST(DecoderAccepts, IndefiniteTextStrings) {
    EXPECT_EQ(envelope_code("a3 61'v' 06 61't' 7f 64'core' 60 65'.ping' ff 61'p' 41a0"), Code::ok);
    EXPECT_EQ(request_code(
                  "a3 63'cmd' 7f 65'/bin/' 62'sh' ff 64'args' 81 7f 61'-' 61'c' ff 64'rows' 1828"),
              Code::ok);
}

TEST(DecoderAccepts, IndefiniteByteStrings) {
    EXPECT_EQ(envelope_code("a3 61'v' 06 61't' 69'core.ping' 61'p' 5f 40 41a0 ff"), Code::ok);
    EXPECT_EQ(data_code("a1 64'data' 5f 4101 40 4202ff ff"), Code::ok);
}

TEST(DecoderAccepts, TagsInFrontOfItems) {
    EXPECT_EQ(envelope_code("d9d9f7 a3 61'v' c1 06 61't' d820 69'core.ping' 61'p' d840 41a0"),
              Code::ok);
    EXPECT_EQ(
        request_code("d9d9f7 a3 63'cmd' c1 67'/bin/sh' 64'args' c1 81 c1 62'-c' 64'rows' c1 1828"),
        Code::ok);
    EXPECT_EQ(data_code("a1 64'data' d840 430102ff"), Code::ok);
}

TEST(DecoderAccepts, TagsInFrontOfKeys) {
    EXPECT_EQ(envelope_code("a3 c1 61'v' 06 61't' 69'core.ping' 61'p' 41a0"), Code::ok);
}

TEST(DecoderAccepts, BignumsForIntegers) {
    EXPECT_EQ(envelope_code("a3 61'v' c24106 61't' 69'core.ping' 61'p' 41a0"), Code::ok);
    EXPECT_EQ(request_code("a3 63'cmd' 67'/bin/sh' 64'args' 81 62'-c' 64'rows' c2420028"),
              Code::ok);
}

TEST(DecoderAccepts, KeysAsByteStrings) {
    EXPECT_EQ(envelope_code("a3 41'v' 06 41't' 69'core.ping' 41'p' 41a0"), Code::ok);
    EXPECT_EQ(request_code("a3 43'cmd' 67'/bin/sh' 44'args' 81 62'-c' 44'rows' 1828"), Code::ok);
}

TEST(DecoderAccepts, ArraysOfOctetsForBytes) {
    EXPECT_EQ(envelope_code("a3 61'v' 06 61't' 69'core.ping' 61'p' 81 18a0"), Code::ok);
    EXPECT_EQ(data_code("a1 64'data' 83 01 02 18ff"), Code::ok);
    EXPECT_EQ(data_code("a1 64'data' 9f 01 02 18ff ff"), Code::ok);
}

TEST(DecoderAccepts, UndefinedForNull) {
    EXPECT_EQ(request_code(
                  "a5 63'cmd' 67'/bin/sh' 64'args' 81 62'-c' 63'cwd' f7 64'user' f6 64'rows' 1828"),
              Code::ok);
}

TEST(DecoderAccepts, TrailingBytes) {
    EXPECT_EQ(envelope_code("a3 61'v' 06 61't' 69'core.ping' 61'p' 41a0 ff1c00"), Code::ok);
    EXPECT_EQ(envelope_code("b90003 61'v' 06 61't' 69'core.ping' 61'p' 41a0 ff1c00"), Code::ok);
    EXPECT_EQ(request_code("a3 63'cmd' 67'/bin/sh' 64'args' 81 62'-c' 64'rows' 1828 ff1c00"),
              Code::ok);
    EXPECT_EQ(data_code("a1 64'data' 430102ff ff1c00"), Code::ok);
}

TEST(DecoderAccepts, ExtraIdAndFlagsKeys) {
    EXPECT_EQ(envelope_code("a5 61'v' 06 61't' 69'core.ping' 62'id' 01 65'flags' 00 61'p' 41a0"),
              Code::ok);
}

TEST(DecoderAccepts, DuplicatesOfUnknownKeys) {
    EXPECT_EQ(envelope_code("a5 61'x' 06 61'v' 06 61't' 69'core.ping' 61'p' 41a0 61'x' 06"),
              Code::ok);
}

TEST(DecoderRejects, AMissingRequiredField) {
    EXPECT_EQ(envelope_code("a2 61't' 69'core.ping' 61'p' 41a0"), Code::missing_field);
    EXPECT_EQ(envelope_code("a2 61'v' 06 61'p' 41a0"), Code::missing_field);
    EXPECT_EQ(envelope_code("a2 61'v' 06 61't' 69'core.ping'"), Code::missing_field);
    EXPECT_EQ(request_code("a1 64'rows' 1828"), Code::missing_field);
    EXPECT_EQ(data_code("a0"), Code::missing_field);
}

TEST(DecoderRejects, ADuplicateKey) {
    EXPECT_EQ(envelope_code("a4 61'v' 06 61't' 69'core.ping' 61'p' 41a0 61'v' 06"),
              Code::duplicate_key);
    EXPECT_EQ(envelope_code("a4 61'v' 06 61't' 69'core.ping' 61'p' 41a0 41'p' 41a0"),
              Code::duplicate_key);
    EXPECT_EQ(request_code("a2 63'cmd' 67'/bin/sh' 63'cmd' 67'/bin/sh'"), Code::duplicate_key);
    EXPECT_EQ(data_code("a2 64'data' 40 64'data' 40"), Code::duplicate_key);
}

TEST(DecoderRejects, IntegerKeys) {
    EXPECT_EQ(envelope_code("a4 00 00 61'v' 06 61't' 69'core.ping' 61'p' 41a0"), Code::cbor_type);
    EXPECT_EQ(request_code("a2 20 00 63'cmd' 67'/bin/sh'"), Code::cbor_type);
}

TEST(DecoderRejects, KeysInChunks) {
    EXPECT_EQ(envelope_code("a3 7f61'v'ff 06 61't' 69'core.ping' 61'p' 41a0"), Code::cbor_type);
    EXPECT_EQ(request_code("a1 5f43'cmd'ff 67'/bin/sh'"), Code::cbor_type);
}

TEST(DecoderRejects, AnArrayInPlaceOfARecord) {
    EXPECT_EQ(envelope_code("83 06 69'core.ping' 41a0"), Code::cbor_type);
    EXPECT_EQ(request_code("81 67'/bin/sh'"), Code::cbor_type);
    EXPECT_EQ(request_code("a2 63'cmd' 67'/bin/sh' 67'rlimits' 81 83 61'a' 00 00"),
              Code::cbor_type);
}

TEST(DecoderRejects, NullForAFieldThatIsNotOptional) {
    EXPECT_EQ(envelope_code("a3 61'v' f6 61't' 69'core.ping' 61'p' 41a0"), Code::cbor_type);
    EXPECT_EQ(envelope_code("a3 61'v' 06 61't' f6 61'p' 41a0"), Code::cbor_type);
    EXPECT_EQ(envelope_code("a3 61'v' 06 61't' 69'core.ping' 61'p' f6"), Code::cbor_type);
    for (const std::string_view key :
         {"64'args'", "63'env'", "63'tty'", "64'rows'", "67'rlimits'"}) {
        EXPECT_EQ(request_code("a2 63'cmd' 67'/bin/sh' " + std::string(key) + " f6"),
                  Code::cbor_type)
            << key;
    }
}

TEST(DecoderRejects, NullForAnEmptyRecord) {
    Buffer payload = unhex("f6");
    InitAck ack;
    EXPECT_EQ(decode(payload, ack).code, Code::cbor_type);
}

TEST(DecoderRejects, TextWhereBytesAreDue) {
    EXPECT_EQ(envelope_code("a3 61'v' 06 61't' 69'core.ping' 61'p' 61'a'"), Code::cbor_type);
    EXPECT_EQ(data_code("a1 64'data' 63'abc'"), Code::cbor_type);
}

TEST(DecoderRejects, BytesWhereTextIsDue) {
    EXPECT_EQ(envelope_code("a3 61'v' 06 61't' 49'core.ping' 61'p' 41a0"), Code::cbor_type);
    EXPECT_EQ(request_code("a1 63'cmd' 47'/bin/sh'"), Code::cbor_type);
    EXPECT_EQ(request_code("a2 63'cmd' 67'/bin/sh' 64'args' 81 42'-c'"), Code::cbor_type);
    EXPECT_EQ(request_code("a2 63'cmd' 67'/bin/sh' 63'cwd' 41'/'"), Code::cbor_type);
}

TEST(DecoderRejects, FloatsForIntegers) {
    EXPECT_EQ(envelope_code("a3 61'v' f94600 61't' 69'core.ping' 61'p' 41a0"), Code::cbor_type);
    EXPECT_EQ(request_code("a2 63'cmd' 67'/bin/sh' 64'rows' f93c00"), Code::cbor_type);
    EXPECT_EQ(request_code("a2 63'cmd' 67'/bin/sh' 64'rows' fb3ff0000000000000"), Code::cbor_type);
}

TEST(DecoderRejects, IntegersOutOfRange) {
    EXPECT_EQ(envelope_code("a3 61'v' 190100 61't' 69'core.ping' 61'p' 41a0"), Code::out_of_range);
    EXPECT_EQ(envelope_code("a3 61'v' 20 61't' 69'core.ping' 61'p' 41a0"), Code::out_of_range);
    EXPECT_EQ(envelope_code("a3 61'v' c2420100 61't' 69'core.ping' 61'p' 41a0"),
              Code::out_of_range);
    EXPECT_EQ(request_code("a2 63'cmd' 67'/bin/sh' 64'rows' 1a00010000"), Code::out_of_range);
    EXPECT_EQ(data_code("a1 64'data' 81 190100"), Code::out_of_range);
}

TEST(DecoderRejects, NestingBeyondTheLimit) {
    const std::string rest = " 61'v' 06 61't' 69'core.ping' 61'p' 41a0";
    std::string deep;
    for (int level = 0; level < cbor::depth_max; ++level)
        deep += "81";
    EXPECT_EQ(envelope_code("a4 61'x' " + deep + "00" + rest), Code::ok);
    EXPECT_EQ(envelope_code("a4 61'x' 81" + deep + "00" + rest), Code::cbor_depth);
}

}  // namespace
}  // namespace pronto::wire
