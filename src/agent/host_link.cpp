// SPDX-License-Identifier: Apache-2.0
#include "agent/host_link.hpp"

#include <errno.h>
#include <poll.h>

#include <algorithm>

#include "io/clock.hpp"
#include "io/memory.hpp"

namespace pronto::agent {

namespace {
// A device reports a host's coming by a signal; looking again is for those that cannot, and grows
// rare.
constexpr Nanoseconds retry_pause_min_ns = 20 * ns_per_ms;
constexpr Nanoseconds retry_pause_max_ns = 2 * ns_per_s;
}  // namespace

HostLink::HostLink() : input_(io::reserve(limits::input_buffer_bytes), limits::input_read_bytes) {}

Status HostLink::open(io::SerialPort port, const char* reconnect_path, OutputArena& arena,
                      std::uint8_t generation) {
    port_ = std::move(port);
    reconnect_path_ = reconnect_path;
    final_ = port_.is_socket && reconnect_path == nullptr;
    io::notify_host_changes(port_);
    return outbox_.open(arena, generation);
}

bool HostLink::host_there() const {
    if (!port_.fd.valid()) return false;
    pollfd look{port_.fd.get(), POLLIN, 0};
    return poll(&look, 1, 0) < 1 || (look.revents & POLLHUP) == 0 || (look.revents & POLLIN) != 0;
}

LinkChange HostLink::look(io::Uring& uring, Nanoseconds now_ns) {
    if (present_ || outbox_.in_flight() || reading_) return LinkChange::none;
    const bool may_reconnect = port_.is_socket && reconnect_path_ != nullptr && !port_.fd.valid();
    if (may_reconnect) (void)io::open_port_path(reconnect_path_, port_);
    if (!host_there()) {
        retry_pause_ns_ = std::clamp(retry_pause_ns_ * 2, retry_pause_min_ns, retry_pause_max_ns);
        retry_deadline_ns_ = now_ns + retry_pause_ns_;
        return LinkChange::none;
    }
    present_ = true;
    retry_deadline_ns_ = 0;
    retry_pause_ns_ = 0;
    pump(uring, false);
    return LinkChange::gained;
}

LinkChange HostLink::lose(Nanoseconds now_ns) {
    if (!present_) return LinkChange::none;
    present_ = false;
    input_.reset();
    if (port_.is_socket) port_.fd.reset();
    retry_deadline_ns_ = final_ ? 0 : now_ns + retry_pause_min_ns;
    return LinkChange::lost;
}

LinkChange HostLink::read_done(std::int32_t result) {
    reading_ = false;
    if (result > 0) {
        if (present_) input_.filled(static_cast<std::size_t>(result));
        return LinkChange::none;
    }
    if (result == -EAGAIN || result == -EINTR || result == -ECANCELED) return LinkChange::none;
    return lose(io::monotonic_ns());  // 0: the host closed; EIO: a terminal hung up; else the
                                      // connection broke
}

LinkChange HostLink::write_done(std::int32_t result, std::span<const OutputDone>& done) {
    done = outbox_.completed(result);
    if (result > 0 || result == -EAGAIN || result == -EINTR) return LinkChange::none;
    return lose(io::monotonic_ns());
}

std::span<const OutputDone> HostLink::settle(const io::Uring& uring) {
    if (!outbox_.quiet() || uring.has_completions() || !uring.submitted()) return {};
    return outbox_.completed_quietly();
}

void HostLink::pump(io::Uring& uring, bool pause_input) {
    if (!present_) return;
    outbox_.start(uring, port_, make_op(OpKind::port_write));
    if (reading_ || pause_input) return;
    reading_ = true;
    const Bytes room = input_.room();
    if (port_.is_socket) {
        uring.receive(port_.fd.get(), room, 0, make_op(OpKind::port_read));
    } else {
        uring.read(port_.fd.get(), room, make_op(OpKind::port_read));
    }
}

void HostLink::trim() { io::give_back_pages(input_.take_surplus()); }

}  // namespace pronto::agent
