// SPDX-License-Identifier: Apache-2.0
#include "relay/router.hpp"

#include "core/wire/envelope.hpp"
#include "relay/envelope_peek.hpp"

namespace pronto::relay {

Status Router::route() {
    Bytes data;
    if (Status read = guest_.unrouted(data); !read.ok()) return read;
    std::size_t total = 0;
    Status status;
    held_ = false;
    for (;;) {
        std::size_t used = 0;
        const Step stepped = step(data.subspan(total), used, status);
        total += used;
        if (!status.ok() || stepped == Step::wait) break;
    }
    guest_.routed(total);
    return status;
}

Router::Step Router::step(Bytes data, std::size_t& used, Status& status) {
    if (current_.left_bytes > 0) return forward(data, used);
    return begin_frame(data, used, status);
}

// As much of the frame under way as there is.
Router::Step Router::forward(Bytes data, std::size_t& used) {
    const std::size_t there = current_.left_bytes < data.size()
                                  ? static_cast<std::size_t>(current_.left_bytes)
                                  : data.size();
    if (there == 0) return Step::wait;
    const bool wanted = current_.slot != slot_none && clients_.connected.contains(current_.slot) &&
                        clients_[current_.slot].state != ClientState::cutting;
    if (wanted) {
        held_ = output_.must_hold(current_.slot);
        if (held_) return Step::wait;
        held_ = output_.deliver(current_.slot, data.first(there)) == ClientOutput::Deliver::later;
        if (held_) {
            context_.more_work = true;
            return Step::wait;
        }
    } else if (current_.slot != slot_none) {
        output_.dropped(current_.slot, there);
    }
    used = there;
    current_.left_bytes -= there;
    if (current_.left_bytes == 0) finish_frame();
    return Step::routed;
}

Router::Step Router::begin_frame(Bytes data, std::size_t& used, Status& status) {
    if (data.size() < wire::length_field_bytes) return Step::wait;
    const auto length = load_be<std::uint32_t>(data.data());
    const std::uint64_t wire_bytes = wire::length_field_bytes + std::uint64_t{length};
    if (length < wire::frame_length_min || length > wire::frame_length_max) {
        status = bad_length(wire_bytes, length);
        return Step::routed;
    }
    if (data.size() < wire::header_bytes) return Step::wait;
    const auto id = load_be<std::uint32_t>(&data[wire::length_field_bytes]);
    if (!context_.guest.ready || id == 0) return own_frame(data, wire_bytes, used);

    context_.counters.add(Counter::guest_frames_in);
    const IdRanges& ranges = clients_.ranges();
    const std::uint32_t slot = ranges.slot_of(id);
    if (slot >= ranges.count()) {
        begin_drop(wire_bytes, Counter::dropped_no_range);
    } else if (id == ranges.fence(slot)) {
        leases_.fence_returned(slot);
        current_ = {.left_bytes = wire_bytes};
    } else {
        current_.id = id;
        current_.slot = slot;
        current_.flags = data[wire::header_bytes - 1];
        begin_client_frame(data, wire_bytes);
    }
    return Step::routed;
}

// Skipped as its bytes arrive: the frames behind it are good. A length beyond reason says that what
// was read as one is none, and then nothing behind it can be trusted.
Status Router::bad_length(std::uint64_t wire_bytes, std::uint32_t length) {
    context_.counters.add(Counter::dropped_bad_length);
    context_.emit({.kind = EventKind::guest_bad_length, .value = wire_bytes});
    if (wire_bytes > guest_skip_bytes_max) return {Code::frame_too_long};
    context_.counters.add(Counter::bytes_lost, wire_bytes);
    current_ = {.left_bytes = wire_bytes};
    PRONTO_ASSERT(length < wire::frame_length_min || length > wire::frame_length_max);
    return {};
}

void Router::begin_drop(std::uint64_t wire_bytes, Counter reason) {
    context_.counters.add(reason);
    current_ = {.left_bytes = wire_bytes};
}

// A frame for the relay is waited for until it is whole.
Router::Step Router::own_frame(Bytes data, std::uint64_t wire_bytes, std::size_t& used) {
    const bool booting = !context_.guest.ready;
    const std::size_t bytes_max = booting ? boot_frame_bytes_max : control_frame_bytes_max;
    if (wire_bytes > bytes_max) {
        begin_drop(wire_bytes, booting ? Counter::dropped_early : Counter::dropped_unaddressed);
        return Step::routed;
    }
    if (data.size() < wire_bytes) return Step::wait;
    used = static_cast<std::size_t>(wire_bytes);
    context_.counters.add(Counter::guest_frames_in);
    if (booting) {
        boot_.frame(data.first(used));
        if (context_.guest.ready)
            output_.greet_waiting();  // before anything that follows is routed
    } else {
        control(data.first(used));
    }
    return Step::routed;
}

void Router::begin_client_frame(Bytes data, std::uint64_t wire_bytes) {
    current_.left_bytes = wire_bytes;
    current_.is_error = false;
    Client& client = clients_[current_.slot];
    if (client.state == ClientState::free || client.state == ClientState::waiting) {
        context_.counters.add(Counter::dropped_foreign);
    } else if (client.state == ClientState::departed || client.state == ClientState::cutting) {
        context_.counters.add(Counter::dropped_departed);
    } else {
        client.mid_frame = true;
    }
    // Only the last frame of an exec session needs its type: after core.error its process may still
    // run.
    const bool last_of_exec =
        (current_.flags & wire::flag_terminal) != 0 && client.sessions.is_exec(current_.id);
    if (!last_of_exec || data.size() < wire_bytes) return;
    EnvelopePeek peek;
    const Bytes body = data.first(static_cast<std::size_t>(wire_bytes)).subspan(wire::header_bytes);
    current_.is_error = peek_envelope(body, peek).ok() && peek.message == wire::Message::error;
}

void Router::finish_frame() {
    if (current_.slot == slot_none) return;
    Client& client = clients_[current_.slot];
    client.mid_frame = false;
    if ((current_.flags & wire::flag_terminal) != 0) {
        if (current_.is_error) {
            client.sessions.make_stray(current_.id);
        } else {
            client.sessions.close(current_.id);
        }
        intake_.session_closed(current_.slot);
    }
    current_ = {};
}

// Id 0 after boot: credit, or nothing we know. What we do not know is for a newer relay, and no
// error.
void Router::control(Bytes frame_bytes) {
    wire::Envelope envelope;
    const Bytes body = frame_bytes.subspan(wire::header_bytes);
    wire::Credit credit;
    const bool is_credit = wire::decode_envelope(body, envelope).ok() &&
                           envelope.message == wire::Message::pronto_credit &&
                           context_.guest.credit && wire::decode(envelope.payload, credit).ok();
    if (!is_credit) {
        context_.counters.add(Counter::dropped_unaddressed);
        return;
    }
    intake_.stdin_credit(credit.id, credit.bytes);
}

}  // namespace pronto::relay
