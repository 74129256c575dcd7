// SPDX-License-Identifier: Apache-2.0
// Bytes from readable text, for tests.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"

namespace pronto::test {

using Buffer = std::vector<std::uint8_t>;

inline int hex_digit(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    throw std::invalid_argument("not a hex digit");
}

/// Hex digits, with text between single quotes standing for itself and blanks for nothing:
/// "a1 64'code' 20". The buffer has no spare capacity, so that AddressSanitizer sees any overrun.
inline Buffer unhex(std::string_view text) {
    Buffer bytes;
    for (std::size_t index = 0; index < text.size(); ++index) {
        if (text[index] == ' ') continue;
        if (text[index] == '\'') {
            while (text.at(++index) != '\'')
                bytes.push_back(static_cast<std::uint8_t>(text[index]));
            continue;
        }
        const int high = hex_digit(text[index]);
        bytes.push_back(static_cast<std::uint8_t>(high * 16 + hex_digit(text.at(++index))));
    }
    return {bytes.begin(), bytes.end()};
}

inline std::string hex(ByteView bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 0xf];
    }
    return text;
}

inline Buffer copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

/// `prefix`, then `byte` so many times.
inline Buffer repeated(std::string_view prefix, std::uint8_t byte, std::size_t count) {
    Buffer bytes = unhex(prefix);
    bytes.resize(bytes.size() + count, byte);
    return {bytes.begin(), bytes.end()};
}

}  // namespace pronto::test
