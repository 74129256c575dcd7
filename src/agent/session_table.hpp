// SPDX-License-Identifier: Apache-2.0
// Exec sessions as columns: hot state apart from what is read once at the end. Slots are reused,
// generations are not, so a completion that arrives late never touches a slot's next owner. One
// thread.
#pragma once

#include <array>

#include "core/id_table.hpp"
#include "core/limits.hpp"
#include "core/slot_stack.hpp"

namespace pronto::agent {

enum class Phase : std::uint8_t {
    free,
    running,  ///< the leader lives
    ended,    ///< the leader's status is known; output may still come
};

enum class StreamState : std::uint8_t {
    closed,
    reading,  ///< a read is in flight
    parked,   ///< has to wait: for a free slot, or for its client's window
};

/// One of a session's two output streams. Index: session * 2 + which.
struct Stream {
    std::int32_t fd;           ///< −1: closed
    std::int32_t drain_bytes;  ///< ≥ 0: past the grace; so many more bytes, then it is closed
    StreamState state;
};
constexpr Stream stream_closed{-1, -1, StreamState::closed};

/// Input waiting for the program: a list of slots, the first possibly written in part.
struct Input {
    std::int32_t fd;  ///< −1: closed
    std::uint32_t head;
    std::uint32_t tail;
    std::uint32_t queued_bytes;
    std::uint32_t credit_owed;  ///< wire bytes taken from the host and not yet credited
    bool writing;               ///< the head slot is being written
    bool end_pending;           ///< close behind the last byte
    bool broken;  ///< input was refused: nothing more is taken, so that there is no hole in it
    bool grown;   ///< the pipe was enlarged
};
constexpr Input input_closed{-1, slot_none, slot_none, 0, 0, false, false, false, false};

/// Told once, in the verdict.
struct Record {
    Nanoseconds received_ns;
    Nanoseconds spawned_ns;
    Nanoseconds first_byte_ns;
    Nanoseconds ended_ns;
    std::uint64_t output_bytes[2];
    std::uint64_t user_ns;
    std::uint64_t system_ns;
    std::uint64_t rss_bytes_max;
    std::int32_t wait_status;
    bool killed_by_us;
    bool oom_killed;
    bool output_open;
};

struct SessionTable {
    static constexpr std::uint32_t capacity = limits::sessions_max;

    SlotStack<capacity> slots;
    IdTable<capacity> by_id;
    IdTable<capacity> by_pid;

    // What is read of free slots too.
    std::array<std::uint32_t, capacity> generation{};
    std::array<Phase, capacity> phase{};
    std::array<Nanoseconds, capacity> drain_deadline_ns{};  ///< monotonic; 0: none

    // Hot. Set by `add`, not before: memory of slots never used stays untouched.
    std::array<std::uint32_t, capacity> id;
    std::array<std::int32_t, capacity> pid;
    std::array<bool, capacity> tty;
    std::array<bool, capacity> abandoned;  ///< its host has left: nobody is told of it any more
    std::array<std::uint16_t, capacity> frames_queued;  ///< output frames not yet with the host
    std::array<Stream, capacity * 2> streams;
    std::array<Input, capacity> input;
    /// The program's end of its terminal, held while the leader lives: a program that closes its
    /// terminal just before it ends must not be hung up, and its status overwritten, by our closing
    /// the other end first.
    std::array<std::int32_t, capacity> terminal;

    // Cold.
    std::array<Record, capacity> record;

    std::uint32_t live_count() const { return slots.used_count(); }

    /// `slot_none` when all are in use. Precondition: the id is not live.
    std::uint32_t add(std::uint32_t frame_id) {
        const std::uint32_t slot = slots.take();
        if (slot == slot_none) return slot_none;
        PRONTO_ASSERT(phase[slot] == Phase::free);
        by_id.insert(frame_id, slot);
        id[slot] = frame_id;
        pid[slot] = 0;
        phase[slot] = Phase::running;
        frames_queued[slot] = 0;
        tty[slot] = false;
        abandoned[slot] = false;
        streams[2 * slot] = stream_closed;
        streams[2 * slot + 1] = stream_closed;
        input[slot] = input_closed;
        terminal[slot] = -1;
        drain_deadline_ns[slot] = 0;
        record[slot] = {};
        return slot;
    }

    /// The next host may use the id for a session of its own, though this one has not ended yet.
    void abandon(std::uint32_t slot) {
        PRONTO_ASSERT(phase[slot] != Phase::free);
        if (abandoned[slot]) return;
        abandoned[slot] = true;
        const bool known = by_id.erase(id[slot]);
        PRONTO_ASSERT(known);
    }

    /// Precondition: everything the slot owned is closed.
    void remove(std::uint32_t slot) {
        PRONTO_ASSERT(phase[slot] != Phase::free);
        PRONTO_ASSERT(streams[2 * slot].fd < 0 && streams[2 * slot + 1].fd < 0 &&
                      input[slot].fd < 0);
        PRONTO_ASSERT(terminal[slot] < 0);
        abandon(slot);
        phase[slot] = Phase::free;
        ++generation[slot];
        slots.give_back(slot);
    }
};

}  // namespace pronto::agent
