// SPDX-License-Identifier: Apache-2.0
#include "core/wire/control.hpp"

#include <gtest/gtest.h>

#include "tests/support/typed_payload.hpp"

namespace pronto::wire {
namespace {

using test::Buffer;
using test::unhex;

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

const std::string_view times = "6c'boot_time_ns' 01 6c'init_time_ns' 02 6d'ready_time_ns' 03 ";

TEST(Ready, LeavesOutWhatForeignHostsDoNotKnow) {
    const Ready ready{.boot_time_ns = 1, .init_time_ns = 2, .ready_time_ns = 3};
    EXPECT_EQ(encoded(ready), test::hex(unhex("a3" + std::string(times))));
}

TEST(Ready, WritesTheVersionWhenThereIsOne) {
    const Ready ready{
        .boot_time_ns = 1, .init_time_ns = 2, .ready_time_ns = 3, .agent_version = "1"};
    EXPECT_EQ(encoded(ready),
              test::hex(unhex("a4" + std::string(times) + "6d'agent_version' 61'1'")));
}

TEST(Ready, CarriesTheProntoMapBothWays) {
    const Ready sent{.boot_time_ns = 1,
                     .init_time_ns = 2,
                     .ready_time_ns = 3,
                     .agent_version = "0.6.9",
                     .has_pronto = true,
                     .pronto_version = "0.1.0",
                     .features = feature_credit | feature_verdict,
                     .stdin_window_bytes = 65'536,
                     .stages_ns = {10, 11, 12, 13, 14, 15}};
    Buffer payload = unhex(encoded(sent));
    EXPECT_EQ(
        payload,
        unhex(
            "a5" + std::string(times) +
            "6d'agent_version' 65'0.6.9' 66'pronto' a4 67'version' 65'0.1.0' 68'features' 03"
            "6c'stdin_window' 1a00010000 66'stages' a6 67'started' 0a 66'mounts' 0b 67'network' 0c"
            "69'port_open' 0d 69'handshake' 0e 65'ready' 0f"));
    Ready received;
    ASSERT_TRUE(decode(payload, received).ok());
    EXPECT_TRUE(received.has_pronto);
    EXPECT_EQ(received.pronto_version, "0.1.0");
    EXPECT_EQ(received.stdin_window_bytes, 65'536U);
    EXPECT_EQ(received.stages_ns, sent.stages_ns);
    EXPECT_EQ(encoded(received), encoded(sent));
}

TEST(Ready, LeavesACanonicalPayloadAsItWas) {
    // A relay decodes the frame that it then replays to every client.
    Buffer payload = unhex("a5" + std::string(times) +
                           "6d'agent_version' 61'1' 66'pronto' a1 67'version' 61'2'");
    const Buffer before = payload;
    Ready ready;
    ASSERT_TRUE(decode(payload, ready).ok());
    EXPECT_EQ(payload, before);
}

TEST(Ready, TakesAProntoMapOfAnotherRelease) {
    Buffer payload =
        unhex("a4 66'pronto' bf 63'new' 80 66'stages' bf 63'new' 07 65'ready' 09 ff ff" +
              std::string(times));
    Ready ready;
    ASSERT_TRUE(decode(payload, ready).ok());
    EXPECT_TRUE(ready.has_pronto);
    EXPECT_EQ(ready.features, 0U);
    EXPECT_EQ(ready.stages_ns[static_cast<std::size_t>(BootStage::ready)], 9U);
    EXPECT_EQ(ready.ready_time_ns, 3U);
}

TEST(Ready, IgnoresWhatOtherProductsAdd) {
    EXPECT_EQ(
        decode_code<Ready>("a4" + std::string(times) + "6b'relay_lease' a1 6a'max_format' 01"),
        Code::ok);
}

TEST(Ready, NeedsItsTimes) {
    EXPECT_EQ(decode_code<Ready>("a2 6c'boot_time_ns' 01 6c'init_time_ns' 02"),
              Code::missing_field);
    EXPECT_EQ(decode_code<Ready>("a4" + std::string(times) + "66'pronto' 80"), Code::cbor_type);
    EXPECT_EQ(decode_code<Ready>("a4" + std::string(times) + "66'pronto' f6"), Code::ok);
}

TEST(BootStage, HasANameForEach) {
    EXPECT_EQ(name(BootStage::started), "started");
    EXPECT_EQ(name(BootStage::mounts), "mounts");
    EXPECT_EQ(name(BootStage::network), "network");
    EXPECT_EQ(name(BootStage::port_open), "port_open");
    EXPECT_EQ(name(BootStage::handshake), "handshake");
    EXPECT_EQ(name(BootStage::ready), "ready");
}

TEST(InitResolved, NestsTheUser) {
    const auto form = "a1 6c'default_user' a2 63'uid' 1903e8 63'gid' 00";
    EXPECT_EQ(encoded(InitResolved{.uid = 1000, .gid = 0}), test::hex(unhex(form)));
    Buffer payload = unhex(form);
    InitResolved resolved;
    ASSERT_TRUE(decode(payload, resolved).ok());
    EXPECT_EQ(resolved.uid, 1000U);
    EXPECT_EQ(decode_code<InitResolved>("a0"), Code::missing_field);
    EXPECT_EQ(decode_code<InitResolved>("a1 6c'default_user' a1 63'uid' 00"), Code::missing_field);
    EXPECT_EQ(decode_code<InitResolved>("a1 6c'default_user' f6"), Code::cbor_type);
}

TEST(InitAck, IsEmptyWithoutAWindow) {
    EXPECT_EQ(encoded(InitAck{}), "a0");
    EXPECT_EQ(decode_code<InitAck>("a0"), Code::ok);
    EXPECT_EQ(decode_code<InitAck>("a1 63'new' 00"), Code::ok);
    EXPECT_EQ(decode_code<InitAck>("80"), Code::cbor_type);
}

TEST(InitAck, CarriesTheWindowBothWays) {
    const auto form = "a1 66'pronto' a1 6d'client_window' 1a00100000";
    EXPECT_EQ(encoded(InitAck{.client_window_bytes = 1024 * 1024}), test::hex(unhex(form)));
    Buffer payload = unhex(form);
    InitAck ack;
    ASSERT_TRUE(decode(payload, ack).ok());
    EXPECT_EQ(ack.client_window_bytes, 1024U * 1024);
}

TEST(ClockSync, GoesBothWays) {
    EXPECT_EQ(encoded(ClockSync{.unix_time_nanos = 5}),
              test::hex(unhex("a1 6f'unix_time_nanos' 05")));
    EXPECT_EQ(decode_code<ClockSync>("a1 6f'unix_time_nanos' 20"), Code::out_of_range);
}

TEST(ClientDisconnected, GoesBothWays) {
    Buffer payload =
        unhex(encoded(ClientDisconnected{.id_start = 1, .id_end_exclusive = 0xffff'ffff}));
    ClientDisconnected gone;
    ASSERT_TRUE(decode(payload, gone).ok());
    EXPECT_EQ(gone.id_start, 1U);
    EXPECT_EQ(gone.id_end_exclusive, 0xffff'ffffU);
}

TEST(Credit, GoesBothWays) {
    const auto form = "a2 62'id' 07 65'bytes' 191000";
    EXPECT_EQ(encoded(Credit{.id = 7, .bytes = 4096}), test::hex(unhex(form)));
    Buffer payload = unhex(form);
    Credit credit;
    ASSERT_TRUE(decode(payload, credit).ok());
    EXPECT_EQ(credit.id, 7U);
    EXPECT_EQ(credit.bytes, 4096U);
    EXPECT_EQ(decode_code<Credit>("a1 62'id' 07"), Code::missing_field);
    EXPECT_EQ(decode_code<Credit>("a2 62'id' 07 65'bytes' 1b0000000100000000"), Code::out_of_range);
}

TEST(CoreError, LeavesOutAnUnknownType) {
    const CoreError error{.kind = name(ErrorKind::malformed_message), .message = "m"};
    EXPECT_EQ(encoded(error),
              test::hex(unhex("a2 64'kind' 71'malformed_message' 67'message' 61'm'")));
    EXPECT_EQ(decode_code<CoreError>("a3 64'kind' 61'k' 67'message' 61'm' 6e'offending_type' f6"),
              Code::ok);
}

TEST(ErrorKind, HasANameForEach) {
    EXPECT_EQ(name(ErrorKind::invalid_flags), "invalid_flags");
    EXPECT_EQ(name(ErrorKind::invalid_payload), "invalid_payload");
    EXPECT_EQ(name(ErrorKind::invalid_session), "invalid_session");
    EXPECT_EQ(name(ErrorKind::malformed_message), "malformed_message");
    EXPECT_EQ(name(ErrorKind::unsupported_message_type), "unsupported_message_type");
    EXPECT_EQ(name(ErrorKind::unsupported_protocol_generation), "unsupported_protocol_generation");
}

TEST(Touched, GoesBothWays) {
    EXPECT_EQ(encoded(Touched{.activity_seq = 29}), test::hex(unhex("a1 6c'activity_seq' 181d")));
    EXPECT_EQ(decode_code<Touched>("a0"), Code::missing_field);
}

TEST(EncodeEmpty, WritesAnEmptyMap) {
    const Buffer out = test::encoded(0, [](cbor::Writer& writer) { encode_empty(writer); });
    EXPECT_EQ(test::hex(out), "a0");
}

}  // namespace
}  // namespace pronto::wire
