// SPDX-License-Identifier: Apache-2.0
// The golden frames: each decodes, and comes out of the encoder as the same bytes.
#include "tests/support/vectors.hpp"

#include <gtest/gtest.h>

#include "core/wire/envelope.hpp"
#include "tests/support/transcode.hpp"
#include "tests/support/typed_payload.hpp"

namespace pronto::wire {
namespace {

using test::Buffer;
using test::Vector;

struct Decoded {
    Envelope envelope;
    std::uint32_t id = 0;
};

Decoded decode_frame(const Vector& vector, Bytes frame) {
    Decoded decoded;
    const Scanned scanned = vector.headerless() ? scan_headerless(frame) : scan_frame(frame);
    EXPECT_EQ(scanned.outcome, Scan::frame) << vector.name;
    EXPECT_EQ(scanned.wire_bytes, frame.size()) << vector.name;
    decoded.id = scanned.frame.id;
    const Status status = vector.headerless()
                              ? decode_headerless(scanned.frame.body, decoded.envelope, decoded.id)
                              : decode_envelope(scanned.frame.body, decoded.envelope);
    EXPECT_TRUE(status.ok()) << vector.name;
    EXPECT_TRUE(decoded.envelope.message.has_value()) << vector.name;
    EXPECT_FALSE(decoded.envelope.rewritten) << vector.name;
    return decoded;
}

Buffer sealed(const Vector& vector, const Decoded& decoded, const Buffer& payload) {
    Buffer buffer(headroom_bytes + payload.size());
    copy_bytes(Bytes(buffer).subspan(headroom_bytes), payload);
    const Address address{.version = decoded.envelope.version,
                          .id = decoded.id,
                          .message = decoded.envelope.message.value_or(Message::ping)};
    const Bytes frame = vector.headerless()
                            ? seal_headerless(buffer, headroom_bytes, payload.size(), address)
                            : seal(buffer, headroom_bytes, payload.size(), address);
    return test::copy(frame);
}

// The request with nothing but a command: our encoder writes every field, as the reference host
// does.
bool has_absent_fields(const Vector& vector) { return vector.name == "X1"; }

TEST(Vectors, AreAllThere) { EXPECT_EQ(test::load_vectors().size(), 61U); }

TEST(Vectors, AreSealedToTheSameBytesAfterTranscoding) {
    for (Vector& vector : test::load_vectors()) {
        Buffer frame = vector.frame;
        const Decoded decoded = decode_frame(vector, frame);
        const std::optional<Buffer> payload = test::transcode(decoded.envelope.payload);
        ASSERT_TRUE(payload.has_value()) << vector.name;
        EXPECT_EQ(sealed(vector, decoded, *payload), vector.frame) << vector.name;
    }
}

TEST(Vectors, OfCoreAndExecComeOutOfTheirCodecsUnchanged) {
    int checked = 0;
    for (const Vector& vector : test::load_vectors()) {
        Buffer frame = vector.frame;
        const Decoded decoded = decode_frame(vector, frame);
        if (has_absent_fields(vector)) continue;
        const auto reencoded = test::reencode(*decoded.envelope.message, decoded.envelope.payload);
        if (!reencoded) continue;
        ASSERT_TRUE(reencoded->status.ok()) << vector.name;
        EXPECT_EQ(sealed(vector, decoded, reencoded->payload), vector.frame) << vector.name;
        ++checked;
    }
    // R 2, I 2, C 2, X 10, D 2, T3, G1, G5, Z1: everything but shutdown, empty records, fs, tcp and
    // bootstrap.
    EXPECT_EQ(checked, 22);
}

TEST(Vectors, HaveNoStrictPrefixOfAPayloadThatDecodes) {
    for (const Vector& vector : test::load_vectors()) {
        Buffer frame = vector.frame;
        const Decoded decoded = decode_frame(vector, frame);
        const Bytes payload = decoded.envelope.payload;
        for (std::size_t bytes = 0; bytes < payload.size(); ++bytes) {
            Buffer part = test::copy(payload.first(bytes));
            const auto reencoded = test::reencode(*decoded.envelope.message, part);
            if (reencoded) {
                ASSERT_FALSE(reencoded->status.ok()) << vector.name << " at " << bytes;
            }
        }
    }
}

}  // namespace
}  // namespace pronto::wire
