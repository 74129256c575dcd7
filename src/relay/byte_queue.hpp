// SPDX-License-Identifier: Apache-2.0
// A bounded queue of bytes in the caller's memory: copied in, sent from where they lie. One thread.
// Always starts at the front of its memory again when it runs empty, so that the same pages stay in
// use.
#pragma once

#include "core/bytes.hpp"
#include "core/units.hpp"
#include "relay/gather.hpp"

namespace pronto::relay {

class ByteQueue {
  public:
    /// A power of two.
    void attach(Bytes memory) {
        PRONTO_ASSERT(is_power_of_two(memory.size()));
        memory_ = memory;
    }

    bool empty() const { return count_ == 0; }
    std::size_t bytes() const { return count_; }
    std::size_t free_bytes() const { return memory_.size() - count_; }

    /// All or nothing: false when it does not fit.
    [[nodiscard]] bool try_append(ByteView bytes) {
        if (bytes.size() > free_bytes()) return false;
        const std::size_t at = place(head_ + count_);
        const std::size_t first =
            bytes.size() < memory_.size() - at ? bytes.size() : memory_.size() - at;
        copy_bytes(memory_.subspan(at), bytes.first(first));
        copy_bytes(memory_, bytes.subspan(first));
        count_ += bytes.size();
        const std::size_t reached = first < bytes.size() ? memory_.size() : at + first;
        if (reached > touched_) touched_ = reached;
        return true;
    }

    /// The oldest `byte_count` bytes, or all there are, in one or two runs.
    template <typename Visit>
    void runs(std::size_t byte_count, Visit visit) const {
        if (byte_count > count_) byte_count = count_;
        const std::size_t first =
            byte_count < memory_.size() - head_ ? byte_count : memory_.size() - head_;
        visit(ByteView(memory_.subspan(head_, first)));
        if (first < byte_count) visit(ByteView(memory_.first(byte_count - first)));
    }

    void consume(std::size_t byte_count) {
        PRONTO_ASSERT(byte_count <= count_);
        count_ -= byte_count;
        head_ = count_ == 0 ? 0 : place(head_ + byte_count);
    }
    /// Keeps the oldest `byte_count` bytes.
    void truncate(std::size_t byte_count) {
        PRONTO_ASSERT(byte_count <= count_);
        count_ = byte_count;
        if (count_ == 0) head_ = 0;
    }

    /// Memory beyond `kept_bytes` touched since the last call. Precondition: empty.
    Bytes take_surplus(std::size_t kept_bytes) {
        PRONTO_ASSERT(empty());
        if (touched_ <= kept_bytes) return {};
        const Bytes surplus = memory_.subspan(kept_bytes, touched_ - kept_bytes);
        touched_ = kept_bytes;
        return surplus;
    }

  private:
    std::size_t place(std::size_t offset) const { return offset & (memory_.size() - 1); }

    Bytes memory_;
    std::size_t head_ = 0;
    std::size_t count_ = 0;
    std::size_t touched_ = 0;
};

}  // namespace pronto::relay
