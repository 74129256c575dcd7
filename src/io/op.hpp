// SPDX-License-Identifier: Apache-2.0
// What a completion says about itself: 64 bits {kind, slot, generation}, made and read only here.
#pragma once

#include <cstdint>

#include "core/assert.hpp"

namespace pronto::io {

/// `kind` is the owner's own numbering. A generation older than the slot's says: ignore this
/// completion.
struct Op {
    std::uint8_t kind = 0;
    std::uint32_t slot = 0;  ///< below 2^24
    std::uint32_t generation = 0;

    constexpr std::uint64_t packed() const {
        PRONTO_DASSERT(slot < (1U << 24));
        return (std::uint64_t{kind} << 56) | (std::uint64_t{slot} << 32) | generation;
    }
    static constexpr Op unpack(std::uint64_t value) {
        return {static_cast<std::uint8_t>(value >> 56),
                static_cast<std::uint32_t>(value >> 32) & 0xff'ffff,
                static_cast<std::uint32_t>(value)};
    }
};

struct Completion {
    Op op;
    std::int32_t result = 0;   ///< bytes, a descriptor, a mask; or −errno
    std::uint16_t buffer = 0;  ///< the selected buffer, when `has_buffer`
    bool has_buffer = false;
    bool more = false;  ///< a multishot operation stays armed
};

}  // namespace pronto::io
