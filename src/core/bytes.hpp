// SPDX-License-Identifier: Apache-2.0
// Byte views and big-endian loads and stores. Pure; every access is bounds-checked by the caller's
// span.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "core/assert.hpp"

namespace pronto {

using Bytes = std::span<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline std::string_view as_text(ByteView bytes) {
    // SAFETY: char may alias any object.
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline ByteView as_bytes(std::string_view text) {
    // SAFETY: unsigned char may alias any object.
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

template <typename Unsigned>
inline Unsigned load_be(const std::uint8_t* from) {
    Unsigned value;
    std::memcpy(&value, from, sizeof value);
    if constexpr (sizeof value == 2) return __builtin_bswap16(value);
    if constexpr (sizeof value == 4) return __builtin_bswap32(value);
    if constexpr (sizeof value == 8) return __builtin_bswap64(value);
    return value;
}

template <typename Unsigned>
inline void store_be(std::uint8_t* to, Unsigned value) {
    if constexpr (sizeof value == 2) value = __builtin_bswap16(value);
    if constexpr (sizeof value == 4) value = __builtin_bswap32(value);
    if constexpr (sizeof value == 8) value = __builtin_bswap64(value);
    std::memcpy(to, &value, sizeof value);
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "loads and stores swap unconditionally");

/// Copies `from` to the start of `to`, which must hold it.
inline void copy_bytes(Bytes to, ByteView from) {
    PRONTO_ASSERT(from.size() <= to.size());
    if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
}

}  // namespace pronto
