// SPDX-License-Identifier: Apache-2.0
// Slots for program output: 64 KiB of data behind a headroom that takes the frame's header and
// envelope. The kernel picks a slot when a program has written something, so an idle program holds
// none. One thread.
#pragma once

#include <array>

#include "core/limits.hpp"
#include "core/slot_stack.hpp"
#include "io/uring.hpp"

namespace pronto::agent {

class OutputArena {
  public:
    static constexpr std::uint16_t group = 1;

    Status open(io::Uring& uring);

    /// Keeps a few slots posted to the kernel. Call once a turn.
    void replenish();
    /// A read took this slot: it is no longer the kernel's.
    void taken(std::uint32_t slot);
    void give_back(std::uint32_t slot);

    /// The whole slot; data begins at `limits::output_headroom_bytes`.
    Bytes slot(std::uint32_t index) const;
    /// Slots a read could get, now or after `replenish`.
    std::uint32_t available() const { return free_.free_count() + posted_; }
    bool all_free() const { return available() == limits::output_slots; }

    /// Gives memory touched by a burst back to the kernel. Call when `all_free()`.
    void trim();
    bool worth_trimming() const { return touched_max_ > 1; }

  private:
    static constexpr std::size_t stride = limits::output_headroom_bytes + limits::output_data_bytes;
    /// Posted slots are used in turn; few of them keep the working set in cache.
    static constexpr std::uint32_t posted_max = 4;

    SlotStack<limits::output_slots> free_;
    io::BufferRing ring_;
    Bytes memory_;
    std::array<bool, limits::output_slots> is_posted_{};
    std::uint32_t posted_ = 0;
    bool deferred_ = false;
    std::uint32_t touched_max_ = 0;  ///< highest slot taken since the last trim, plus one
};

}  // namespace pronto::agent
