// SPDX-License-Identifier: Apache-2.0
#include "relay/listener.hpp"

#include <errno.h>

#include <utility>

#include "io/unix_socket.hpp"

namespace pronto::relay {

void Listener::close() {
    if (closed_) return;
    closed_ = true;
    if (!fd_.valid()) return;
    // Ends the accept that is under way; the descriptor goes when that has completed.
    io::shut_down(fd_.get());
    if (!accepting_) fd_.reset();
}

void Listener::arm() {
    if (accepting_ || closed_ || !fd_.valid()) return;
    if (context_.now_ns < back_off_until_ns_) {
        context_.wake_by(back_off_until_ns_);
        return;
    }
    accepting_ = true;
    context_.uring.accept(fd_.get(), make_op(OpKind::listener_accept));
}

void Listener::on_accept(std::int32_t result) {
    accepting_ = false;
    io::OwnedFd client(result >= 0 ? result : -1);
    if (closed_) {
        fd_.reset();
        return;
    }
    if (client.valid()) {
        admit(std::move(client));
        return;
    }
    // The connection was given up before we came to it, or we were interrupted: just the next one.
    if (result == -ECONNABORTED || result == -EINTR || result == -EAGAIN) return;
    // Out of descriptors or memory: trying at once would only fail again, hot.
    context_.counters.add(Counter::accept_failures);
    context_.emit({.kind = EventKind::accept_failed, .error = system_error(-result)});
    back_off_until_ns_ = context_.now_ns + accept_backoff;
}

void Listener::admit(io::OwnedFd client) {
    const Result<uid_t> user = io::peer_user(client.get());
    if (!user.ok() || (user.value() != context_.options.user && user.value() != 0)) {
        refuse(Counter::clients_refused_user, {Code::bad_argument});
        return;
    }
    const std::uint32_t slot = clients_.take(std::move(client));
    if (slot == slot_none) {
        // Closed without a word, which is what released clients understand.
        refuse(Counter::clients_refused_full, {Code::limit});
        return;
    }
    context_.counters.add(Counter::clients_accepted);
    context_.counters.raise(Counter::clients_open_high, clients_.connected_count());
    if (context_.guest.ready) output_.greet(slot);
}

void Listener::refuse(Counter counter, Error error) {
    context_.counters.add(counter);
    context_.emit({.kind = EventKind::client_refused, .error = error});
}

}  // namespace pronto::relay
