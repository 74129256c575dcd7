// SPDX-License-Identifier: Apache-2.0
// Records (maps with known text keys) read and written by a table of their fields, so that a
// payload costs a row per field and no code. Reading is as liberal as the reader; writing follows
// the table's order.
#pragma once

#include <cstddef>

#include "core/cbor/reader.hpp"
#include "core/cbor/writer.hpp"

namespace pronto::cbor {

/// What a field holds, which fixes the type of its member.
enum class Kind : std::uint8_t {
    u8,
    u16,
    u32,
    u64,
    i32,
    boolean,
    text,        ///< std::string_view, by `view_text`
    bytes,       ///< Bytes, by `take_bytes`
    text_item,   ///< Item, checked only
    bytes_item,  ///< Item, checked only
    texts,       ///< Array of checked text items
    custom,      ///< anything, by `Field::read`; not written
};

/// Reading: may it be absent, may it be null. Writing: what stands for an empty text or a number 0.
enum class Presence : std::uint8_t {
    required,   ///< neither; written always
    defaulted,  ///< may be absent, not null; written always
    nullable,   ///< both; null when empty
    omittable,  ///< both; left out when empty
};

struct Field {
    std::string_view key{};
    std::uint16_t offset = 0;
    Kind kind = Kind::custom;
    Presence presence = Presence::required;
    /// Of a custom field: reads the value into the member at `offset`.
    Status (*read)(Reader& reader, void* member) = nullptr;
};

constexpr std::size_t fields_max = 32;

/// Bit i: field i of the table was there.
using Seen = std::uint32_t;

/// Reads one map. Precondition: the record holds its defaults. Members of absent and null fields
/// keep them.
Status read_record(Reader& reader, std::span<const Field> fields, void* record, Seen& seen);

/// The same where nobody asks what was there.
Status read_record(Reader& reader, std::span<const Field> fields, void* record);

/// Writes one map of the fields that are not left out. Precondition: none of them is custom, an
/// item or a list.
void write_record(Writer& writer, std::span<const Field> fields, const void* record);

/// The pairs alone, for a caller that writes the map's head and further pairs itself.
void write_fields(Writer& writer, std::span<const Field> fields, const void* record);

template <typename Member>
constexpr Kind kind_of() {
    if constexpr (__is_same(Member, std::uint8_t)) return Kind::u8;
    if constexpr (__is_same(Member, std::uint16_t)) return Kind::u16;
    if constexpr (__is_same(Member, std::uint32_t)) return Kind::u32;
    if constexpr (__is_same(Member, std::uint64_t)) return Kind::u64;
    if constexpr (__is_same(Member, std::int32_t)) return Kind::i32;
    if constexpr (__is_same(Member, bool)) return Kind::boolean;
    if constexpr (__is_same(Member, std::string_view)) return Kind::text;
    if constexpr (__is_same(Member, Bytes)) return Kind::bytes;
    if constexpr (__is_same(Member, Array)) return Kind::texts;
    return Kind::custom;
}

}  // namespace pronto::cbor

/// A row whose kind follows from the member's type.
#define PRONTO_FIELD(Record, member, key, presence)                                   \
 ::pronto::cbor::Field {                                                              \
  key, offsetof(Record, member), ::pronto::cbor::kind_of<decltype(Record::member)>(), \
      ::pronto::cbor::Presence::presence, nullptr                                     \
 }
