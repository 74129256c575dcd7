// SPDX-License-Identifier: Apache-2.0
#include "relay/client_intake.hpp"

#include <errno.h>
#include <poll.h>

#include "io/memory.hpp"

namespace pronto::relay {

namespace {

using wire::Message;

Verdict refusal(wire::ErrorKind kind, std::string_view reason) {
    return {.kind = kind, .reason = reason};
}

}  // namespace

void ClientIntake::fill_batch() {
    SlotSet visited;
    while (!clients_.unscanned.empty() && guest_.batch_bytes() < batch_bytes_max) {
        std::uint32_t slot = clients_.unscanned.next(first_slot_);
        if (slot == clients_max) slot = clients_.unscanned.next(0);
        if (slot == clients_max || visited.contains(slot)) break;
        visited.insert(slot);
        first_slot_ = (slot + 1) % clients_max;
        const std::size_t run_bytes = scan(slot);
        if (run_bytes == 0) continue;
        guest_.add(clients_[slot].input.take(run_bytes));
        in_batch_.insert(slot);
    }
    // What is left goes with the next batch, as soon as this one is decided.
    if (!clients_.unscanned.empty() && guest_.batch_bytes() > 0) context_.more_work = true;
}

void ClientIntake::batch_sent() {
    in_batch_.for_each([this](std::uint32_t slot) { clients_[slot].input.sent(); });
    in_batch_ = {};
}

// The extent of the frames at the front that may be sent on. Stops before a frame that must wait or
// be refused.
std::size_t ClientIntake::scan(std::uint32_t slot) {
    Client& client = clients_[slot];
    std::size_t run_bytes = 0;
    while (run_bytes < batch_client_bytes_max) {
        const Bytes rest = client.input.unread().subspan(run_bytes);
        const wire::Scanned scanned = wire::scan_frame(rest);
        if (scanned.outcome == wire::Scan::incomplete) {
            if (run_bytes > 0) client.partial_deadline_ns = never;
            scanned_all(slot, static_cast<std::size_t>(scanned.wire_bytes));
            break;
        }
        if (scanned.outcome == wire::Scan::bad) {
            if (run_bytes == 0) bad_length(slot, rest, scanned.error);
            break;
        }
        Verdict verdict;
        const Admit admitted = admit(slot, scanned.frame, verdict);
        if (admitted == Admit::refused) {
            // After what goes before it, and when the last refusal has been told.
            if (run_bytes > 0 || output_.reply_waiting(slot)) break;
            client.input.skip(static_cast<std::size_t>(scanned.wire_bytes));
            client.partial_deadline_ns = never;
            refuse(slot, scanned.frame.id, verdict);
            continue;
        }
        if (admitted == Admit::blocked) {
            clients_.unscanned.erase(slot);
            clients_.stdin_blocked.insert(slot);
            client.partial_deadline_ns = never;  // it is we who do not read on
            watch_hangup(slot);
            break;
        }
        run_bytes += static_cast<std::size_t>(scanned.wire_bytes);
        context_.counters.add(Counter::guest_frames_out);
    }
    return run_bytes;
}

// No whole frame is left: the client is read on, or has sent its last.
void ClientIntake::scanned_all(std::uint32_t slot, std::size_t frame_bytes) {
    Client& client = clients_[slot];
    clients_.unscanned.erase(slot);
    client.frame_bytes = frame_bytes;
    if (client.state == ClientState::open) clients_.unarmed.insert(slot);
}

void ClientIntake::bad_length(std::uint32_t slot, ByteView front, Error error) {
    const std::uint32_t id =
        front.size() >= wire::header_bytes ? load_be<std::uint32_t>(&front[4]) : 0;
    output_.cut(
        slot, error,
        refusal(wire::ErrorKind::malformed_message, "the frame's length is outside the limits"),
        id);
}

void ClientIntake::refuse(std::uint32_t slot, std::uint32_t id, const Verdict& verdict) {
    context_.counters.add(Counter::frames_refused);
    context_.emit({.kind = EventKind::frame_refused,
                   .client = slot,
                   .value = static_cast<std::uint64_t>(verdict.kind),
                   .error = {Code::protocol}});
    if (clients_[slot].state != ClientState::draining) output_.reply(slot, id, verdict);
}

ClientIntake::Admit ClientIntake::admit(std::uint32_t slot, const wire::Frame& frame,
                                        Verdict& verdict) {
    Client& client = clients_[slot];
    verdict = check_frame({&clients_.ranges(), slot, &context_.guest}, frame);
    if (!verdict.pass) return Admit::refused;
    switch (verdict.message) {
        case Message::exec_request:
            return open_session(client, frame.id, SessionKind::exec, verdict);
        case Message::fs_request:
        case Message::tcp_connect:
            return open_session(client, frame.id, SessionKind::other, verdict);
        case Message::tcp_close:
            if (!client.sessions.is_exec(frame.id)) client.sessions.make_stray(frame.id);
            return Admit::pass;
        case Message::exec_stdin: return admit_stdin(client, frame);
        case Message::shutdown: shutdown_seen_ = true; return Admit::pass;
        default: return Admit::pass;
    }
}

ClientIntake::Admit ClientIntake::open_session(Client& client, std::uint32_t id, SessionKind kind,
                                               Verdict& verdict) {
    switch (client.sessions.open(id, kind)) {
        case SessionSet::Opened::yes: return Admit::pass;
        case SessionSet::Opened::already_open:
            verdict = refusal(wire::ErrorKind::invalid_session, "a session with this id is open");
            return Admit::refused;
        case SessionSet::Opened::full:
            verdict = refusal(wire::ErrorKind::invalid_session,
                              "this client has as many sessions open as it may");
            return Admit::refused;
    }
    PRONTO_UNREACHABLE();
}

// One frame may always be under way, whatever its size: the agent takes it in pieces.
ClientIntake::Admit ClientIntake::admit_stdin(Client& client, const wire::Frame& frame) {
    if (!context_.guest.credit || context_.guest.stdin_window_bytes == 0) return Admit::pass;
    std::uint32_t* under_way = client.sessions.stdin_under_way(frame.id);
    if (under_way == nullptr) return Admit::pass;
    const auto wire_bytes = static_cast<std::uint32_t>(frame.body.size() + wire::header_bytes);
    if (*under_way > 0 && *under_way + wire_bytes > context_.guest.stdin_window_bytes)
        return Admit::blocked;
    *under_way += wire_bytes;
    return Admit::pass;
}

void ClientIntake::stdin_credit(std::uint32_t id, std::uint32_t byte_count) {
    if (id == 0) return;
    const std::uint32_t slot = clients_.ranges().slot_of(id);
    if (slot >= clients_.ranges().count()) return;
    std::uint32_t* under_way = clients_[slot].sessions.stdin_under_way(id);
    if (under_way == nullptr) return;
    *under_way -= byte_count < *under_way ? byte_count : *under_way;
    unblock(slot);
}

void ClientIntake::unblock(std::uint32_t slot) {
    if (!clients_.stdin_blocked.contains(slot)) return;
    clients_.stdin_blocked.erase(slot);
    clients_.unscanned.insert(slot);
}

// A client that is not read is watched, so that its programs do not outlive it.
void ClientIntake::watch_hangup(std::uint32_t slot) {
    Client& client = clients_[slot];
    if (client.state == ClientState::draining) {
        leases_.depart(slot);  // its program will be killed: what it was to read is of no use
        return;
    }
    if (client.polling) return;
    client.polling = true;
    ++client.operations;
    context_.uring.poll(client.fd.get(), POLLRDHUP,
                        make_op(OpKind::client_hangup, slot, client.generation));
}

void ClientIntake::on_hangup(std::uint32_t slot) {
    clients_[slot].polling = false;
    leases_.operation_done(slot);
    if (clients_.stdin_blocked.contains(slot)) leases_.depart(slot);
}

void ClientIntake::arm_receives() {
    clients_.unarmed.for_each([this](std::uint32_t slot) { arm(slot); });
    // With no whole frame left to send on, a client that has hung up is done.
    clients_.draining.for_each([this](std::uint32_t slot) {
        if (!clients_.unscanned.contains(slot) && !clients_.stdin_blocked.contains(slot))
            leases_.depart(slot);
    });
}

void ClientIntake::arm(std::uint32_t slot) {
    Client& client = clients_[slot];
    if (client.receiving) {
        clients_.unarmed.erase(slot);
        return;
    }
    const Bytes room = client.input.room(client.frame_bytes);
    if (room.empty()) {
        // The batch that holds the buffer is decided with the next system call, or wakes us when it
        // is done.
        if (guest_.quiet()) context_.more_work = true;
        return;
    }
    clients_.unarmed.erase(slot);
    client.receiving = true;
    ++client.operations;
    context_.uring.receive(client.fd.get(), room, 0,
                           make_op(OpKind::client_receive, slot, client.generation));
    if (!client.input.unread().empty() && client.partial_deadline_ns == never) {
        client.partial_deadline_ns = context_.now_ns + context_.options.partial_frame_timeout_ns;
        context_.wake_by(client.partial_deadline_ns);
    }
}

void ClientIntake::on_receive(std::uint32_t slot, std::int32_t result) {
    Client& client = clients_[slot];
    client.receiving = false;
    leases_.operation_done(slot);
    if (client.state == ClientState::departed || client.state == ClientState::cutting) return;
    if (result == -EAGAIN || result == -EINTR) {
        clients_.unarmed.insert(slot);
        return;
    }
    if (result > 0) {
        client.input.received(static_cast<std::size_t>(result));
        if (client.input.has_surplus() && client.give_back_ns == never) {
            client.give_back_ns = context_.now_ns + give_back_delay;
            context_.wake_by(client.give_back_ns);
        }
        if (client.state == ClientState::open) clients_.unscanned.insert(slot);
        return;
    }
    // The end, or a broken socket. Only an open client can have sent something that still counts.
    if (result < 0 || client.state != ClientState::open) {
        leases_.depart(slot);
        return;
    }
    client.state = ClientState::draining;
    clients_.draining.insert(slot);
    clients_.unscanned.insert(slot);
}

void ClientIntake::expire(std::uint32_t slot) {
    Client& client = clients_[slot];
    if (context_.now_ns >= client.give_back_ns) {
        const bool idle = client.input.unread().empty() && !client.input.sending();
        // With nothing unread, a receive that is armed lies within what is kept: see
        // InputBuffer::room.
        if (idle) io::give_back_pages(client.input.take_surplus());
        client.give_back_ns = idle ? never : context_.now_ns + give_back_delay;
    }
    if (context_.now_ns >= client.partial_deadline_ns) {
        output_.cut(
            slot, {Code::timed_out},
            refusal(wire::ErrorKind::malformed_message, "the rest of a frame did not come in time"),
            0);
    }
}

}  // namespace pronto::relay
