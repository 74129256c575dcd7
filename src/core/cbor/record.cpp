// SPDX-License-Identifier: Apache-2.0
#include "core/cbor/record.hpp"

namespace pronto::cbor {

namespace {

template <typename Member>
Member& member_at(void* record, std::size_t offset) {
    // SAFETY: the table's row was made from a member of this type at this offset (PRONTO_FIELD).
    return *reinterpret_cast<Member*>(static_cast<std::uint8_t*>(record) + offset);
}

template <typename Member>
const Member& member_at(const void* record, std::size_t offset) {
    // SAFETY: as above.
    return *reinterpret_cast<const Member*>(static_cast<const std::uint8_t*>(record) + offset);
}

constexpr Seen bit(std::size_t index) { return Seen{1} << index; }

bool may_be_null(Presence presence) {
    return presence == Presence::nullable || presence == Presence::omittable;
}

// The row named `key`. Senders mostly follow one order, so the row after the last one is tried
// first.
std::size_t find_field(std::span<const Field> fields, std::size_t expected, std::string_view key) {
    if (expected < fields.size() && fields[expected].key == key) return expected;
    for (std::size_t index = 0; index < fields.size(); ++index) {
        if (fields[index].key == key) return index;
    }
    return fields.size();
}

template <typename Member>
Status read_unsigned(Reader& reader, Member& member) {
    constexpr auto maximum = static_cast<std::uint64_t>(static_cast<Member>(-1));
    std::uint64_t value = 0;
    const Status status = reader.unsigned_integer(maximum, value);
    if (status.ok()) member = static_cast<Member>(value);
    return status;
}

Status read_i32(Reader& reader, std::int32_t& member) {
    std::int64_t value = 0;
    const Status status = reader.integer(INT32_MIN, INT32_MAX, value);
    if (status.ok()) member = static_cast<std::int32_t>(value);
    return status;
}

Status read_text(Reader& reader, std::string_view& member) {
    Item item;
    const Status status = reader.text_item(item);
    if (status.ok()) member = view_text(item);
    return status;
}

Status read_bytes(Reader& reader, Bytes& member) {
    Item item;
    const Status status = reader.bytes_item(item);
    if (status.ok()) member = take_bytes(item);
    return status;
}

Status check_text(Reader& reader) {
    Item item;
    return reader.text_item(item);
}

Status read_member(Reader& reader, const Field& field, void* record) {
    const std::size_t at = field.offset;
    switch (field.kind) {
        case Kind::u8: return read_unsigned(reader, member_at<std::uint8_t>(record, at));
        case Kind::u16: return read_unsigned(reader, member_at<std::uint16_t>(record, at));
        case Kind::u32: return read_unsigned(reader, member_at<std::uint32_t>(record, at));
        case Kind::u64: return read_unsigned(reader, member_at<std::uint64_t>(record, at));
        case Kind::i32: return read_i32(reader, member_at<std::int32_t>(record, at));
        case Kind::boolean: return reader.boolean(member_at<bool>(record, at));
        case Kind::text: return read_text(reader, member_at<std::string_view>(record, at));
        case Kind::bytes: return read_bytes(reader, member_at<Bytes>(record, at));
        case Kind::text_item: return reader.text_item(member_at<Item>(record, at));
        case Kind::bytes_item: return reader.bytes_item(member_at<Item>(record, at));
        case Kind::texts: return reader.array(member_at<Array>(record, at), check_text);
        case Kind::custom: break;
    }
    PRONTO_ASSERT(field.read != nullptr);
    return field.read(reader, static_cast<std::uint8_t*>(record) + at);
}

Status check_required(std::span<const Field> fields, Seen seen) {
    for (std::size_t index = 0; index < fields.size(); ++index) {
        if (fields[index].presence != Presence::required) continue;
        if ((seen & bit(index)) == 0) return {Code::missing_field};
    }
    return {};
}

std::uint64_t unsigned_member(const Field& field, const void* record) {
    switch (field.kind) {
        case Kind::u8: return member_at<std::uint8_t>(record, field.offset);
        case Kind::u16: return member_at<std::uint16_t>(record, field.offset);
        case Kind::u32: return member_at<std::uint32_t>(record, field.offset);
        case Kind::u64: return member_at<std::uint64_t>(record, field.offset);
        default: PRONTO_UNREACHABLE();
    }
}

bool is_empty(const Field& field, const void* record) {
    switch (field.kind) {
        case Kind::text: return member_at<std::string_view>(record, field.offset).empty();
        case Kind::i32: return member_at<std::int32_t>(record, field.offset) == 0;
        default: return unsigned_member(field, record) == 0;
    }
}

bool left_out(const Field& field, const void* record) {
    return field.presence == Presence::omittable && is_empty(field, record);
}

void write_member(Writer& writer, const Field& field, const void* record) {
    if (field.presence == Presence::nullable && is_empty(field, record)) return writer.null();
    const std::size_t at = field.offset;
    switch (field.kind) {
        case Kind::text: return writer.text(member_at<std::string_view>(record, at));
        case Kind::bytes: return writer.bytes(member_at<Bytes>(record, at));
        case Kind::boolean: return writer.boolean(member_at<bool>(record, at));
        case Kind::i32: return writer.integer(member_at<std::int32_t>(record, at));
        default: return writer.unsigned_integer(unsigned_member(field, record));
    }
}

}  // namespace

Status read_record(Reader& reader, std::span<const Field> fields, void* record, Seen& seen) {
    PRONTO_ASSERT(fields.size() <= fields_max);
    PRONTO_ASSERT(record != nullptr);
    seen = 0;
    std::size_t expected = 0;
    Status status = reader.enter_map();
    while (status.ok()) {
        std::string_view key;
        bool found = false;
        status = reader.next_key(key, found);
        if (!status.ok()) break;
        if (!found) return check_required(fields, seen);
        const std::size_t index = find_field(fields, expected, key);
        if (index == fields.size()) {
            status = reader.skip();
            continue;
        }
        if ((seen & bit(index)) != 0) return {Code::duplicate_key};
        seen |= bit(index);
        expected = index + 1;
        if (may_be_null(fields[index].presence) && reader.take_null()) continue;
        status = read_member(reader, fields[index], record);
    }
    return status;
}

Status read_record(Reader& reader, std::span<const Field> fields, void* record) {
    Seen seen = 0;
    return read_record(reader, fields, record, seen);
}

void write_record(Writer& writer, std::span<const Field> fields, const void* record) {
    PRONTO_ASSERT(fields.size() <= fields_max);
    std::size_t pairs = 0;
    for (const Field& field : fields)
        pairs += left_out(field, record) ? 0 : 1;
    writer.map(pairs);
    write_fields(writer, fields, record);
}

void write_fields(Writer& writer, std::span<const Field> fields, const void* record) {
    for (const Field& field : fields) {
        if (left_out(field, record)) continue;
        writer.text(field.key);
        write_member(writer, field, record);
    }
}

}  // namespace pronto::cbor
