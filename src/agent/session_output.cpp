// SPDX-License-Identifier: Apache-2.0
// From a program's pipes and terminal to frames.
#include <errno.h>
#include <unistd.h>

#include "agent/sessions.hpp"
#include "io/clock.hpp"

namespace pronto::agent {

void Sessions::read_output(std::uint32_t stream) {
    const std::uint32_t slot = stream / 2;
    Stream& state = table_.streams[stream];
    PRONTO_ASSERT(state.fd >= 0);
    if (!with_.windows->open(table_.id[slot]) || with_.arena->available() == 0) return park(stream);
    state.state = StreamState::reading;
    with_.uring->read_selected(state.fd, OutputArena::group, limits::output_data_bytes,
                               make_op(OpKind::output_read, stream, table_.generation[slot]));
}

void Sessions::park(std::uint32_t stream) {
    table_.streams[stream].state = StreamState::parked;
    if (is_parked_[stream]) return;
    is_parked_[stream] = true;
    parked_.push(stream);
}

/// Every parked stream gets one look, in the order they were parked, so that a flood takes its turn
/// like anybody.
void Sessions::unpark() {
    unpark_due_ = false;
    for (std::uint32_t left = parked_.count(); left > 0; --left) {
        const std::uint32_t stream = parked_.front();
        parked_.pop();
        is_parked_[stream] = false;
        if (table_.streams[stream].state == StreamState::parked) read_output(stream);
    }
}

void Sessions::output_read(const io::Completion& completion) {
    const std::uint32_t stream = completion.op.slot;
    const std::uint32_t slot = stream / 2;
    if (completion.has_buffer) with_.arena->taken(completion.buffer);
    Stream& state = table_.streams[stream];
    const bool stale = completion.op.generation != table_.generation[slot] || state.fd < 0;
    const bool has_data = !stale && completion.result > 0 && completion.has_buffer;
    if (completion.has_buffer && !has_data) {
        with_.arena->give_back(completion.buffer);
        unpark_due_ = true;
    }
    if (stale) return;
    if (has_data) {
        forward_output(stream, completion.buffer, static_cast<std::size_t>(completion.result));
    } else if (completion.result == -ENOBUFS) {
        park(stream);
    } else if (completion.result == -EAGAIN || completion.result == -EINTR) {
        read_output(stream);
    } else {
        // The end: 0 on a pipe, EIO on a terminal whose last user is gone, or a descriptor that is
        // beyond use.
        close_stream(stream);
    }
    finish_if_done(slot);
}

void Sessions::forward_output(std::uint32_t stream, std::uint32_t buffer, std::size_t byte_count) {
    const std::uint32_t slot = stream / 2;
    Stream& state = table_.streams[stream];
    if (state.drain_bytes >= 0) {
        byte_count = std::min(byte_count, static_cast<std::size_t>(state.drain_bytes));
        state.drain_bytes -= static_cast<std::int32_t>(byte_count);
    }
    Record& record = table_.record[slot];
    if (record.first_byte_ns == 0) record.first_byte_ns = io::boottime_ns();
    record.output_bytes[stream & 1] += byte_count;
    if (byte_count > 0) {
        ++table_.frames_queued[slot];
        const bool is_stdout = (stream & 1) == 0;
        const std::size_t wire_bytes = with_.outbox->send_output(
            {.message = is_stdout ? wire::Message::exec_stdout : wire::Message::exec_stderr,
             .id = table_.id[slot],
             .slot = buffer,
             .byte_count = byte_count,
             .owner = {slot, table_.generation[slot]}});
        with_.windows->sent(table_.id[slot], wire_bytes);
    } else {
        with_.arena->give_back(buffer);
    }
    if (state.drain_bytes == 0) return close_stream(stream);
    read_output(stream);
}

void Sessions::output_left(std::span<const OutputDone> done) {
    for (const OutputDone& frame : done) {
        if (frame.generation != table_.generation[frame.session]) continue;
        PRONTO_ASSERT(table_.frames_queued[frame.session] > 0);
        --table_.frames_queued[frame.session];
    }
    if (!done.empty()) unpark_due_ = true;
}

void Sessions::close_terminal(std::uint32_t slot) {
    if (table_.terminal[slot] < 0) return;
    ::close(table_.terminal[slot]);
    table_.terminal[slot] = -1;
}

void Sessions::close_stream(std::uint32_t stream) {
    Stream& state = table_.streams[stream];
    if (state.fd < 0) return;
    const std::uint32_t slot = stream / 2;
    if (state.state == StreamState::reading) {
        // The read may be over already; then the cancellation finds nothing.
        with_.uring->cancel(make_op(OpKind::output_read, stream, table_.generation[slot]),
                            make_op(OpKind::ignored));
    }
    if (table_.tty[slot]) close_input(slot);
    closing_.add(state.fd);
    state.fd = -1;
    state.state = StreamState::closed;
}

}  // namespace pronto::agent
