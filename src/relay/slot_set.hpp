// SPDX-License-Identifier: Apache-2.0
// A set of client slots: one bit each, visited in order. One thread.
#pragma once

#include <array>
#include <bit>

#include "relay/relay_limits.hpp"

namespace pronto::relay {

class SlotSet {
  public:
    void insert(std::uint32_t slot) { words_[slot / 64] |= bit(slot); }
    void erase(std::uint32_t slot) { words_[slot / 64] &= ~bit(slot); }
    bool contains(std::uint32_t slot) const { return (words_[slot / 64] & bit(slot)) != 0; }
    bool empty() const { return (words_[0] | words_[1]) == 0; }
    std::uint32_t count() const {
        return static_cast<std::uint32_t>(std::popcount(words_[0]) + std::popcount(words_[1]));
    }

    /// The first member at or after `slot`; `clients_max` when there is none.
    std::uint32_t next(std::uint32_t slot) const {
        for (std::uint32_t word = slot / 64; word < words_.size(); ++word) {
            const std::uint64_t mask =
                word == slot / 64 ? ~std::uint64_t{0} << (slot % 64) : ~std::uint64_t{0};
            const std::uint64_t left = words_[word] & mask;
            if (left != 0) return word * 64 + static_cast<std::uint32_t>(std::countr_zero(left));
        }
        return clients_max;
    }

    /// Calls `visit(slot)` for the members there were; `visit` may insert and erase.
    template <typename Visit>
    void for_each(Visit visit) const {
        const SlotSet members = *this;
        for (std::uint32_t slot = members.next(0); slot < clients_max;
             slot = members.next(slot + 1))
            visit(slot);
    }

  private:
    static_assert(clients_max == 128);
    static std::uint64_t bit(std::uint32_t slot) {
        PRONTO_DASSERT(slot < clients_max);
        return std::uint64_t{1} << (slot % 64);
    }
    std::array<std::uint64_t, 2> words_{};
};

}  // namespace pronto::relay
