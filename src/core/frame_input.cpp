// SPDX-License-Identifier: Apache-2.0
#include "core/frame_input.hpp"

#include <algorithm>
#include <cstring>

namespace pronto {

namespace {
/// A long frame is read in larger steps, to spare system calls.
constexpr std::size_t long_read_bytes = 256 * KiB;
}  // namespace

FrameInput::FrameInput(Bytes memory, std::size_t read_bytes)
    : memory_(memory), read_bytes_(read_bytes) {
    PRONTO_ASSERT(memory.size() >= wire::frame_wire_bytes_max + 2 * read_bytes);
}

Bytes FrameInput::room() {
    if (begin_ == end_) {
        begin_ = end_ = 0;
    } else if (begin_ >= read_bytes_) {
        std::memmove(memory_.data(), memory_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    std::size_t wanted = read_bytes_;
    const wire::Scanned front = wire::scan_frame(memory_.subspan(begin_, end_ - begin_));
    if (front.outcome == wire::Scan::incomplete && front.wire_bytes > end_ - begin_ + wanted) {
        wanted = std::min<std::size_t>(static_cast<std::size_t>(front.wire_bytes) - (end_ - begin_),
                                       long_read_bytes);
    }
    const std::size_t free_bytes = memory_.size() - end_;
    PRONTO_ASSERT(free_bytes > 0);
    return memory_.subspan(end_, std::min(wanted, free_bytes));
}

void FrameInput::filled(std::size_t byte_count) {
    PRONTO_ASSERT(byte_count <= memory_.size() - end_);
    end_ += byte_count;
    touched_ = std::max(touched_, end_);
}

wire::Scanned FrameInput::next() {
    if (skip_bytes_ > 0) {
        const std::size_t skipped =
            static_cast<std::size_t>(std::min<std::uint64_t>(skip_bytes_, end_ - begin_));
        begin_ += skipped;
        skip_bytes_ -= skipped;
        if (skip_bytes_ > 0) return {};
    }
    wire::Scanned scanned = wire::scan_frame(memory_.subspan(begin_, end_ - begin_));
    if (scanned.outcome == wire::Scan::frame)
        begin_ += static_cast<std::size_t>(scanned.wire_bytes);
    if (scanned.outcome == wire::Scan::bad) skip_bytes_ = scanned.wire_bytes;
    return scanned;
}

void FrameInput::reset() {
    begin_ = end_ = 0;
    skip_bytes_ = 0;
}

Bytes FrameInput::take_surplus() {
    if (end_ != 0 || touched_ <= read_bytes_) return {};
    const Bytes surplus = memory_.subspan(read_bytes_, touched_ - read_bytes_);
    touched_ = 0;
    return surplus;
}

}  // namespace pronto
