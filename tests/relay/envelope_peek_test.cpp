// SPDX-License-Identifier: Apache-2.0
#include "relay/envelope_peek.hpp"

#include <random>

#include <gtest/gtest.h>

#include "core/wire/envelope.hpp"
#include "tests/relay/relay_rig.hpp"

namespace pronto::test {
namespace {

/// Bodies that differ in every liberty an encoder may take.
std::vector<Buffer> seeds() {
    return {
        make_body("core.exec.stdin", data_payload(40)),
        make_body("core.exec.stdin", data_payload(300), 255),
        make_body("core.relay.client.disconnected", {0xa0}),
        make_body("no.such.type", {0xa0}),
        {0xb9, 0x00, 0x03, 0x61, 'v', 0x06, 0x61, 't',  0x69, 'c',  'o',
         'r',  'e',  '.',  'p',  'i', 'n',  'g',  0x61, 'p',  0x41, 0xa0},
        {0xbf, 0x61, 'p',  0x5f, 0x41, 0xa0, 0xff, 0x61, 't',  0x7f, 0x65, 'c',  'o', 'r',
         'e',  '.',  0x64, 'p',  'i',  'n',  'g',  0xff, 0x61, 'v',  0x18, 0x06, 0xff},
        {0xd9, 0xd9, 0xf7, 0xa4, 0x61, 'x', 0x83, 1,   2,   3,    0x61, 'v',  1,    0x61, 't', 0x69,
         'c',  'o',  'r',  'e',  '.',  'p', 'i',  'n', 'g', 0x61, 'p',  0x82, 0x18, 0xa0, 0x00},
    };
}

/// The guest's decoder is the measure: what it refuses must be refused before it gets there.
void expect_agreement(const Buffer& body) {
    Buffer peeked = body;
    Buffer decoded = body;
    relay::EnvelopePeek peek;
    wire::Envelope envelope;
    const bool peek_ok = relay::peek_envelope(peeked, peek).ok();
    const bool decode_ok = wire::decode_envelope(decoded, envelope).ok();
    ASSERT_EQ(peek_ok, decode_ok);
    ASSERT_EQ(peeked, body) << "peeking changed the frame";
    if (!decode_ok) return;
    ASSERT_EQ(peek.message, envelope.message);
}

TEST(EnvelopePeek, AgreesWithTheDecoderOnGoodBodies) {
    for (const Buffer& body : seeds()) {
        expect_agreement(body);
        relay::EnvelopePeek peek;
        Buffer copy = body;
        EXPECT_TRUE(relay::peek_envelope(copy, peek).ok());
    }
}

TEST(EnvelopePeek, AgreesWithTheDecoderOnEveryTruncation) {
    for (const Buffer& body : seeds()) {
        for (std::size_t bytes = 0; bytes < body.size(); ++bytes) {
            expect_agreement({body.begin(), body.begin() + static_cast<std::ptrdiff_t>(bytes)});
        }
    }
}

TEST(EnvelopePeek, AgreesWithTheDecoderOnDamagedBodies) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::minstd_rand random(seed);
    const std::vector<Buffer> originals = seeds();
    for (int round = 0; round < 200'000; ++round) {
        Buffer body = originals[random() % originals.size()];
        const std::size_t damages = 1 + random() % 3;
        for (std::size_t damage = 0; damage < damages; ++damage) {
            body[random() % std::min<std::size_t>(body.size(), 40)] =
                static_cast<std::uint8_t>(random() >> 8);
        }
        expect_agreement(body);
        if (HasFatalFailure()) return;
    }
}

}  // namespace
}  // namespace pronto::test
