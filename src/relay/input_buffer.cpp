// SPDX-License-Identifier: Apache-2.0
#include "relay/input_buffer.hpp"

#include <algorithm>

#include "relay/relay_limits.hpp"

namespace pronto::relay {

void InputBuffer::attach(Bytes memory) {
    PRONTO_ASSERT(memory.size() >= input_bytes);
    memory_ = memory;
}

void InputBuffer::reset() {
    sent();
    begin_ = end_ = 0;
}

// Unread bytes lie either behind the taken ones, or folded in front of them.
std::size_t InputBuffer::limit() const {
    return sending() && end_ <= taken_begin_ ? taken_begin_ : memory_.size();
}

Bytes InputBuffer::room(std::size_t frame_bytes) {
    const std::size_t unread_bytes = end_ - begin_;
    if (unread_bytes == 0) {
        if (!sending() || taken_begin_ >= input_fold_bytes) begin_ = end_ = 0;
        // Far into the buffer it is better to wait a moment and begin at the front: only a large
        // frame touches more.
        if (end_ + input_read_bytes > input_bytes_kept) return {};
    }
    const std::size_t wanted = std::max(frame_bytes, unread_bytes + 1);
    if (begin_ + wanted > limit() || (frame_bytes == 0 && limit() - end_ < input_fold_bytes)) {
        if (sending()) return {};
        std::memmove(memory_.data(), memory_.data() + begin_, unread_bytes);
        begin_ = 0;
        end_ = unread_bytes;
    }
    PRONTO_ASSERT(begin_ + wanted <= limit());
    const std::size_t missing = frame_bytes > unread_bytes ? frame_bytes - unread_bytes : 0;
    const std::size_t free_bytes = limit() - end_;
    return memory_.subspan(end_, std::min(free_bytes, std::max(missing, input_read_bytes)));
}

void InputBuffer::received(std::size_t byte_count) {
    PRONTO_ASSERT(byte_count <= limit() - end_);
    end_ += byte_count;
    touched_ = std::max(touched_, end_);
}

ByteView InputBuffer::take(std::size_t byte_count) {
    PRONTO_ASSERT(!sending());
    PRONTO_ASSERT(byte_count > 0);
    PRONTO_ASSERT(byte_count <= end_ - begin_);
    taken_begin_ = begin_;
    taken_end_ = begin_ + byte_count;
    begin_ = taken_end_;
    return memory_.subspan(taken_begin_, byte_count);
}

void InputBuffer::skip(std::size_t byte_count) {
    PRONTO_ASSERT(byte_count <= end_ - begin_);
    begin_ += byte_count;
}

bool InputBuffer::has_surplus() const { return touched_ > input_bytes_kept; }

Bytes InputBuffer::take_surplus() {
    PRONTO_ASSERT(begin_ == end_);
    PRONTO_ASSERT(!sending());
    if (!has_surplus()) return {};
    const Bytes surplus = memory_.subspan(input_bytes_kept, touched_ - input_bytes_kept);
    touched_ = input_bytes_kept;
    return surplus;
}

}  // namespace pronto::relay
