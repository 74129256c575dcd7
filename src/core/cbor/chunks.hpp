// SPDX-License-Identifier: Apache-2.0
// The content of a CBOR string as pieces: one when its length is definite, any number when it came
// in chunks. Pure.
#pragma once

#include "core/cbor/head.hpp"
#include "core/error.hpp"

namespace pronto::cbor {

class Chunks {
  public:
    /// `position` is just past `head`, the head of a byte or text string.
    Chunks(ByteView input, std::size_t position, const Head& head);

    /// The next piece; `found` is false at the string's end. Chunks are definite and of the
    /// string's own type.
    Status next(ByteView& piece, bool& found);
    /// Past the string once `next` has found no more.
    std::size_t position() const { return position_; }

  private:
    Status take(std::uint64_t byte_count, ByteView& piece);

    ByteView input_;
    std::size_t position_;
    std::uint64_t definite_bytes_;
    Major major_;
    bool indefinite_;
    bool ended_ = false;
};

}  // namespace pronto::cbor
