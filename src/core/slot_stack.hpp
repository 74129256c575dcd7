// SPDX-License-Identifier: Apache-2.0
// Free slots of a fixed pool, handed out last-in first-out so that warm memory is used again. One
// thread.
#pragma once

#include <array>
#include <cstdint>

#include "core/assert.hpp"

namespace pronto {

constexpr std::uint32_t slot_none = 0xffff'ffff;

template <std::uint32_t capacity>
class SlotStack {
  public:
    /// All slots free; slot 0 is handed out first.
    SlotStack() {
        for (std::uint32_t index = 0; index < capacity; ++index)
            free_[index] = static_cast<Slot>(capacity - 1 - index);
    }

    std::uint32_t free_count() const { return count_; }
    std::uint32_t used_count() const { return capacity - count_; }

    /// `slot_none` when all are in use.
    [[nodiscard]] std::uint32_t take() { return count_ == 0 ? slot_none : free_[--count_]; }

    void give_back(std::uint32_t slot) {
        PRONTO_ASSERT(slot < capacity);
        PRONTO_ASSERT(count_ < capacity);
        free_[count_++] = static_cast<Slot>(slot);
    }

  private:
    using Slot = std::uint16_t;
    static_assert(capacity <= 0xffff);
    std::array<Slot, capacity> free_;
    std::uint32_t count_ = capacity;
};

}  // namespace pronto
