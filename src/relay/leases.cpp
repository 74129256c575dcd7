// SPDX-License-Identifier: Apache-2.0
#include "relay/leases.hpp"

#include "io/unix_socket.hpp"

namespace pronto::relay {

namespace {
constexpr std::uint8_t generation_disconnected = 2;
constexpr std::uint8_t generation_ping = 6;
constexpr std::size_t kill_frame_bytes_max = 48;
static_assert(client_sessions_max * kill_frame_bytes_max + 2 * control_lane_frame_bytes_max <=
              control_lane_bytes);
}  // namespace

void Leases::depart(std::uint32_t slot) {
    Client& client = clients_[slot];
    if (client.state == ClientState::departed || client.state == ClientState::free) return;
    context_.emit({.kind = EventKind::client_closed, .client = slot});
    client.state = ClientState::departed;
    io::shut_down(client.fd.get());
    client.gather.clear();
    client.stall_deadline_ns = client.partial_deadline_ns = client.hold_deadline_ns = never;
    client.linger_deadline_ns = client.give_back_ns = never;
    for (SlotSet* set :
         {&clients_.connected, &clients_.draining, &clients_.unarmed, &clients_.unscanned,
          &clients_.stdin_blocked, &clients_.to_send, &clients_.to_reply, &clients_.to_tell}) {
        set->erase(slot);
    }
    clients_.departed.insert(slot);
    client.lease_deadline_ns = context_.now_ns + context_.options.quarantine_ns;
    // The guest never heard of a client that was not greeted.
    client.cleaned = !client.greeted;
    context_.more_work = true;  // it is told in the next turn's `step`, whatever happens meanwhile
}

void Leases::operation_done(std::uint32_t slot) {
    Client& client = clients_[slot];
    PRONTO_ASSERT(client.operations > 0);
    --client.operations;
}

void Leases::fence_returned(std::uint32_t slot) {
    Client& client = clients_[slot];
    if (client.state == ClientState::departed && client.cleaned) client.fenced = true;
}

bool Leases::tell_guest(std::uint32_t slot) {
    Client& client = clients_[slot];
    const IdRanges& ranges = clients_.ranges();
    // All or nothing, so that it need not be remembered how far it went.
    const std::size_t kills_bytes = client.sessions.count() * kill_frame_bytes_max;
    if (lane_.queue().free_bytes() < kills_bytes + 2 * control_lane_frame_bytes_max) return false;
    for (std::uint32_t index = 0; index < client.sessions.count(); ++index) {
        const std::uint32_t id = client.sessions.id_at(index);
        if (client.sessions.is_exec(id) && !lane_.kill(id)) PRONTO_UNREACHABLE();
    }
    bool pushed = true;
    if (context_.guest.generation >= generation_disconnected) {
        pushed = lane_.client_disconnected(ranges.start(slot), ranges.end_exclusive(slot));
    }
    if (pushed && context_.guest.generation >= generation_ping)
        pushed = lane_.ping(ranges.fence(slot));
    PRONTO_ASSERT(pushed);
    context_.wake_by(client.lease_deadline_ns);
    return true;
}
bool Leases::over(const Client& client) const {
    if (!client.greeted || !context_.guest.ready) return true;
    if (!client.cleaned) return false;
    const bool waited = context_.now_ns >= client.lease_deadline_ns;
    const SessionSet& sessions = client.sessions;
    if (context_.guest.generation < generation_ping) return sessions.count() == 0 || waited;
    if (!client.fenced || sessions.count(SessionKind::exec) > 0) return false;
    return sessions.count(SessionKind::stray_exec) == 0 || waited;
}

void Leases::try_free(std::uint32_t slot) {
    Client& client = clients_[slot];
    if (client.operations > 0) return;
    client.fd.reset();
    if (client.input.sending() || !over(client)) return;
    if (client.credit_bytes > 0 && context_.guest.credit) {
        if (!lane_.credit(clients_.ranges().start(slot), client.credit_bytes)) return;
        client.credit_bytes = 0;
    }
    if (client.greeted && context_.guest.ready) {
        context_.counters.add(client.fenced ? Counter::leases_fenced : Counter::leases_timed_out);
    }
    clients_.give_back(slot);
}

void Leases::step() {
    clients_.departed.for_each([this](std::uint32_t slot) {
        Client& client = clients_[slot];
        if (!client.cleaned) client.cleaned = tell_guest(slot);
        try_free(slot);
    });
}

void Leases::release_all() {
    context_.guest.ready = false;
    step();
}

}  // namespace pronto::relay
