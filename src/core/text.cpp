// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"

namespace pronto {

namespace {

constexpr std::uint64_t high_bits = 0x8080'8080'8080'8080;

// Bytes at the front that are ASCII, eight at a time and then one at a time.
std::size_t ascii_bytes(ByteView bytes) {
    std::size_t count = 0;
    for (; bytes.size() - count >= sizeof(std::uint64_t); count += sizeof(std::uint64_t)) {
        std::uint64_t word;
        std::memcpy(&word, bytes.data() + count, sizeof word);
        if ((word & high_bits) != 0) break;
    }
    while (count < bytes.size() && bytes[count] < 0x80)
        ++count;
    return count;
}

// What may follow a lead byte: how many more bytes, and the range of the first of them. Zero: not a
// lead byte.
struct Lead {
    std::uint8_t more = 0;
    std::uint8_t second_min = 0x80;
    std::uint8_t second_max = 0xbf;
};

Lead lead_of(std::uint8_t byte) {
    if (byte >= 0xc2 && byte <= 0xdf) return {.more = 1};
    if (byte == 0xe0) return {.more = 2, .second_min = 0xa0};
    if (byte == 0xed) return {.more = 2, .second_max = 0x9f};
    if (byte >= 0xe1 && byte <= 0xef) return {.more = 2};
    if (byte == 0xf0) return {.more = 3, .second_min = 0x90};
    if (byte >= 0xf1 && byte <= 0xf3) return {.more = 3};
    if (byte == 0xf4) return {.more = 3, .second_max = 0x8f};
    return {};
}

// Bytes of the multi-byte character at the front, 0 when it is malformed.
std::size_t character_bytes(ByteView bytes) {
    PRONTO_ASSERT(!bytes.empty());
    const Lead lead = lead_of(bytes[0]);
    if (lead.more == 0 || bytes.size() <= lead.more) return 0;
    if (bytes[1] < lead.second_min || bytes[1] > lead.second_max) return 0;
    for (std::size_t index = 2; index <= lead.more; ++index) {
        if ((bytes[index] & 0xc0) != 0x80) return 0;
    }
    return 1U + lead.more;
}

}  // namespace

bool is_utf8(ByteView bytes) {
    for (;;) {
        bytes = bytes.subspan(ascii_bytes(bytes));
        if (bytes.empty()) return true;
        const std::size_t count = character_bytes(bytes);
        if (count == 0) return false;
        bytes = bytes.subspan(count);
    }
}

}  // namespace pronto
