// SPDX-License-Identifier: Apache-2.0
#include "core/cbor/chunks.hpp"

namespace pronto::cbor {

Chunks::Chunks(ByteView input, std::size_t position, const Head& head)
    : input_(input),
      position_(position),
      definite_bytes_(head.value),
      major_(head.major),
      indefinite_(head.indefinite()) {
    PRONTO_ASSERT(head.is(Major::bytes) || head.is(Major::text));
    PRONTO_ASSERT(position <= input.size());
}

Status Chunks::next(ByteView& piece, bool& found) {
    found = !ended_;
    if (ended_) return {};
    if (!indefinite_) {
        ended_ = true;
        return take(definite_bytes_, piece);
    }
    Head head;
    if (!read_head(input_.subspan(position_), head)) return {Code::cbor_malformed};
    position_ += head.bytes;
    if (head.is_break()) {
        ended_ = true;
        found = false;
        return {};
    }
    if (head.major != major_ || head.indefinite()) return {Code::cbor_malformed};
    return take(head.value, piece);
}

Status Chunks::take(std::uint64_t byte_count, ByteView& piece) {
    if (byte_count > input_.size() - position_) return {Code::cbor_malformed};
    piece = input_.subspan(position_, static_cast<std::size_t>(byte_count));
    position_ += piece.size();
    return {};
}

}  // namespace pronto::cbor
