// SPDX-License-Identifier: Apache-2.0
#include "core/wire/exec.hpp"

#include <gtest/gtest.h>

#include "core/wire/envelope.hpp"
#include "tests/support/typed_payload.hpp"
#include "tests/support/vectors.hpp"

namespace pronto::wire {
namespace {

using test::Buffer;
using test::unhex;

Buffer payload_of(std::string_view vector_name) {
    test::Vector vector = test::load_vector(vector_name);
    Envelope envelope;
    EXPECT_TRUE(decode_envelope(scan_frame(vector.frame).frame.body, envelope).ok());
    return test::copy(envelope.payload);
}

template <typename Payload>
std::string encoded(const Payload& payload) {
    return test::hex(test::encoded(0, [&](cbor::Writer& writer) { encode(writer, payload); }));
}

template <typename Payload>
Code decode_code(std::string_view form) {
    Buffer bytes = unhex(form);
    Payload payload;
    return decode(bytes, payload).code;
}

TEST(ExecRequest, ReadsEveryField) {
    Buffer payload = payload_of("X2");
    ExecRequest request;
    ASSERT_TRUE(decode(payload, request).ok());
    ASSERT_EQ(request.arguments.count, 2U);
    ASSERT_EQ(request.environment.count, 1U);
    ASSERT_EQ(request.limits.count, 1U);
    const ResourceLimit limit = take_limit(cbor::next(request.limits));
    EXPECT_EQ(limit.resource, "nofile");
    EXPECT_EQ(limit.soft, 1024U);
    EXPECT_EQ(limit.hard, 4096U);
    EXPECT_STREQ(cbor::take_text(request.command).data(), "/bin/sh");
    EXPECT_STREQ(cbor::take_text(cbor::next(request.arguments)).data(), "-c");
    EXPECT_STREQ(cbor::take_text(cbor::next(request.arguments)).data(), "echo hi");
    EXPECT_STREQ(cbor::take_text(cbor::next(request.environment)).data(), "A=1");
    EXPECT_STREQ(cbor::take_text(request.working_directory).data(), "/tmp");
    EXPECT_STREQ(cbor::take_text(request.user).data(), "1000:1000");
    EXPECT_TRUE(request.tty);
    EXPECT_EQ(request.rows, 24);
    EXPECT_EQ(request.columns, 80);
}

TEST(ExecRequest, HasItsDefaults) {
    Buffer payload = payload_of("X1");
    ExecRequest request;
    ASSERT_TRUE(decode(payload, request).ok());
    EXPECT_EQ(cbor::take_text(request.command), "/bin/true");
    EXPECT_EQ(request.arguments.count, 0U);
    EXPECT_EQ(request.environment.count, 0U);
    EXPECT_EQ(request.limits.count, 0U);
    EXPECT_FALSE(request.working_directory.present());
    EXPECT_FALSE(request.user.present());
    EXPECT_FALSE(request.tty);
    EXPECT_EQ(request.rows, 24);
    EXPECT_EQ(request.columns, 80);
}

TEST(ExecRequest, ForgetsWhatTheOutputHeldBefore) {
    Buffer full = payload_of("X2");
    Buffer bare = payload_of("X1");
    ExecRequest request;
    ASSERT_TRUE(decode(full, request).ok());
    ASSERT_TRUE(decode(bare, request).ok());
    EXPECT_EQ(request.arguments.count, 0U);
    EXPECT_FALSE(request.tty);
    EXPECT_FALSE(request.user.present());
}

TEST(ExecRequest, TakesALimitWhoseNameCameInChunks) {
    Buffer payload = unhex(
        "a2 63'cmd' 61'a' 67'rlimits' 82 a3 68'resource' 7f 61'c' 62'pu' ff 64'soft' 01 64'hard' 02"
        "bf 64'hard' 04 64'soft' 03 68'resource' 62'as' ff");
    ExecRequest request;
    ASSERT_TRUE(decode(payload, request).ok());
    ASSERT_EQ(request.limits.count, 2U);
    const ResourceLimit first = take_limit(cbor::next(request.limits));
    const ResourceLimit second = take_limit(cbor::next(request.limits));
    EXPECT_EQ(first.resource, "cpu");
    EXPECT_EQ(first.soft, 1U);
    EXPECT_EQ(second.resource, "as");
    EXPECT_EQ(second.hard, 4U);
}

TEST(ExecRequest, ChecksEveryLimit) {
    EXPECT_EQ(decode_code<ExecRequest>(
                  "a2 63'cmd' 61'a' 67'rlimits' 81 a2 68'resource' 61'a' 64'soft' 01"),
              Code::missing_field);
    EXPECT_EQ(decode_code<ExecRequest>("a2 63'cmd' 61'a' 67'rlimits' 81 a1 68'resource' 01"),
              Code::cbor_type);
    EXPECT_EQ(decode_code<ExecRequest>("a2 63'cmd' 61'a' 67'rlimits' a0"), Code::cbor_type);
}

TEST(ExecRequest, RejectsEveryStrictPrefix) {
    const Buffer payload = payload_of("X2");
    for (std::size_t bytes = 0; bytes < payload.size(); ++bytes) {
        Buffer part = test::copy(ByteView(payload).first(bytes));
        ExecRequest request;
        ASSERT_EQ(decode(part, request).code, Code::cbor_malformed) << bytes;
    }
}

TEST(ExecCommand, WritesAllNineFieldsWithNullForTheAbsent) {
    EXPECT_EQ(
        encoded(ExecCommand{.command = "a"}),
        test::hex(unhex("a9 63'cmd' 61'a' 64'args' 80 63'env' 80 63'cwd' f6 64'user' f6 63'tty' f4"
                        "64'rows' 1818 64'cols' 1850 67'rlimits' 80")));
}

TEST(ExecCommand, WritesTheReferenceFrame) {
    const std::string_view arguments[] = {"-c", "echo hi"};
    const std::string_view environment[] = {"A=1"};
    const ResourceLimit limits[] = {{"nofile", 1024, 4096}};
    const ExecCommand command{.command = "/bin/sh",
                              .arguments = arguments,
                              .environment = environment,
                              .working_directory = "/tmp",
                              .user = "1000:1000",
                              .limits = limits,
                              .tty = true};
    EXPECT_EQ(encoded(command), test::hex(payload_of("X2")));
}

TEST(ExecStarted, GoesBothWays) {
    EXPECT_EQ(encoded(ExecStarted{.pid = 42}), test::hex(payload_of("X3")));
    EXPECT_EQ(decode_code<ExecStarted>("a1 63'pid' 1affffffff"), Code::ok);
    EXPECT_EQ(decode_code<ExecStarted>("a1 63'pid' 1b0000000100000000"), Code::out_of_range);
}

TEST(ExecData, IsViewedInPlace) {
    Buffer payload = payload_of("X4");
    ExecData data;
    ASSERT_TRUE(decode(payload, data).ok());
    EXPECT_EQ(as_text(data.data), "abc");
    EXPECT_EQ(data.data.data() + data.data.size(), payload.data() + payload.size());
}

TEST(ExecData, MayBeEmpty) {
    Buffer payload = payload_of("X5");
    ExecData data;
    ASSERT_TRUE(decode(payload, data).ok());
    EXPECT_TRUE(data.data.empty());
}

TEST(ExecData, RejectsEveryStrictPrefix) {
    const Buffer payload = unhex("a1 64'data' 59000301 02ff");
    for (std::size_t bytes = 0; bytes < payload.size(); ++bytes) {
        Buffer part = test::copy(ByteView(payload).first(bytes));
        ExecData data;
        ASSERT_EQ(decode(part, data).code, Code::cbor_malformed) << bytes;
    }
}

TEST(DataPrefix, EndsWhereTheDataStarts) {
    for (const std::size_t count :
         {std::size_t{0}, std::size_t{23}, std::size_t{24}, std::size_t{255}, std::size_t{256},
          64 * KiB - 1, 64 * KiB, 3 * MiB}) {
        Buffer buffer(data_prefix_bytes_max + count, 0x5a);
        std::uint8_t* const data = buffer.data() + data_prefix_bytes_max;
        write_data_prefix(data, count);
        const std::size_t prefix = data_prefix_bytes(count);
        ASSERT_LE(prefix, data_prefix_bytes_max);
        ExecData decoded;
        ASSERT_TRUE(decode(Bytes(buffer).subspan(data_prefix_bytes_max - prefix), decoded).ok())
            << count;
        EXPECT_EQ(decoded.data.data(), data);
        EXPECT_EQ(decoded.data.size(), count);
    }
}

TEST(ExecResize, GoesBothWays) {
    EXPECT_EQ(encoded(ExecResize{.rows = 40, .columns = 132}), test::hex(payload_of("X9")));
    EXPECT_EQ(decode_code<ExecResize>("a1 64'rows' 01"), Code::missing_field);
}

TEST(ExecSignal, GoesBothWaysWithItsSign) {
    EXPECT_EQ(encoded(ExecSignal{.signal = 15}), test::hex(payload_of("X10")));
    Buffer payload = unhex("a1 66'signal' 38ff");
    ExecSignal signal;
    ASSERT_TRUE(decode(payload, signal).ok());
    EXPECT_EQ(signal.signal, -256);
}

TEST(ExecFailed, ReadsEveryField) {
    Buffer payload = payload_of("X8");
    ExecFailure failure;
    ASSERT_TRUE(decode_failed(payload, failure).ok());
    EXPECT_EQ(failure.kind, "not_found");
    EXPECT_EQ(failure.system_errno, 2);
    EXPECT_EQ(failure.errno_name, "ENOENT");
    EXPECT_EQ(failure.message, "no such file");
    EXPECT_EQ(failure.stage, "execvp");
}

TEST(ExecFailed, WritesNullForWhatItDoesNotKnow) {
    const ExecFailure failure{.kind = "other", .message = "m"};
    const Buffer out =
        test::encoded(0, [&](cbor::Writer& writer) { encode_failed(writer, failure); });
    EXPECT_EQ(
        out,
        unhex(
            "a5 64'kind' 65'other' 65'errno' f6 6a'errno_name' f6 67'message' 61'm' 65'stage' f6"));
}

TEST(ExecFailed, NeedsKindAndMessage) {
    ExecFailure failure;
    Buffer no_kind = unhex("a1 67'message' 61'm'");
    EXPECT_EQ(decode_failed(no_kind, failure).code, Code::missing_field);
    Buffer no_message = unhex("a1 64'kind' 61'k'");
    EXPECT_EQ(decode_failed(no_message, failure).code, Code::missing_field);
    Buffer both = unhex("a2 64'kind' 61'k' 67'message' 61'm'");
    EXPECT_TRUE(decode_failed(both, failure).ok());
}

TEST(ExecStdinError, HasNeitherKindNorStage) {
    Buffer payload = payload_of("X11");
    ExecFailure failure;
    ASSERT_TRUE(decode_stdin_error(payload, failure).ok());
    EXPECT_EQ(failure.system_errno, 32);
    EXPECT_EQ(failure.errno_name, "EPIPE");
    EXPECT_EQ(failure.message, "broken pipe");
    EXPECT_TRUE(failure.kind.empty());
    const Buffer out =
        test::encoded(0, [&](cbor::Writer& writer) { encode_stdin_error(writer, failure); });
    EXPECT_EQ(out, payload_of("X11"));
}

TEST(ExecExited, WritesTheCodeAloneWithoutAVerdict) {
    EXPECT_EQ(encoded(ExecExited{.code = -1, .signal = 9}), test::hex(payload_of("X7")));
    EXPECT_EQ(encoded(ExecExited{.code = 255}), test::hex(unhex("a1 64'code' 18ff")));
}

TEST(ExecExited, ReadsEveryExitCode) {
    for (int code = -1; code <= 255; ++code) {
        Buffer payload = unhex(encoded(ExecExited{.code = code}));
        ExecExited exited;
        ASSERT_TRUE(decode(payload, exited).ok()) << code;
        EXPECT_EQ(exited.code, code);
        EXPECT_FALSE(exited.has_verdict);
    }
}

TEST(ExecExited, CarriesTheVerdictBothWays) {
    const ExecExited sent{.code = -1,
                          .has_verdict = true,
                          .signal = 9,
                          .core_dumped = true,
                          .oom_killed = true,
                          .output_open = true,
                          .user_ns = 1,
                          .system_ns = 2,
                          .max_rss_bytes = 3,
                          .stdout_bytes = 4,
                          .stderr_bytes = 5,
                          .received_ns = 6,
                          .spawned_ns = 7,
                          .first_byte_ns = 8,
                          .exited_ns = UINT64_MAX};
    Buffer payload = unhex(encoded(sent));
    EXPECT_EQ(
        payload,
        unhex("ae 64'code' 20 66'signal' 09 6b'core_dumped' f5 6a'oom_killed' f5 67'user_ns' 01"
              "69'system_ns' 02 6d'max_rss_bytes' 03 6c'stdout_bytes' 04 6c'stderr_bytes' 05"
              "6b'output_open' f5 6b'received_ns' 06 6a'spawned_ns' 07 6d'first_byte_ns' 08"
              "69'exited_ns' 1bffffffffffffffff"));
    ExecExited received;
    ASSERT_TRUE(decode(payload, received).ok());
    EXPECT_TRUE(received.has_verdict);
    EXPECT_EQ(encoded(received), encoded(sent));
    EXPECT_EQ(received.exited_ns, UINT64_MAX);
    EXPECT_TRUE(received.output_open);
}

TEST(ExecExited, TakesAForeignCodeWithUnknownKeys) {
    Buffer payload = unhex("a2 64'code' 00 63'new' 80");
    ExecExited exited;
    ASSERT_TRUE(decode(payload, exited).ok());
    EXPECT_FALSE(exited.has_verdict);
}

}  // namespace
}  // namespace pronto::wire
