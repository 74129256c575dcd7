// SPDX-License-Identifier: Apache-2.0
#include "core/wire/envelope.hpp"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/vectors.hpp"

namespace pronto::wire {
namespace {

using test::Buffer;
using test::unhex;

TEST(DecodeEnvelope, ReadsTheCanonicalForm) {
    Buffer body = unhex("a3 61'v' 06 61't' 69'core.ping' 61'p' 41a0");
    Envelope envelope;
    ASSERT_TRUE(decode_envelope(body, envelope).ok());
    EXPECT_EQ(envelope.version, 6);
    EXPECT_EQ(envelope.type_name, "core.ping");
    EXPECT_EQ(envelope.message, Message::ping);
    EXPECT_EQ(test::hex(envelope.payload), "a0");
    EXPECT_FALSE(envelope.rewritten);
}

TEST(DecodeEnvelope, ReadsTheHighestVersion) {
    Buffer body = unhex("a3 61'v' 18ff 61't' 69'core.ping' 61'p' 40");
    Envelope envelope;
    ASSERT_TRUE(decode_envelope(body, envelope).ok());
    EXPECT_EQ(envelope.version, 255);
    EXPECT_TRUE(envelope.payload.empty());
}

TEST(DecodeEnvelope, NamesATypeThatItDoesNotKnow) {
    Buffer body = unhex("a3 61'v' 06 61't' 69'core.pinG' 61'p' 41a0");
    Envelope envelope;
    ASSERT_TRUE(decode_envelope(body, envelope).ok());
    EXPECT_EQ(envelope.type_name, "core.pinG");
    EXPECT_FALSE(envelope.message.has_value());
}

TEST(DecodeEnvelope, RejectsATypeThatIsNotUtf8) {
    Buffer body = unhex("a3 61'v' 06 61't' 61ff 61'p' 40");
    Envelope envelope;
    EXPECT_EQ(decode_envelope(body, envelope).code, Code::cbor_type);
}

TEST(DecodeEnvelope, LeavesStringsInOnePieceAsTheyWere) {
    // As kriszyp/cbor-x writes it: a 16-bit map head, and a tag in front of the byte string.
    Buffer body = unhex("b90003 61'v' 06 61't' 69'core.ping' 61'p' d84041a0");
    const Buffer before = body;
    Envelope envelope;
    ASSERT_TRUE(decode_envelope(body, envelope).ok());
    EXPECT_FALSE(envelope.rewritten);
    EXPECT_EQ(body, before);
}

TEST(DecodeEnvelope, SaysWhenItHadToRewriteTheFrame) {
    for (const std::string_view form : {"a3 61'v' 06 61't' 7f 65'core.' 64'ping' ff 61'p' 41a0",
                                        "a3 61'v' 06 61't' 69'core.ping' 61'p' 5f 41a0 ff",
                                        "a3 61'v' 06 61't' 69'core.ping' 61'p' 81 18a0"}) {
        Buffer body = unhex(form);
        Envelope envelope;
        ASSERT_TRUE(decode_envelope(body, envelope).ok()) << form;
        EXPECT_TRUE(envelope.rewritten) << form;
        EXPECT_EQ(envelope.message, Message::ping) << form;
        EXPECT_EQ(test::hex(envelope.payload), "a0") << form;
    }
}

TEST(DecodeEnvelope, ForgetsWhatTheOutputHeldBefore) {
    Buffer rewritten = unhex("a3 61'v' 06 61't' 69'core.ping' 61'p' 5f ff");
    Buffer canonical = unhex("a3 61'v' 06 61't' 69'core.pong' 61'p' 40");
    Envelope envelope;
    ASSERT_TRUE(decode_envelope(rewritten, envelope).ok());
    ASSERT_TRUE(decode_envelope(canonical, envelope).ok());
    EXPECT_FALSE(envelope.rewritten);
    EXPECT_EQ(envelope.message, Message::pong);
}

TEST(DecodeEnvelope, RejectsEveryStrictPrefixOfEveryVector) {
    for (const test::Vector& vector : test::load_vectors()) {
        const std::size_t header = vector.headerless() ? length_field_bytes : header_bytes;
        const ByteView body = ByteView(vector.frame).subspan(header);
        for (std::size_t bytes = 0; bytes < body.size(); ++bytes) {
            Buffer part = test::copy(body.first(bytes));
            Envelope envelope;
            std::uint32_t id = 0;
            const Status status = vector.headerless() ? decode_headerless(part, envelope, id)
                                                      : decode_envelope(part, envelope);
            ASSERT_EQ(status.code, Code::cbor_malformed) << vector.name << " at " << bytes;
        }
    }
}

TEST(DecodeEnvelope, RejectsABodyThatIsNoEnvelope) {
    Envelope envelope;
    for (const auto& [form, code] :
         {std::pair{"", Code::cbor_malformed}, std::pair{"80", Code::cbor_type},
          std::pair{"f6", Code::cbor_type}, std::pair{"a0", Code::missing_field}}) {
        Buffer body = unhex(form);
        EXPECT_EQ(decode_envelope(body, envelope).code, code) << form;
    }
}

TEST(DecodeHeaderless, NeedsAnId) {
    Buffer body = unhex("a3 61'v' 01 61't' 69'core.ping' 61'p' 40");
    Envelope envelope;
    std::uint32_t id = 0;
    EXPECT_EQ(decode_headerless(body, envelope, id).code, Code::missing_field);
}

TEST(DecodeHeaderless, ReadsTheIdWhereverItStands) {
    Buffer body = unhex("a4 62'id' 1affffffff 61'v' 01 61't' 69'core.ping' 61'p' 40");
    Envelope envelope;
    std::uint32_t id = 0;
    ASSERT_TRUE(decode_headerless(body, envelope, id).ok());
    EXPECT_EQ(id, 0xffff'ffffU);
    EXPECT_EQ(envelope.message, Message::ping);
}

// Every payload size on both sides of a head's boundaries.
constexpr std::size_t payload_sizes[] = {0, 1, 23, 24, 255, 256, 65'535, 65'536, 3 * MiB};

Address address_of(Message message) {
    return {.version = 6, .id = 0x0102'0304, .message = message};
}

TEST(Seal, IsReadBackForEveryMessageAndPayloadSize) {
    for (std::size_t index = 0; index < static_cast<std::size_t>(Message::count_); ++index) {
        const Address address = address_of(static_cast<Message>(index));
        for (const std::size_t payload_bytes :
             {std::size_t{0}, std::size_t{24}, std::size_t{256}}) {
            Buffer buffer(headroom_bytes + payload_bytes, 0x5a);
            const Bytes frame = seal(buffer, headroom_bytes, payload_bytes, address);
            ASSERT_EQ(frame.size(), prefix_bytes(address, payload_bytes) + payload_bytes);
            const Scanned scanned = scan_frame(frame);
            ASSERT_EQ(scanned.outcome, Scan::frame);
            EXPECT_EQ(scanned.frame.id, address.id);
            EXPECT_EQ(scanned.frame.flags, row(address.message).flags);
            Envelope envelope;
            ASSERT_TRUE(decode_envelope(scanned.frame.body, envelope).ok());
            EXPECT_EQ(envelope.message, address.message);
            EXPECT_EQ(envelope.version, address.version);
            EXPECT_EQ(envelope.payload.data(), buffer.data() + headroom_bytes);
            EXPECT_EQ(envelope.payload.size(), payload_bytes);
        }
    }
}

TEST(Seal, FitsItsHeadroomForTheLongestPrefix) {
    for (const std::size_t payload_bytes : payload_sizes) {
        Buffer buffer(headroom_bytes + payload_bytes);
        const Address address{
            .version = 255, .id = 0xffff'ffff, .message = Message::relay_client_disconnected};
        EXPECT_EQ(scan_frame(seal(buffer, headroom_bytes, payload_bytes, address)).outcome,
                  Scan::frame);
        const Bytes headerless = seal_headerless(buffer, headroom_bytes, payload_bytes, address);
        EXPECT_EQ(scan_headerless(headerless).outcome, Scan::frame);
    }
}

TEST(Seal, WritesNothingInFrontOfTheFrame) {
    Buffer buffer(200, 0x5a);
    const Bytes frame = seal(buffer, 100, 10, address_of(Message::ping));
    for (const std::uint8_t* at = buffer.data(); at < frame.data(); ++at)
        EXPECT_EQ(*at, 0x5a);
    EXPECT_EQ(frame.data() + frame.size(), buffer.data() + 110);
}

TEST(Seal, TrapsOnAnOffsetBelowTheHeadroom) {
    Buffer buffer(200);
    EXPECT_DEATH(seal(buffer, headroom_bytes - 1, 0, address_of(Message::ping)), "");
}

TEST(Seal, TrapsOnAPayloadBeyondTheBuffer) {
    Buffer buffer(200);
    EXPECT_DEATH(seal(buffer, 100, 101, address_of(Message::ping)), "");
}

TEST(Seal, TrapsOnAFrameAboveTheLimit) {
    Buffer buffer(headroom_bytes + frame_length_max);
    const Address address = address_of(Message::ping);
    const std::size_t longest = frame_wire_bytes_max - prefix_bytes(address, frame_length_max);
    EXPECT_EQ(seal(buffer, headroom_bytes, longest, address).size(), frame_wire_bytes_max);
    EXPECT_DEATH(seal(buffer, headroom_bytes, longest + 1, address), "");
}

TEST(SealHeaderless, IsReadBack) {
    Buffer buffer(headroom_bytes + 3, 0x5a);
    const Address address{.version = 1, .id = 7, .message = Message::exec_stdout};
    const Bytes frame = seal_headerless(buffer, headroom_bytes, 3, address);
    ASSERT_EQ(frame.size(), headerless_prefix_bytes(address, 3) + 3);
    Envelope envelope;
    std::uint32_t id = 0;
    ASSERT_TRUE(decode_headerless(scan_headerless(frame).frame.body, envelope, id).ok());
    EXPECT_EQ(id, 7U);
    EXPECT_EQ(envelope.version, 1);
    EXPECT_EQ(envelope.message, Message::exec_stdout);
    EXPECT_EQ(test::hex(envelope.payload), "5a5a5a");
}

}  // namespace
}  // namespace pronto::wire
