// SPDX-License-Identifier: Apache-2.0
#include "relay/daemon/guest_source.hpp"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "io/clock.hpp"
#include "io/unix_socket.hpp"

namespace pronto::relay {

namespace {

constexpr Nanoseconds pause_min_ns = 5 * ns_per_ms;
constexpr Nanoseconds pause_max_ns = 100 * ns_per_ms;
/// A burst of output while we are busy elsewhere; what is not granted is no error.
constexpr int guest_socket_bytes = 1 * MiB;

/// The VMM has not got that far, or is between two starts.
bool not_yet(Error error) {
    switch (error.system_errno) {
        case ENOENT:        // no socket yet
        case ECONNREFUSED:  // a socket, and nobody listening
        case EAGAIN:        // its queue is full
            return true;
        default: return false;
    }
}

}  // namespace

Status GuestSource::open() {
    if (settings_.guest != GuestKind::listen) return {};
    return io::listen_unix(settings_.guest_path, listener_);
}

Status GuestSource::provide(Relay& relay, Nanoseconds& next_try_ns) {
    next_try_ns = never;
    if (!relay.wants_guest()) return {};
    switch (settings_.guest) {
        case GuestKind::connect: return connect(relay, next_try_ns);
        case GuestKind::descriptor:
            if (spent_) return {Code::closed};
            spent_ = true;
            if (Status set = io::set_nonblocking(settings_.guest_fd); !set.ok()) return set;
            relay.attach_guest(io::OwnedFd(settings_.guest_fd));
            return {};
        case GuestKind::listen:
            if (arrived_.valid()) {
                io::grow_buffers(arrived_.get(), guest_socket_bytes);
                relay.attach_guest(std::move(arrived_));
            } else if (!accepting_) {
                accepting_ = true;
                relay.uring().accept(listener_.get(), {accept_kind, 0, 0});
            }
            return {};
    }
    PRONTO_UNREACHABLE();
}

Status GuestSource::connect(Relay& relay, Nanoseconds& next_try_ns) {
    const Nanoseconds now_ns = io::monotonic_ns();
    next_try_ns = try_at_ns_;
    if (now_ns < try_at_ns_) return {};
    io::OwnedFd guest;
    const Status connected = io::connect_unix(settings_.guest_path, guest);
    pause_ns_ = std::clamp(2 * pause_ns_, pause_min_ns, pause_max_ns);
    try_at_ns_ = now_ns + pause_ns_;
    next_try_ns = try_at_ns_;
    if (!connected.ok()) return not_yet(connected) ? Status{} : connected;
    io::grow_buffers(guest.get(), guest_socket_bytes);
    relay.attach_guest(std::move(guest));
    next_try_ns = never;
    return {};
}

void GuestSource::on_accept(std::int32_t result) {
    accepting_ = false;
    if (result >= 0) arrived_ = io::OwnedFd(result);
}

void GuestSource::close() {
    if (listener_.valid()) (void)io::remove_socket(settings_.guest_path);
    listener_.reset();
}

}  // namespace pronto::relay
