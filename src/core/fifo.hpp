// SPDX-License-Identifier: Apache-2.0
// A bounded first-in first-out queue of small values. One thread; never grows, never overwrites.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "core/assert.hpp"
#include "core/units.hpp"

namespace pronto {

template <typename Value, std::uint32_t capacity>
class Fifo {
    static_assert(is_power_of_two(capacity));
    static_assert(std::is_trivially_default_constructible_v<Value>,
                  "or making the queue would touch all of it");

  public:
    bool empty() const { return head_ == tail_; }
    bool full() const { return tail_ - head_ == capacity; }
    std::uint32_t count() const { return tail_ - head_; }

    [[nodiscard]] bool try_push(const Value& value) {
        if (full()) return false;
        items_[tail_++ & mask] = value;
        return true;
    }
    /// Precondition: there is room.
    void push(const Value& value) {
        const bool pushed = try_push(value);
        PRONTO_ASSERT(pushed);
    }
    Value& front() {
        PRONTO_ASSERT(!empty());
        return items_[head_ & mask];
    }
    /// The item `index` places behind the front.
    Value& at(std::uint32_t index) {
        PRONTO_ASSERT(index < count());
        return items_[(head_ + index) & mask];
    }
    void pop() {
        PRONTO_ASSERT(!empty());
        ++head_;
    }
    void clear() { head_ = tail_; }

  private:
    static constexpr std::uint32_t mask = capacity - 1;
    // Not initialised: a place is written before it is read, and memory that is never needed stays
    // untouched.
    std::array<Value, capacity> items_;
    std::uint32_t head_ = 0;
    std::uint32_t tail_ = 0;
};

}  // namespace pronto
