// SPDX-License-Identifier: Apache-2.0
// A stream of bytes that both sides can make: a random block whose length shares no factor with any
// buffer's, over and over. A lost, doubled or moved byte does not match. Fast enough for gigabytes.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "core/bytes.hpp"

namespace pronto::test {

inline std::uint64_t next_random(std::uint64_t& state) {
    std::uint64_t value = (state += 0x9e37'79b9'7f4a'7c15);
    value = (value ^ (value >> 30)) * 0xbf58'476d'1ce4'e5b9;
    value = (value ^ (value >> 27)) * 0x94d0'49bb'1331'11eb;
    return value ^ (value >> 31);
}

class Pattern {
  public:
    explicit Pattern(std::uint64_t seed) : block_(block_bytes, '\0') {
        for (char& byte : block_)
            byte = static_cast<char>(next_random(seed));
    }

    /// The next `byte_count` bytes of the stream.
    std::string take(std::size_t byte_count) {
        std::string bytes;
        bytes.reserve(byte_count);
        while (bytes.size() < byte_count) {
            const std::string_view piece = front(byte_count - bytes.size());
            bytes.append(piece);
            advance(piece.size());
        }
        return bytes;
    }

    /// Whether these are the next bytes.
    bool matches(ByteView bytes) {
        while (!bytes.empty()) {
            const std::string_view piece = front(bytes.size());
            if (!std::equal(piece.begin(), piece.end(), bytes.begin(), same)) return false;
            bytes = bytes.subspan(piece.size());
            advance(piece.size());
        }
        return true;
    }

    std::uint64_t position() const { return position_; }

  private:
    static constexpr std::size_t block_bytes = 262'139;
    static bool same(char left, std::uint8_t right) {
        return static_cast<std::uint8_t>(left) == right;
    }

    std::string_view front(std::size_t bytes_max) const {
        const std::size_t at = static_cast<std::size_t>(position_ % block_bytes);
        return std::string_view(block_).substr(at, bytes_max);
    }
    void advance(std::size_t bytes) { position_ += bytes; }

    std::string block_;
    std::uint64_t position_ = 0;
};

}  // namespace pronto::test
