// SPDX-License-Identifier: Apache-2.0
// The clients: a fixed table by slot, and sets of slots for what each turn has to look at. One
// thread. What a turn asks of all clients ("who has something to send?") is a bit in a set; the
// rest of a client lies together, because one event touches most of it.
#pragma once

#include "io/owned_fd.hpp"
#include "relay/byte_queue.hpp"
#include "relay/context.hpp"
#include "relay/frame_check.hpp"
#include "relay/id_ranges.hpp"
#include "relay/input_buffer.hpp"
#include "relay/session_set.hpp"
#include "relay/slot_set.hpp"
#include "relay/stream_position.hpp"

namespace pronto::relay {

enum class ClientState : std::uint8_t {
    free,
    waiting,  ///< connected before the guest was ready
    open,
    draining,  ///< has hung up; the whole frames it sent still go to the guest
    cutting,   ///< is told why, then cut
    departed,  ///< its socket is gone; its range is not free yet
};

struct Client {
    ClientState state = ClientState::free;
    bool greeted = false;
    bool receiving = false;
    bool polling = false;
    bool sending = false;        ///< from the backlog
    bool quiet_sending = false;  ///< from `gather`, until the turn is settled
    bool mid_frame = false;      ///< part of a guest's frame is still to come
    bool told = false;           ///< cutting: the reason is in the backlog
    bool held_in_vain =
        false;             ///< the guest does not wait for this client until its backlog is empty
    bool cleaned = false;  ///< departed: the guest has been told
    bool fenced = false;   ///< departed: and has answered
    std::uint32_t generation = 0;
    std::uint32_t operations = 0;  ///< completions still to come
    io::OwnedFd fd;

    // Guest to client.
    Gather<gather_parts_max> gather;
    Gather<2> backlog_gather;
    ByteQueue backlog;
    StreamPosition position;         ///< of what the socket has taken
    std::uint32_t credit_bytes = 0;  ///< taken, and not yet credited to the guest
    std::size_t hold_bytes = 0;
    std::uint32_t reply_bytes = 0;
    bool reply_under_way = false;
    std::array<std::uint8_t, IdRanges::greeting_bytes_max> greeting{};
    std::array<std::uint8_t, reply_bytes_max> reply_buffer{};
    ByteView reply;
    std::uint32_t cut_id = 0;
    Verdict cut_reason;

    // Client to guest.
    InputBuffer input;
    std::size_t frame_bytes = 0;  ///< extent of the frame that is not whole yet; 0: not known
    SessionSet sessions;

    Nanoseconds partial_deadline_ns = never;
    Nanoseconds stall_deadline_ns = never;
    Nanoseconds hold_deadline_ns = never;
    Nanoseconds hold_again_ns = 0;  ///< no earlier, after it was in vain
    Nanoseconds linger_deadline_ns = never;
    Nanoseconds lease_deadline_ns = never;
    Nanoseconds give_back_ns = never;
};

class ClientTable {
  public:
    /// `memory` holds memory_bytes.
    void attach(const IdRanges& ranges, Bytes memory);
    static constexpr std::size_t memory_bytes_per_client =
        backlog_bytes_max + align_up(input_bytes, 4 * KiB) +
        align_up(SessionSet::memory_bytes, 4 * KiB);
    static constexpr std::size_t memory_bytes = clients_max * memory_bytes_per_client;

    Client& operator[](std::uint32_t slot) {
        PRONTO_DASSERT(slot < clients_max);
        return clients_[slot];
    }
    const IdRanges& ranges() const { return ranges_; }

    /// The lowest free slot, now `waiting`; `slot_none` when there is none.
    std::uint32_t take(io::OwnedFd fd);
    /// Preconditions: departed, nothing under way.
    void give_back(std::uint32_t slot);

    std::uint32_t connected_count() const { return connected.count(); }

    // Membership follows from the state, or is set by who has work for the slot.
    SlotSet connected;  ///< not free and not departed
    SlotSet departed;
    SlotSet draining;
    SlotSet unarmed;        ///< should be received from, and is not
    SlotSet unscanned;      ///< may hold a whole frame that the guest has not got
    SlotSet stdin_blocked;  ///< the next frame waits for its session's credit
    SlotSet to_send;        ///< has something in `gather`
    SlotSet to_reply;       ///< has a reply that is not in `gather` yet
    SlotSet to_tell;        ///< cutting, and not told

  private:
    IdRanges ranges_;
    SlotSet usable_;  ///< free slots
    std::array<Client, clients_max> clients_;
};

}  // namespace pronto::relay
