// SPDX-License-Identifier: Apache-2.0
// An independent CBOR transcoder for tests: any well-formed item to its canonical form (shortest
// heads, definite lengths; key order, tags and floats stay). It shares nothing with the code under
// test, and recurses.
#pragma once

#include <optional>

#include "tests/support/hex.hpp"

namespace pronto::test {

class Transcoder {
  public:
    explicit Transcoder(ByteView input) : input_(input) {}

    /// The canonical form of the item at the position, or nothing when it is not well-formed.
    std::optional<Buffer> item() {
        Buffer out;
        if (!transcode(out, 0)) return std::nullopt;
        return out;
    }
    std::size_t position() const { return position_; }

  private:
    static constexpr int depth_max = 1000;
    static constexpr std::uint8_t break_byte = 0xff;

    static void head(Buffer& out, unsigned major, std::uint64_t value) {
        const auto high = static_cast<std::uint8_t>(major << 5);
        if (value < 24) {
            out.push_back(static_cast<std::uint8_t>(high | value));
            return;
        }
        unsigned info = 24;
        while (info < 27 && (value >> (8U << (info - 24))) != 0)
            ++info;
        out.push_back(static_cast<std::uint8_t>(high | info));
        for (unsigned left = 1U << (info - 24); left-- > 0;) {
            out.push_back(static_cast<std::uint8_t>(value >> (8 * left)));
        }
    }

    bool argument(unsigned info, std::uint64_t& value) {
        value = info;
        if (info < 24) return true;
        if (info > 27) return false;
        value = 0;
        for (unsigned left = 1U << (info - 24); left > 0; --left) {
            if (position_ == input_.size()) return false;
            value = (value << 8) | input_[position_++];
        }
        return true;
    }

    bool at_break() {
        if (position_ == input_.size() || input_[position_] != break_byte) return false;
        ++position_;
        return true;
    }

    bool transcode(Buffer& out, int depth) {
        if (depth > depth_max || position_ == input_.size()) return false;
        const std::uint8_t first = input_[position_++];
        const unsigned major = first >> 5;
        const unsigned info = first & 0x1f;
        if (info == 31) return indefinite(out, major, depth);
        std::uint64_t value = 0;
        if (!argument(info, value)) return false;
        if (major == 7) return simple(out, first, value);
        head(out, major, value);
        if (major == 2 || major == 3) return content(out, value);
        if (major == 4) return children(out, value, depth);
        if (major == 5) return value <= input_.size() && children(out, value * 2, depth);
        return major != 6 || transcode(out, depth + 1);
    }

    static bool simple(Buffer& out, std::uint8_t first, std::uint64_t value) {
        const unsigned info = first & 0x1f;
        if (info == 24 && value < 32) return false;
        out.push_back(first);
        if (info < 24) return true;
        for (unsigned left = 1U << (info - 24); left-- > 0;) {
            out.push_back(static_cast<std::uint8_t>(value >> (8 * left)));
        }
        return true;
    }

    bool content(Buffer& out, std::uint64_t count) {
        if (count > input_.size() - position_) return false;
        for (; count > 0; --count)
            out.push_back(input_[position_++]);
        return true;
    }

    bool children(Buffer& out, std::uint64_t count, int depth) {
        if (count > input_.size() - position_) return false;
        for (; count > 0; --count) {
            if (!transcode(out, depth + 1)) return false;
        }
        return true;
    }

    bool indefinite(Buffer& out, unsigned major, int depth) {
        if (major < 2 || major > 5) return false;
        Buffer inside;
        std::uint64_t count = 0;
        while (!at_break()) {
            if (major < 4 ? !chunk(inside, major) : !transcode(inside, depth + 1)) return false;
            ++count;
        }
        if (major == 5 && count % 2 != 0) return false;
        if (major < 4) count = inside.size();
        head(out, major, major == 5 ? count / 2 : count);
        out.insert(out.end(), inside.begin(), inside.end());
        return true;
    }

    bool chunk(Buffer& out, unsigned major) {
        if (position_ == input_.size()) return false;
        const std::uint8_t first = input_[position_++];
        std::uint64_t count = 0;
        return first >> 5 == major && argument(first & 0x1f, count) && content(out, count);
    }

    ByteView input_;
    std::size_t position_ = 0;
};

inline std::optional<Buffer> transcode(ByteView input) { return Transcoder(input).item(); }

}  // namespace pronto::test
