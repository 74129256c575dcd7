// SPDX-License-Identifier: Apache-2.0
// What clients are sent. A turn's frames for a client go out in one send, straight from where the
// guest's bytes lie; what the socket does not take at once is copied aside, so that no client holds
// the guest's ring. One thread.
#pragma once

#include "relay/client_table.hpp"
#include "relay/control_lane.hpp"
#include "relay/leases.hpp"

namespace pronto::relay {

class ClientOutput {
  public:
    ClientOutput(Context& context, ClientTable& clients, Leases& leases, ControlLane& lane)
        : context_(context), clients_(clients), leases_(leases), lane_(lane) {}

    /// The prologue and the guest's ready frame.
    void greet(std::uint32_t slot);
    /// Those who came before the guest was ready.
    void greet_waiting();

    enum class Deliver : std::uint8_t {
        taken,
        later,  ///< the turn's send is full: settle first
        gone,   ///< the client was cut for it
    };
    /// `run` stays where it is until the turn is settled.
    Deliver deliver(std::uint32_t slot, ByteView run);
    /// True while the guest should wait for this client: its backlog is full and it is reading.
    bool must_hold(std::uint32_t slot);
    /// Bytes of the client's range left the ring unsent.
    void dropped(std::uint32_t slot, std::size_t byte_count) {
        credit(clients_[slot], slot, byte_count);
    }

    /// Answers a refused frame. Precondition: no reply is waiting.
    void reply(std::uint32_t slot, std::uint32_t id, const Verdict& refused);
    bool reply_waiting(std::uint32_t slot) { return clients_[slot].reply_bytes != 0; }
    /// Sends the reason after what is under way, then lets the client go.
    void cut(std::uint32_t slot, Error error, const Verdict& reason, std::uint32_t id);

    /// Prepares this turn's sends.
    void flush();
    void on_quiet(std::uint32_t slot, std::int32_t result);
    void on_send(std::uint32_t slot, std::int32_t result);
    /// All of this turn's sends are decided.
    void settle();

    void expire(std::uint32_t slot);

  private:
    void add_replies();
    void tell(std::uint32_t slot);
    void credit(Client& client, std::uint32_t slot, std::size_t byte_count);
    void taken(Client& client, std::uint32_t slot, std::size_t byte_count);
    bool set_aside(std::uint32_t slot, ByteView run);
    void send_backlog(std::uint32_t slot);
    void backlog_moved(std::uint32_t slot);

    Context& context_;
    ClientTable& clients_;
    Leases& leases_;
    ControlLane& lane_;
    SlotSet flushed_;
};

}  // namespace pronto::relay
