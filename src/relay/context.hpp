// SPDX-License-Identifier: Apache-2.0
// What every part of the relay needs: its ring, options, counters, the time of this turn, and facts
// about the guest.
#pragma once

#include "io/uring.hpp"
#include "relay/options.hpp"
#include "relay/relay_counters.hpp"

namespace pronto::relay {

/// Kinds of the relay's operations. A quiet send completes only when it was not sent whole.
enum class OpKind : std::uint8_t {
    guest_receive,
    guest_send,
    guest_send_quiet,
    listener_accept,
    client_receive,
    client_hangup,
    client_send,
    client_send_quiet,
    cancelled,
    count_,
};
static_assert(static_cast<std::uint8_t>(OpKind::count_) < foreign_kind);

struct GuestFacts {
    bool ready = false;
    bool ours = false;                     ///< its ready says `pronto`
    bool credit = false;                   ///< it takes and gives credit
    std::uint8_t generation = 0;           ///< `v` of its ready
    std::uint32_t stdin_window_bytes = 0;  ///< 0: unlimited
    Bytes ready_frame;                     ///< as it came
};

constexpr Nanoseconds never = ~Nanoseconds{0};

struct Context {
    io::Uring uring;
    Options options;
    Counters<Counter> counters;
    GuestFacts guest;
    Nanoseconds now_ns = 0;
    /// The earliest deadline anybody asked for; may be earlier than any that still stands.
    Nanoseconds wake_at_ns = never;
    /// Something can go on without any completion: enter, but do not wait.
    bool more_work = false;

    void wake_by(Nanoseconds deadline_ns) {
        if (deadline_ns < wake_at_ns) wake_at_ns = deadline_ns;
    }
    void emit(const Event& event) const {
        if (options.on_event != nullptr) options.on_event(options.context, event);
    }
};

inline io::Op make_op(OpKind kind, std::uint32_t slot = 0, std::uint32_t generation = 0) {
    return {static_cast<std::uint8_t>(kind), slot, generation};
}

}  // namespace pronto::relay
