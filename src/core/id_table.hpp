// SPDX-License-Identifier: Apache-2.0
// Frame ids (or pids) to slots: open addressing over a fixed array, no tombstones. One thread.
// Ids come from the other side, so the hash is keyed; the table is at most half full, so probes
// stay short.
#pragma once

#include <array>
#include <cstdint>

#include "core/assert.hpp"
#include "core/slot_stack.hpp"
#include "core/units.hpp"

namespace pronto {

template <std::uint32_t entries_max>
class IdTable {
  public:
    explicit IdTable(std::uint32_t key = 0x9e37'79b9) : key_(key | 1) { slots_.fill(empty); }

    std::uint32_t count() const { return count_; }

    /// `slot_none` when the id is not there.
    std::uint32_t find(std::uint32_t id) const {
        for (std::uint32_t place = home(id); slots_[place] != empty; place = next(place)) {
            if (ids_[place] == id) return slots_[place];
        }
        return slot_none;
    }

    /// Preconditions: the id is not there, and fewer than `entries_max` are.
    void insert(std::uint32_t id, std::uint32_t slot) {
        PRONTO_ASSERT(count_ < entries_max);
        PRONTO_ASSERT(slot < empty);
        std::uint32_t place = home(id);
        while (slots_[place] != empty) {
            PRONTO_ASSERT(ids_[place] != id);
            place = next(place);
        }
        ids_[place] = id;
        slots_[place] = static_cast<std::uint16_t>(slot);
        ++count_;
    }

    /// False when the id is not there.
    bool erase(std::uint32_t id) {
        std::uint32_t hole = home(id);
        while (slots_[hole] == empty || ids_[hole] != id) {
            if (slots_[hole] == empty) return false;
            hole = next(hole);
        }
        // Moves later entries of the run back, so that every probe still ends at the first empty
        // place.
        for (std::uint32_t place = next(hole); slots_[place] != empty; place = next(place)) {
            const std::uint32_t wanted = home(ids_[place]);
            const bool stays = ((place - wanted) & mask) < ((place - hole) & mask);
            if (stays) continue;
            ids_[hole] = ids_[place];
            slots_[hole] = slots_[place];
            hole = place;
        }
        slots_[hole] = empty;
        --count_;
        return true;
    }

    /// Calls `visit(id, slot)` for each entry. `visit` must not change the table.
    template <typename Visit>
    void for_each(Visit visit) const {
        for (std::uint32_t place = 0; place < places; ++place) {
            if (slots_[place] != empty)
                visit(ids_[place], static_cast<std::uint32_t>(slots_[place]));
        }
    }

  private:
    static constexpr std::uint32_t places = [] {
        std::uint32_t value = 2;
        while (value < 2 * entries_max)
            value *= 2;
        return value;
    }();
    static constexpr std::uint32_t mask = places - 1;
    static constexpr std::uint16_t empty = 0xffff;
    static_assert(entries_max < empty);

    std::uint32_t home(std::uint32_t id) const {
        const std::uint32_t mixed = (id ^ (id >> 15)) * key_;
        return (mixed ^ (mixed >> 16)) & mask;
    }
    static std::uint32_t next(std::uint32_t place) { return (place + 1) & mask; }

    std::array<std::uint32_t, places> ids_;  ///< read only where `slots_` is not empty
    std::array<std::uint16_t, places> slots_;
    std::uint32_t key_;
    std::uint32_t count_ = 0;
};

}  // namespace pronto
