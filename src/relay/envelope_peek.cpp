// SPDX-License-Identifier: Apache-2.0
#include "relay/envelope_peek.hpp"

#include <array>

#include "core/cbor/record.hpp"

namespace pronto::relay {

namespace {

using cbor::Head;
using cbor::Major;

// What every known encoder of this protocol writes around the version, the name and the payload.
constexpr std::string_view canonical_start = "\xa3\x61v";
constexpr std::string_view canonical_type = "\x61t";
constexpr std::string_view canonical_payload = "\x61p";

bool take_literal(Bytes& input, std::string_view expected) {
    if (!as_text(input).starts_with(expected)) return false;
    input = input.subspan(expected.size());
    return true;
}

bool take_head(Bytes& input, Major major, std::uint64_t& value) {
    Head head;
    if (!cbor::read_head(input, head) || !head.is(major) || head.indefinite()) return false;
    value = head.value;
    input = input.subspan(head.bytes);
    return true;
}

bool peek_canonical(Bytes input, EnvelopePeek& out) {
    std::uint64_t value = 0;
    if (!take_literal(input, canonical_start)) return false;
    if (!take_head(input, Major::unsigned_integer, value) || value > 0xff) return false;
    if (!take_literal(input, canonical_type)) return false;
    if (!take_head(input, Major::text, value) || value > input.size()) return false;
    out.type_name = as_text(input.first(static_cast<std::size_t>(value)));
    input = input.subspan(out.type_name.size());
    if (!take_literal(input, canonical_payload)) return false;
    if (!take_head(input, Major::bytes, value) || value > input.size()) return false;
    out.message = wire::find_message(out.type_name);
    // An unknown name takes the general path, which also looks at its characters.
    return out.message.has_value();
}

struct Fields {
    cbor::Item type_name;
    cbor::Item payload;
    std::uint8_t version = 0;
};

using cbor::Kind;
using cbor::Presence;

constexpr cbor::Field fields_table[] = {
    PRONTO_FIELD(Fields, version, "v", required),
    {"t", offsetof(Fields, type_name), Kind::text_item, Presence::required, nullptr},
    {"p", offsetof(Fields, payload), Kind::bytes_item, Presence::required, nullptr},
};

// A name in pieces is joined in a copy. One that does not fit is longer, as encoded, than any we
// know needs to be.
void find_joined(cbor::Item item, EnvelopePeek& out) {
    std::array<std::uint8_t, 256> copy;
    if (item.encoded.size() > copy.size()) return;
    copy_bytes(copy, item.encoded);
    const cbor::Item joined{Bytes(copy).first(item.encoded.size())};
    out.message = wire::find_message(cbor::view_text(joined));
}

}  // namespace

Status peek_envelope(Bytes body, EnvelopePeek& out) {
    if (peek_canonical(body, out)) [[likely]]
        return {};
    out = {};
    Fields fields;
    cbor::Reader reader(body);
    const Status status = cbor::read_record(reader, fields_table, &fields);
    if (!status.ok()) return status;
    if (!cbor::contiguous(fields.type_name)) {
        find_joined(fields.type_name, out);
        return {};
    }
    out.type_name = cbor::view_text(fields.type_name);
    out.message = wire::find_message(out.type_name);
    return {};
}

}  // namespace pronto::relay
