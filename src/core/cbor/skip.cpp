// SPDX-License-Identifier: Apache-2.0
#include "core/cbor/skip.hpp"

#include "core/cbor/chunks.hpp"

namespace pronto::cbor {

namespace {

// Items left in a container of known count, or one of three states of an indefinite one. The count
// of items is below the states because it is never above the count of bytes left.
using Left = std::uint32_t;
constexpr Left indefinite_array = 0xffff'ffff;
constexpr Left indefinite_map_key = 0xffff'fffe;
constexpr Left indefinite_map_value = 0xffff'fffd;
constexpr std::size_t input_bytes_max = 0xffff'0000;

class Skipper {
  public:
    Skipper(ByteView input, std::size_t position) : input_(input), position_(position) {}

    Status run();
    std::size_t position() const { return position_; }

  private:
    Status begin_item(bool& complete);
    Status string(const Head& head);
    Status open_container(const Head& head, bool& complete);
    Status push(Left left);
    Status close_indefinite();
    void end_item();

    ByteView input_;
    std::size_t position_;
    int depth_ = 0;
    Left open_[depth_max];  // only the first `depth_` are ever read
};

Status Skipper::run() {
    do {
        bool complete = true;
        const Status status = begin_item(complete);
        if (!status.ok()) return status;
        if (complete) end_item();
    } while (depth_ > 0);
    return {};
}

// Past a head, and past the content where that is not made of items.
Status Skipper::begin_item(bool& complete) {
    Head head;
    if (!read_head(input_.subspan(position_), head)) return {Code::cbor_malformed};
    position_ += head.bytes;
    switch (head.major) {
        case Major::bytes:
        case Major::text: return string(head);
        case Major::array:
        case Major::map: return open_container(head, complete);
        case Major::tag: complete = false; return push(1);
        case Major::simple: return head.is_break() ? close_indefinite() : Status{};
        default: return {};
    }
}

Status Skipper::string(const Head& head) {
    if (!head.indefinite()) {
        if (head.value > input_.size() - position_) return {Code::cbor_malformed};
        position_ += static_cast<std::size_t>(head.value);
        return {};
    }
    Chunks chunks(input_, position_, head);
    ByteView piece;
    for (bool found = true; found;) {
        const Status status = chunks.next(piece, found);
        if (!status.ok()) return status;
    }
    position_ = chunks.position();
    return {};
}

Status Skipper::open_container(const Head& head, bool& complete) {
    const bool map = head.is(Major::map);
    complete = false;
    if (head.indefinite()) return push(map ? indefinite_map_key : indefinite_array);
    // Each item takes a byte at least, so a larger count cannot be met. This also keeps the
    // doubling in range.
    if (head.value > input_.size() - position_) return {Code::cbor_malformed};
    const std::uint64_t items = map ? head.value * 2 : head.value;
    if (items > input_.size() - position_) return {Code::cbor_malformed};
    complete = items == 0;
    return complete ? Status{} : push(static_cast<Left>(items));
}

Status Skipper::push(Left left) {
    PRONTO_DASSERT(left > 0);
    if (depth_ == depth_max) return {Code::cbor_depth};
    open_[depth_++] = left;
    return {};
}

// A break ends an indefinite container, which is then a complete item itself.
Status Skipper::close_indefinite() {
    if (depth_ == 0) return {Code::cbor_malformed};
    const Left left = open_[depth_ - 1];
    if (left != indefinite_array && left != indefinite_map_key) return {Code::cbor_malformed};
    --depth_;
    return {};
}

// Counts a complete item in its container, and containers that it completes in theirs.
void Skipper::end_item() {
    while (depth_ > 0) {
        Left& left = open_[depth_ - 1];
        if (left == indefinite_array) return;
        if (left == indefinite_map_key || left == indefinite_map_value) {
            left = left == indefinite_map_key ? indefinite_map_value : indefinite_map_key;
            return;
        }
        PRONTO_DASSERT(left > 0);
        if (--left > 0) return;
        --depth_;
    }
}

}  // namespace

Status skip_item(ByteView input, std::size_t& position) {
    PRONTO_ASSERT(input.size() <= input_bytes_max);
    PRONTO_ASSERT(position <= input.size());
    Skipper skipper(input, position);
    const Status status = skipper.run();
    position = skipper.position();
    PRONTO_ASSERT(position <= input.size());
    return status;
}

}  // namespace pronto::cbor
