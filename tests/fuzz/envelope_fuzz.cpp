// SPDX-License-Identifier: Apache-2.0
// Any bytes as an envelope, then its payload through the codec of its message. What decodes is
// sealed again and decodes to the same; the fast path for canonical bytes and the general path
// agree.
#include "core/wire/envelope.hpp"

#include "tests/support/typed_payload.hpp"

namespace pronto {

using test::Buffer;
using wire::Envelope;

namespace {

bool same(const Envelope& left, const Envelope& right) {
    return left.version == right.version && left.type_name == right.type_name &&
           left.message == right.message && test::copy(left.payload) == test::copy(right.payload);
}

// A tag in front changes nothing but the path that the decoder takes.
void check_general_path(ByteView body, Status status, const Envelope& envelope) {
    constexpr std::uint8_t self_described[] = {0xd9, 0xd9, 0xf7};
    Buffer tagged(std::begin(self_described), std::end(self_described));
    tagged.insert(tagged.end(), body.begin(), body.end());
    Envelope general;
    const Status general_status = wire::decode_envelope(tagged, general);
    // Tags in front of the body count too, so that 128 of them are one too many with ours.
    if (general_status.code == Code::cbor_depth) return;
    PRONTO_ASSERT(general_status == status);
    if (status.ok()) PRONTO_ASSERT(same(envelope, general));
    PRONTO_ASSERT(!status.ok() || envelope.rewritten == general.rewritten);
}

void check_seal(const Envelope& envelope) {
    const std::size_t payload_bytes = envelope.payload.size();
    Buffer buffer(wire::headroom_bytes + payload_bytes);
    copy_bytes(Bytes(buffer).subspan(wire::headroom_bytes), envelope.payload);
    const wire::Address address{
        .version = envelope.version, .id = 77, .message = *envelope.message};
    Envelope again;
    const Bytes frame = wire::seal(buffer, wire::headroom_bytes, payload_bytes, address);
    const wire::Scanned scanned = wire::scan_frame(frame);
    PRONTO_ASSERT(scanned.outcome == wire::Scan::frame);
    PRONTO_ASSERT(wire::decode_envelope(scanned.frame.body, again).ok());
    PRONTO_ASSERT(same(envelope, again));

    std::uint32_t id = 0;
    const Bytes headerless =
        wire::seal_headerless(buffer, wire::headroom_bytes, payload_bytes, address);
    const wire::Scanned old = wire::scan_headerless(headerless);
    PRONTO_ASSERT(old.outcome == wire::Scan::frame);
    PRONTO_ASSERT(wire::decode_headerless(old.frame.body, again, id).ok());
    PRONTO_ASSERT(same(envelope, again));
    PRONTO_ASSERT(id == address.id);
}

void check_payload(const Envelope& envelope) {
    Buffer payload = test::copy(envelope.payload);
    const auto first = test::reencode(*envelope.message, payload);
    if (!first || !first->status.ok()) return;
    Buffer canonical = first->payload;
    const auto second = test::reencode(*envelope.message, canonical);
    PRONTO_ASSERT(second->status.ok());
    PRONTO_ASSERT(second->payload == first->payload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byte_count) {
    const ByteView input(data, byte_count);
    Buffer body = test::copy(input);
    Envelope envelope;
    const Status status = wire::decode_envelope(body, envelope);
    check_general_path(input, status, envelope);
    Buffer old = test::copy(input);
    Envelope headerless;
    std::uint32_t id = 0;
    if (wire::decode_headerless(old, headerless, id).ok())
        PRONTO_ASSERT(status.ok() && same(envelope, headerless));
    if (!status.ok()) return 0;
    if (!envelope.rewritten) PRONTO_ASSERT(body == test::copy(input));
    if (!envelope.message) return 0;
    check_seal(envelope);
    check_payload(envelope);
    return 0;
}

}  // namespace pronto
