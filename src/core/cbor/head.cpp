// SPDX-License-Identifier: Apache-2.0
#include "core/cbor/head.hpp"

namespace pronto::cbor {

namespace {

std::uint64_t load_argument(const std::uint8_t* from, std::size_t byte_count) {
    switch (byte_count) {
        case 1: return *from;
        case 2: return load_be<std::uint16_t>(from);
        case 4: return load_be<std::uint32_t>(from);
        default: return load_be<std::uint64_t>(from);
    }
}

bool may_be_indefinite(Major major) {
    return major != Major::unsigned_integer && major != Major::negative_integer &&
           major != Major::tag;
}

}  // namespace

bool read_long_head(ByteView input, Head& head) {
    PRONTO_ASSERT(!input.empty());
    PRONTO_ASSERT(head.info >= info_one_byte);
    if (head.indefinite()) return may_be_indefinite(head.major);
    if (head.info > info_eight_bytes) return false;
    const std::size_t argument_bytes = std::size_t{1} << (head.info - info_one_byte);
    if (input.size() <= argument_bytes) return false;
    head.value = load_argument(input.data() + 1, argument_bytes);
    head.bytes = static_cast<std::uint8_t>(1 + argument_bytes);
    // Simple values below 32 have no two-byte form.
    return head.major != Major::simple || head.info != info_one_byte || head.value >= 32;
}

}  // namespace pronto::cbor
