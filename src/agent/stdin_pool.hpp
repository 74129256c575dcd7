// SPDX-License-Identifier: Apache-2.0
// Slots for input that programs have not read yet, as linked lists with one owner each. One thread.
#pragma once

#include <array>

#include "agent/session_table.hpp"
#include "core/bytes.hpp"

namespace pronto::agent {

class StdinPool {
  public:
    Status open();

    /// Appends to the list; false, and nothing appended, when slots are short or the session would
    /// have too much queued: a frame that finds nothing queued may be longer than that.
    [[nodiscard]] bool append(Input& input, ByteView data);
    /// The unwritten bytes of the head slot. Precondition: there is one.
    ByteView head(const Input& input) const;
    /// `byte_count` of the head slot were written.
    void consume(Input& input, std::size_t byte_count);
    /// Gives back all slots but a head that is being written; that one's slot is returned, else
    /// `slot_none`.
    std::uint32_t drop(Input& input);
    /// A slot whose write ended after its session was gone.
    void give_back(std::uint32_t slot) { free_.give_back(slot); }

    std::uint32_t used_count() const { return free_.used_count(); }
    /// Gives memory back to the kernel. Precondition: no slot is in use.
    void trim();
    bool worth_trimming() const { return touched_max_ > 1; }

  private:
    Bytes slot(std::uint32_t index) const {
        return memory_.subspan(index * limits::stdin_slot_bytes, limits::stdin_slot_bytes);
    }

    SlotStack<limits::stdin_slots> free_;
    std::array<std::uint32_t, limits::stdin_slots> next_{};
    std::array<std::uint32_t, limits::stdin_slots> begin_{};
    std::array<std::uint32_t, limits::stdin_slots> end_{};
    Bytes memory_;
    std::uint32_t touched_max_ = 0;
};

}  // namespace pronto::agent
