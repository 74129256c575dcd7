// SPDX-License-Identifier: Apache-2.0
#include "core/wire/envelope.hpp"

#include "core/cbor/record.hpp"

namespace pronto::wire {

namespace {

using cbor::Major;

// What every peer's encoder writes around version and name, `{"v": N, "t": name, "p": payload}`;
// and the fourth key of the headerless form.
constexpr std::string_view canonical_start = "\xa3\x61v";
constexpr std::string_view canonical_type = "\x61t";
constexpr std::string_view canonical_payload = "\x61p";
constexpr std::string_view headerless_start = "\xa4\x61v";
constexpr std::string_view headerless_id = "\x62id";

// A cursor over bytes that are expected to be canonical. Anything else ends the attempt, which
// costs nothing: the general path then reads from the start.
class Canonical {
  public:
    explicit Canonical(Bytes input) : input_(input) {}

    bool literal(std::string_view expected) {
        if (!as_text(input_).starts_with(expected)) return false;
        input_ = input_.subspan(expected.size());
        return true;
    }

    bool head(Major major, std::uint64_t& value) {
        cbor::Head head;
        if (!cbor::read_head(input_, head)) return false;
        if (!head.is(major) || head.indefinite()) return false;
        input_ = input_.subspan(head.bytes);
        value = head.value;
        return true;
    }

    bool string(Major major, Bytes& content) {
        std::uint64_t byte_count = 0;
        if (!head(major, byte_count) || byte_count > input_.size()) return false;
        content = input_.first(static_cast<std::size_t>(byte_count));
        input_ = input_.subspan(content.size());
        return true;
    }

  private:
    Bytes input_;
};

bool decode_canonical(Bytes body, Envelope& out) {
    Canonical cursor(body);
    std::uint64_t version = 0;
    Bytes name;
    if (!cursor.literal(canonical_start)) return false;
    if (!cursor.head(Major::unsigned_integer, version) || version > 0xff) return false;
    if (!cursor.literal(canonical_type) || !cursor.string(Major::text, name)) return false;
    if (!cursor.literal(canonical_payload)) return false;
    if (!cursor.string(Major::bytes, out.payload)) return false;
    // A name of the catalogue needs no further check; others take the general path, which looks at
    // UTF-8.
    out.type_name = as_text(name);
    out.message = find_message(out.type_name);
    out.version = static_cast<std::uint8_t>(version);
    return out.message.has_value();
}

struct Fields {
    cbor::Item type_name;
    cbor::Item payload;
    std::uint32_t id = 0;
    std::uint8_t version = 0;
};

using cbor::Kind;
using cbor::Presence;

constexpr cbor::Field fields_table[] = {
    PRONTO_FIELD(Fields, version, "v", required),
    {"t", offsetof(Fields, type_name), Kind::text_item, Presence::required, nullptr},
    {"p", offsetof(Fields, payload), Kind::bytes_item, Presence::required, nullptr},
    PRONTO_FIELD(Fields, id, "id", required),
};
constexpr std::size_t fields_without_id = 3;

Status decode_fields(Bytes body, std::span<const cbor::Field> table, Envelope& out,
                     std::uint32_t& id) {
    out = {};
    Fields fields;
    cbor::Reader reader(body);
    const Status status = cbor::read_record(reader, table, &fields);
    if (!status.ok()) return status;
    id = fields.id;
    out.version = fields.version;
    out.rewritten = !cbor::contiguous(fields.type_name) || !cbor::contiguous(fields.payload);
    out.type_name = cbor::view_text(fields.type_name);
    out.message = find_message(out.type_name);
    out.payload = cbor::take_bytes(fields.payload);
    return {};
}

std::uint8_t* put(std::uint8_t* at, std::string_view literal) {
    std::memcpy(at, literal.data(), literal.size());
    return at + literal.size();
}

std::size_t version_and_name_bytes(const Address& address) {
    const std::string_view name = row(address.message).name;
    return cbor::head_bytes(address.version) + canonical_type.size() +
           cbor::head_bytes(name.size()) + name.size();
}

std::uint8_t* put_version_and_name(std::uint8_t* at, const Address& address) {
    const std::string_view name = row(address.message).name;
    at = cbor::store_head(at, Major::unsigned_integer, address.version);
    at = put(at, canonical_type);
    at = cbor::store_head(at, Major::text, name.size());
    return put(at, name);
}

std::uint8_t* put_payload_head(std::uint8_t* at, std::size_t payload_bytes) {
    return cbor::store_head(put(at, canonical_payload), Major::bytes, payload_bytes);
}

// Preconditions of sealing, in whichever framing. Returns the whole frame's extent.
Bytes frame_around(Bytes buffer, std::size_t payload_offset, std::size_t payload_bytes,
                   std::size_t prefix) {
    PRONTO_ASSERT(prefix <= headroom_bytes);
    PRONTO_ASSERT(payload_offset >= headroom_bytes);
    PRONTO_ASSERT(payload_offset <= buffer.size());
    PRONTO_ASSERT(payload_bytes <= buffer.size() - payload_offset);
    PRONTO_ASSERT(prefix + payload_bytes <= frame_wire_bytes_max);
    return buffer.subspan(payload_offset - prefix, prefix + payload_bytes);
}

}  // namespace

Status decode_envelope(Bytes body, Envelope& out) {
    out.rewritten = false;
    if (decode_canonical(body, out)) [[likely]]
        return {};
    std::uint32_t unused_id = 0;
    return decode_fields(body, std::span(fields_table).first(fields_without_id), out, unused_id);
}

Status decode_headerless(Bytes body, Envelope& out, std::uint32_t& id) {
    return decode_fields(body, fields_table, out, id);
}

std::size_t prefix_bytes(const Address& address, std::size_t payload_bytes) {
    return header_bytes + canonical_start.size() + version_and_name_bytes(address) +
           canonical_payload.size() + cbor::head_bytes(payload_bytes);
}

std::size_t headerless_prefix_bytes(const Address& address, std::size_t payload_bytes) {
    return length_field_bytes + headerless_start.size() + version_and_name_bytes(address) +
           headerless_id.size() + cbor::head_bytes(address.id) + canonical_payload.size() +
           cbor::head_bytes(payload_bytes);
}

Bytes seal(Bytes buffer, std::size_t payload_offset, std::size_t payload_bytes,
           const Address& address) {
    const std::size_t prefix = prefix_bytes(address, payload_bytes);
    const Bytes frame = frame_around(buffer, payload_offset, payload_bytes, prefix);
    encode_header(frame, address.id, row(address.message).flags, frame.size() - header_bytes);
    std::uint8_t* at = put(frame.data() + header_bytes, canonical_start);
    at = put_payload_head(put_version_and_name(at, address), payload_bytes);
    PRONTO_ASSERT(at == frame.data() + prefix);
    return frame;
}

Bytes seal_headerless(Bytes buffer, std::size_t payload_offset, std::size_t payload_bytes,
                      const Address& address) {
    const std::size_t prefix = headerless_prefix_bytes(address, payload_bytes);
    const Bytes frame = frame_around(buffer, payload_offset, payload_bytes, prefix);
    store_be(frame.data(), static_cast<std::uint32_t>(frame.size() - length_field_bytes));
    std::uint8_t* at = put(frame.data() + length_field_bytes, headerless_start);
    at = put(put_version_and_name(at, address), headerless_id);
    at = cbor::store_head(at, Major::unsigned_integer, address.id);
    at = put_payload_head(at, payload_bytes);
    PRONTO_ASSERT(at == frame.data() + prefix);
    return frame;
}

}  // namespace pronto::wire
