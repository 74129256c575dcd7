// SPDX-License-Identifier: Apache-2.0
// The head that starts every CBOR item: three bits of major type, then an argument in 0, 1, 2, 4 or
// 8 bytes. Pure.
#pragma once

#include "core/bytes.hpp"

namespace pronto::cbor {

enum class Major : std::uint8_t {
    unsigned_integer,
    negative_integer,
    bytes,
    text,
    array,
    map,
    tag,
    simple
};

constexpr std::uint8_t info_one_byte = 24;
constexpr std::uint8_t info_eight_bytes = 27;
constexpr std::uint8_t info_indefinite = 31;

constexpr std::uint8_t simple_false = 20;
constexpr std::uint8_t simple_true = 21;
constexpr std::uint8_t simple_null = 22;
constexpr std::uint8_t simple_undefined = 23;

constexpr std::uint8_t break_byte = 0xff;

constexpr std::uint64_t tag_bignum = 2;
constexpr std::uint64_t tag_negative_bignum = 3;

struct Head {
    std::uint64_t value = 0;  ///< the argument; meaningless when indefinite
    Major major = Major::unsigned_integer;
    std::uint8_t info = 0;   ///< the low five bits of the first byte
    std::uint8_t bytes = 0;  ///< extent of the head itself

    bool indefinite() const { return info == info_indefinite; }
    bool is_break() const { return major == Major::simple && indefinite(); }
    bool is(Major wanted) const { return major == wanted; }
};

/// The general case of `read_head`. Precondition: `input` is not empty.
bool read_long_head(ByteView input, Head& head);

/// False when the head is cut short or not well-formed. A break counts as a head.
inline bool read_head(ByteView input, Head& head) {
    if (input.empty()) return false;
    const std::uint8_t first = input[0];
    head.major = static_cast<Major>(first >> 5);
    head.info = first & 0x1f;
    head.value = head.info;
    head.bytes = 1;
    return head.info < info_one_byte || read_long_head(input, head);
}

}  // namespace pronto::cbor
