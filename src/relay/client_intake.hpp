// SPDX-License-Identifier: Apache-2.0
// What clients send: received into each one's own buffer, checked there, and sent on to the guest
// from there, by turns and within a budget. A client whose frames wait is not read, and delays
// nobody else. One thread.
#pragma once

#include "relay/client_output.hpp"
#include "relay/client_table.hpp"
#include "relay/guest_link.hpp"
#include "relay/leases.hpp"

namespace pronto::relay {

class ClientIntake {
  public:
    struct Parts {
        Context* context;
        ClientTable* clients;
        GuestLink* guest;
        ClientOutput* output;
        Leases* leases;
    };
    explicit ClientIntake(const Parts& parts)
        : context_(*parts.context),
          clients_(*parts.clients),
          guest_(*parts.guest),
          output_(*parts.output),
          leases_(*parts.leases) {}

    /// Adds checked frames to the guest's batch. Precondition: the guest link has begun one.
    void fill_batch();
    /// The batch is done: the frames in it leave their clients' buffers.
    void batch_sent();
    void arm_receives();
    void on_receive(std::uint32_t slot, std::int32_t result);
    void on_hangup(std::uint32_t slot);

    /// The guest has taken so much of a session's stdin.
    void stdin_credit(std::uint32_t id, std::uint32_t byte_count);
    /// A session is over: nothing waits for its credit any more.
    void session_closed(std::uint32_t slot) { unblock(slot); }
    void expire(std::uint32_t slot);
    /// A client asked for the guest's shutdown, and the frame is in a batch.
    bool shutdown_seen() const { return shutdown_seen_; }

  private:
    enum class Admit : std::uint8_t { pass, blocked, refused };

    std::size_t scan(std::uint32_t slot);
    void scanned_all(std::uint32_t slot, std::size_t frame_bytes);
    Admit admit(std::uint32_t slot, const wire::Frame& frame, Verdict& verdict);
    Admit admit_stdin(Client& client, const wire::Frame& frame);
    Admit open_session(Client& client, std::uint32_t id, SessionKind kind, Verdict& verdict);
    void refuse(std::uint32_t slot, std::uint32_t id, const Verdict& verdict);
    void bad_length(std::uint32_t slot, ByteView front, Error error);
    void arm(std::uint32_t slot);
    void watch_hangup(std::uint32_t slot);
    void unblock(std::uint32_t slot);

    Context& context_;
    ClientTable& clients_;
    GuestLink& guest_;
    ClientOutput& output_;
    Leases& leases_;
    SlotSet in_batch_;
    std::uint32_t first_slot_ = 0;  ///< whose turn it is to be first
    bool shutdown_seen_ = false;
};

}  // namespace pronto::relay
