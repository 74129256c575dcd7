// SPDX-License-Identifier: Apache-2.0
#include "relay/client_output.hpp"

#include <errno.h>

#include "io/memory.hpp"

namespace pronto::relay {

namespace {

bool is_retry(std::int32_t result) { return result == -EAGAIN || result == -EINTR; }

const Verdict not_reading{
    .kind = wire::ErrorKind::invalid_session,
    .reason = "this client did not read what it was sent; it is disconnected"};

}  // namespace

void ClientOutput::greet(std::uint32_t slot) {
    Client& client = clients_[slot];
    PRONTO_ASSERT(client.state == ClientState::waiting);
    PRONTO_ASSERT(context_.guest.ready);
    client.state = ClientState::open;
    client.greeted = true;
    const std::size_t greeting_bytes = clients_.ranges().write_greeting(slot, client.greeting);
    client.position = StreamPosition(greeting_bytes);
    client.gather.push(ByteView(client.greeting).first(greeting_bytes));
    client.gather.push(context_.guest.ready_frame);
    clients_.to_send.insert(slot);
    // What it sent early is looked at now.
    clients_.unscanned.insert(slot);
    context_.emit({.kind = EventKind::client_open, .client = slot});
}

void ClientOutput::greet_waiting() {
    clients_.connected.for_each([this](std::uint32_t slot) {
        if (clients_[slot].state == ClientState::waiting) greet(slot);
    });
}

ClientOutput::Deliver ClientOutput::deliver(std::uint32_t slot, ByteView run) {
    Client& client = clients_[slot];
    PRONTO_DASSERT(!client.quiet_sending);
    if (!client.backlog.empty()) return set_aside(slot, run) ? Deliver::taken : Deliver::gone;
    if (!client.gather.try_push(run)) return Deliver::later;
    clients_.to_send.insert(slot);
    return Deliver::taken;
}

bool ClientOutput::set_aside(std::uint32_t slot, ByteView run) {
    Client& client = clients_[slot];
    if (!client.backlog.try_append(run)) {
        cut(slot, {Code::limit}, not_reading,
            client.sessions.count() > 0 ? client.sessions.id_at(0) : 0);
        return false;
    }
    context_.counters.add(Counter::client_bytes_copied, run.size());
    context_.counters.raise(Counter::backlog_high_bytes, client.backlog.bytes());
    backlog_moved(slot);
    return true;
}

// Over its budget a client has until the stall deadline. Where credit keeps the guest within the
// budget nothing is ever lost by waiting, so there is no deadline.
void ClientOutput::backlog_moved(std::uint32_t slot) {
    Client& client = clients_[slot];
    const bool over = client.backlog.bytes() > context_.options.client_budget_bytes;
    if (!over || context_.guest.credit || client.state == ClientState::cutting) {
        client.stall_deadline_ns = never;
    } else if (client.stall_deadline_ns == never) {
        client.stall_deadline_ns = context_.now_ns + context_.options.stall_timeout_ns;
        context_.wake_by(client.stall_deadline_ns);
    }
}

// Waiting for one client delays all, so it is done for moments only and only while that client
// visibly reads: without it, a guest that writes faster than a busy client reads would have it cut
// within milliseconds.
bool ClientOutput::must_hold(std::uint32_t slot) {
    Client& client = clients_[slot];
    const std::size_t held = client.backlog.bytes();
    if (context_.guest.credit || client.held_in_vain ||
        held < context_.options.client_budget_bytes) {
        client.hold_deadline_ns = never;
        return false;
    }
    if (client.hold_deadline_ns == never || context_.now_ns >= client.hold_deadline_ns) {
        const bool began = client.hold_deadline_ns == never;
        if (!began && held + hold_progress_bytes > client.hold_bytes) {
            client.held_in_vain = true;
            client.hold_again_ns = context_.now_ns + hold_again;
            client.hold_deadline_ns = never;
            return false;
        }
        if (began) context_.counters.add(Counter::guest_holds);
        client.hold_bytes = held;
        client.hold_deadline_ns = context_.now_ns + hold_time;
    }
    context_.wake_by(client.hold_deadline_ns);
    return true;
}

void ClientOutput::reply(std::uint32_t slot, std::uint32_t id, const Verdict& refused) {
    Client& client = clients_[slot];
    PRONTO_ASSERT(client.reply_bytes == 0);
    client.reply = write_refusal(id, refused, client.reply_buffer);
    client.reply_bytes = static_cast<std::uint32_t>(client.reply.size());
    clients_.to_reply.insert(slot);
}

void ClientOutput::cut(std::uint32_t slot, Error error, const Verdict& reason, std::uint32_t id) {
    Client& client = clients_[slot];
    if (client.state == ClientState::cutting || client.state == ClientState::departed) return;
    context_.counters.add(Counter::clients_cut);
    context_.emit({.kind = EventKind::client_cut, .client = slot, .error = error});
    client.state = ClientState::cutting;
    client.cut_reason = reason;
    client.cut_reason.offending_type = {};
    client.cut_id = id;
    client.linger_deadline_ns = context_.now_ns + linger_timeout;
    client.stall_deadline_ns = client.partial_deadline_ns = never;
    context_.wake_by(client.linger_deadline_ns);
    for (SlotSet* set : {&clients_.draining, &clients_.unarmed, &clients_.unscanned,
                         &clients_.stdin_blocked, &clients_.to_reply}) {
        set->erase(slot);
    }
    clients_.to_tell.insert(slot);
    if (client.sending) {
        context_.uring.cancel(make_op(OpKind::client_send, slot, client.generation),
                              make_op(OpKind::cancelled, slot, client.generation));
        ++client.operations;
    }
    context_.more_work = true;
}

// The reason follows the frame that the socket has taken part of; what was to come after that frame
// is given up.
void ClientOutput::tell(std::uint32_t slot) {
    Client& client = clients_[slot];
    PRONTO_ASSERT(client.gather.empty());
    StreamPosition position = client.position;
    std::size_t kept = 0;
    client.backlog.runs(client.backlog.bytes(),
                        [&](ByteView run) { kept += position.advance_to_boundary(run); });
    if (position.at_boundary()) {
        client.backlog.truncate(kept);
        const bool fits = client.backlog.try_append(
            write_refusal(client.cut_id, client.cut_reason, client.reply_buffer));
        PRONTO_ASSERT(fits || kept + reply_bytes_max > backlog_bytes_max);
    }
    clients_.to_tell.erase(slot);
    client.told = true;
    if (client.backlog.empty()) {
        leases_.depart(slot);
    } else {
        send_backlog(slot);
    }
}

void ClientOutput::add_replies() {
    clients_.to_reply.for_each([this](std::uint32_t slot) {
        Client& client = clients_[slot];
        if (client.mid_frame) return;  // between frames only
        switch (deliver(slot, client.reply)) {
            case Deliver::later: context_.more_work = true; return;
            case Deliver::gone: return;
            case Deliver::taken: break;
        }
        clients_.to_reply.erase(slot);
        client.reply_under_way = !client.gather.empty();
        if (!client.reply_under_way) client.reply_bytes = 0;  // it was copied
        if (clients_.unscanned.contains(slot)) context_.more_work = true;
    });
}

void ClientOutput::flush() {
    add_replies();
    clients_.to_tell.for_each([this](std::uint32_t slot) {
        if (!clients_[slot].sending && clients_[slot].gather.empty()) tell(slot);
    });
    clients_.to_send.for_each([this](std::uint32_t slot) {
        Client& client = clients_[slot];
        PRONTO_DASSERT(client.backlog.empty());
        client.quiet_sending = true;
        flushed_.insert(slot);
        context_.uring.send_gather_quiet(
            client.fd.get(), client.gather.message(), MSG_DONTWAIT,
            make_op(OpKind::client_send_quiet, slot, client.generation));
        // Credit that becomes due by this send must not wait for whatever happens next.
        const std::size_t due = client.credit_bytes + client.gather.bytes();
        if (context_.guest.credit && due >= context_.options.client_budget_bytes / 4)
            context_.more_work = true;
        if (!clients_.to_tell.empty()) context_.more_work = true;
    });
    clients_.to_send = {};
}

void ClientOutput::on_quiet(std::uint32_t slot, std::int32_t result) {
    Client& client = clients_[slot];
    PRONTO_ASSERT(client.quiet_sending);
    client.quiet_sending = false;
    flushed_.erase(slot);
    if (result < 0 && !is_retry(result)) {
        client.gather.clear();
        leases_.depart(slot);
        return;
    }
    const std::size_t sent = result > 0 ? static_cast<std::size_t>(result) : 0;
    context_.counters.add(Counter::client_sends_short);
    client.gather.advance(sent, [&](ByteView run) { client.position.advance(run); });
    taken(client, slot, sent);
    bool kept = true;
    for (const iovec& part : client.gather.parts()) {
        kept = kept &&
               set_aside(slot, {static_cast<const std::uint8_t*>(part.iov_base), part.iov_len});
    }
    client.gather.clear();
    if (client.reply_under_way) client.reply_bytes = 0;
    client.reply_under_way = false;
    if (kept) send_backlog(slot);
}

void ClientOutput::settle() {
    flushed_.for_each([this](std::uint32_t slot) {
        Client& client = clients_[slot];
        client.quiet_sending = false;
        const std::size_t sent = client.gather.bytes();
        for (const iovec& part : client.gather.parts()) {
            client.position.advance(
                {static_cast<const std::uint8_t*>(part.iov_base), part.iov_len});
        }
        client.gather.clear();
        if (client.reply_under_way) client.reply_bytes = 0;
        client.reply_under_way = false;
        taken(client, slot, sent);
    });
    flushed_ = {};
}

void ClientOutput::taken(Client& client, std::uint32_t slot, std::size_t byte_count) {
    context_.counters.add(Counter::client_bytes_out, byte_count);
    credit(client, slot, byte_count);
}

void ClientOutput::credit(Client& client, std::uint32_t slot, std::size_t byte_count) {
    if (!context_.guest.credit) return;
    client.credit_bytes += static_cast<std::uint32_t>(byte_count);
    if (client.credit_bytes < context_.options.client_budget_bytes / 4) return;
    if (!lane_.credit(clients_.ranges().start(slot), client.credit_bytes))
        return;  // with the next bytes, then
    context_.counters.add(Counter::credit_bytes_returned, client.credit_bytes);
    client.credit_bytes = 0;
}

void ClientOutput::send_backlog(std::uint32_t slot) {
    Client& client = clients_[slot];
    if (client.sending || client.backlog.empty() || client.state == ClientState::departed) return;
    client.sending = true;
    ++client.operations;
    client.backlog_gather.clear();
    client.backlog.runs(client.backlog.bytes(),
                        [&](ByteView run) { client.backlog_gather.push(run); });
    context_.uring.send_gather(client.fd.get(), client.backlog_gather.message(), 0,
                               make_op(OpKind::client_send, slot, client.generation));
}

void ClientOutput::on_send(std::uint32_t slot, std::int32_t result) {
    Client& client = clients_[slot];
    client.sending = false;
    leases_.operation_done(slot);
    if (client.state == ClientState::departed) return;
    const bool cancelled = result == -ECANCELED && client.state == ClientState::cutting;
    if (result < 0 && !is_retry(result) && !cancelled) {
        leases_.depart(slot);
        return;
    }
    const std::size_t sent = result > 0 ? static_cast<std::size_t>(result) : 0;
    client.backlog.runs(sent, [&](ByteView run) { client.position.advance(run); });
    client.backlog.consume(sent);
    taken(client, slot, sent);
    backlog_moved(slot);
    if (client.state == ClientState::cutting && !client.told) return;  // `tell` goes on from here
    if (!client.backlog.empty()) {
        send_backlog(slot);
        return;
    }
    client.held_in_vain = client.held_in_vain && context_.now_ns < client.hold_again_ns;
    client.give_back_ns = context_.now_ns + give_back_delay;
    context_.wake_by(client.give_back_ns);
    if (client.told) leases_.depart(slot);
}

void ClientOutput::expire(std::uint32_t slot) {
    Client& client = clients_[slot];
    if (context_.now_ns >= client.give_back_ns && client.backlog.empty()) {
        io::give_back_pages(client.backlog.take_surplus(backlog_bytes_kept));
    }
    if (context_.now_ns >= client.linger_deadline_ns) {
        leases_.depart(slot);
    } else if (context_.now_ns >= client.stall_deadline_ns) {
        cut(slot, {Code::timed_out}, not_reading,
            client.sessions.count() > 0 ? client.sessions.id_at(0) : 0);
    }
}

}  // namespace pronto::relay
