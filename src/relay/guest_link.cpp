// SPDX-License-Identifier: Apache-2.0
#include "relay/guest_link.hpp"

#include <errno.h>

#include <utility>

#include "io/memory.hpp"
#include "io/unix_socket.hpp"

namespace pronto::relay {

Status GuestLink::open() {
    if (Status mapped = io::map_mirrored(guest_ring_bytes, -1, ring_); !mapped.ok()) return mapped;
    make_ring(header_, ring_);
    if (Status attached = producer_.attach(header_, ring_); !attached.ok()) return attached;
    if (Status attached = consumer_.attach(header_, ring_); !attached.ok()) return attached;
    const Bytes lane = io::reserve(control_lane_bytes);
    if (lane.empty()) return system_error(ENOMEM);
    lane_.attach(lane, context_.counters);
    return {};
}

void GuestLink::attach(io::OwnedFd fd) {
    PRONTO_ASSERT(gone());
    fd_ = std::move(fd);
    is_socket_ = io::is_socket(fd_.get());
    detaching_ = heard_ = false;
    ++generation_;
    lane_.queue().truncate(0);
    // What the last guest said is nobody's business.
    Bytes left;
    if (unrouted(left).ok()) routed(left.size());
    settle_ring();
}

void GuestLink::detach() {
    if (!attached()) return;
    detaching_ = true;
    if (is_socket_) io::shut_down(fd_.get());
    if (operations_ == 0) fd_.reset();
}

void GuestLink::finish_operation() {
    PRONTO_ASSERT(operations_ > 0);
    if (--operations_ == 0 && detaching_) fd_.reset();
}

void GuestLink::arm_receive() {
    if (receiving_ || !attached()) return;
    Bytes room;
    // The ring is ours alone: its indices cannot be impossible.
    const Status claimed = producer_.claim(guest_ring_bytes, room);
    PRONTO_ASSERT(claimed.ok());
    if (room.empty() || (room.size() < guest_read_bytes_min && routed_bytes_ > 0)) {
        // What is being sent out of the ring is decided with the next system call, then there is
        // room.
        if (routed_bytes_ > 0) context_.more_work = true;
        return;
    }
    receiving_ = true;
    ++operations_;
    const io::Op op = make_op(OpKind::guest_receive, 0, generation_);
    if (is_socket_) {
        context_.uring.receive(fd_.get(), room, 0, op);
    } else {
        context_.uring.read(fd_.get(), room, op);
    }
}

bool GuestLink::on_receive(std::int32_t result, Status& status) {
    receiving_ = false;
    finish_operation();
    status = {};
    if (!attached()) return true;
    if (result == -EAGAIN || result == -EINTR) return true;
    if (result <= 0) {
        if (result < 0 && result != -ECONNRESET) status = system_error(-result);
        return false;
    }
    heard_ = true;
    producer_.commit(static_cast<std::size_t>(result));
    context_.counters.add(Counter::guest_bytes_in, static_cast<std::uint64_t>(result));
    return true;
}

Status GuestLink::unrouted(Bytes& out) {
    Bytes all;
    if (Status peeked = consumer_.peek(all); !peeked.ok()) return peeked;
    context_.counters.raise(Counter::ring_high_bytes, all.size());
    out = all.subspan(routed_bytes_);
    return {};
}

void GuestLink::settle_ring() {
    if (routed_bytes_ == 0) return;
    consumer_.release(routed_bytes_);
    routed_bytes_ = 0;
}

void GuestLink::begin_batch() {
    PRONTO_ASSERT(idle());
    PRONTO_ASSERT(parts_.empty());
    lane_bytes_ = lane_.queue().bytes();
    lane_.queue().runs(lane_bytes_, [this](ByteView run) { parts_.push(run); });
}

void GuestLink::submit_batch() {
    if (parts_.empty()) return;
    if (!is_socket_) {
        // Only sockets say by a completion that a quiet operation was short.
        send_rest();
        return;
    }
    batch_ = Batch::quiet;
    context_.uring.send_gather_quiet(fd_.get(), parts_.message(), MSG_DONTWAIT,
                                     make_op(OpKind::guest_send_quiet, 0, generation_));
}

void GuestLink::send_rest() {
    batch_ = Batch::waiting;
    ++operations_;
    const io::Op op = make_op(OpKind::guest_send, 0, generation_);
    if (is_socket_) {
        context_.uring.send_gather(fd_.get(), parts_.message(), MSG_WAITALL, op);
    } else {
        context_.uring.write_gather(fd_.get(), parts_.parts(), op);
    }
}

Status GuestLink::account(std::int32_t result) {
    batch_ = Batch::done;
    if (result < 0 && result != -EAGAIN && result != -EINTR) return system_error(-result);
    const std::size_t sent = result > 0 ? static_cast<std::size_t>(result) : 0;
    context_.counters.add(Counter::guest_bytes_out, sent);
    parts_.advance(sent, [](ByteView) {});
    if (!parts_.empty()) send_rest();
    return {};
}

Status GuestLink::on_quiet(std::int32_t result) {
    PRONTO_ASSERT(batch_ == Batch::quiet);
    return account(result);
}

Status GuestLink::on_send(std::int32_t result) {
    PRONTO_ASSERT(batch_ == Batch::waiting);
    finish_operation();
    if (attached()) return account(result);
    batch_ = Batch::done;
    return {};
}

bool GuestLink::settle_batch() {
    if (batch_ != Batch::quiet && batch_ != Batch::done) return false;
    context_.counters.add(Counter::guest_bytes_out, parts_.bytes());
    parts_.clear();
    lane_.queue().consume(lane_bytes_);
    lane_bytes_ = 0;
    batch_ = Batch::none;
    return true;
}

}  // namespace pronto::relay
