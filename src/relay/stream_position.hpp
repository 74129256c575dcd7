// SPDX-License-Identifier: Apache-2.0
// Where in its frames a byte stream stands, from its bytes in any pieces. Lengths are taken as they
// come. Pure.
#pragma once

#include <array>

#include "core/bytes.hpp"
#include "core/wire/frame.hpp"

namespace pronto::relay {

class StreamPosition {
  public:
    /// The stream begins with `preamble_bytes` that are no frame.
    explicit StreamPosition(std::size_t preamble_bytes = 0) : left_(preamble_bytes) {}

    bool at_boundary() const { return left_ == 0 && head_bytes_ == 0; }

    void advance(ByteView bytes) {
        while (!bytes.empty())
            bytes = bytes.subspan(step(bytes));
    }

    /// Goes to the next boundary, or to the end when there is none in `bytes`; the bytes passed.
    std::size_t advance_to_boundary(ByteView bytes) {
        std::size_t passed = 0;
        while (!at_boundary() && passed < bytes.size())
            passed += step(bytes.subspan(passed));
        return passed;
    }

  private:
    // Takes one byte of a length, or as much of a frame as there is.
    std::size_t step(ByteView bytes) {
        if (left_ > 0) {
            const std::size_t taken =
                left_ < bytes.size() ? static_cast<std::size_t>(left_) : bytes.size();
            left_ -= taken;
            return taken;
        }
        head_[head_bytes_++] = bytes[0];
        if (head_bytes_ == head_.size()) {
            left_ = load_be<std::uint32_t>(head_.data());
            head_bytes_ = 0;
        }
        return 1;
    }

    std::uint64_t left_;
    std::array<std::uint8_t, wire::length_field_bytes> head_{};
    std::uint32_t head_bytes_ = 0;
};

}  // namespace pronto::relay
