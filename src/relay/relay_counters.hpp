// SPDX-License-Identifier: Apache-2.0
// What the relay counts. Names are stable: they are read by scripts.
#pragma once

#include "core/counters.hpp"

namespace pronto::relay {

enum class Counter : std::uint8_t {
    clients_accepted,
    clients_refused_full,
    clients_refused_user,
    clients_cut,  ///< for a bad length, a half frame, or not reading
    clients_open_high,
    guest_bytes_in,
    guest_frames_in,
    guest_bytes_out,
    guest_frames_out,  ///< of clients; the relay's own are control_frames_out
    control_frames_out,
    control_lane_high_bytes,
    client_bytes_out,     ///< taken by client sockets
    client_sends_short,   ///< sends that a socket did not take whole
    client_bytes_copied,  ///< set aside because of that
    backlog_high_bytes,
    ring_high_bytes,
    frames_refused,      ///< answered with core.error
    dropped_bad_length,  ///< guest frames, by reason
    dropped_departed,
    dropped_no_range,
    dropped_unaddressed,  ///< id 0 after boot, and not for the relay
    dropped_early,        ///< before ready, and not understood
    dropped_foreign,      ///< for a range that nobody holds
    bytes_lost,           ///< of those with a bad length
    credit_bytes_returned,
    guest_holds,  ///< times the guest waited for a reading client
    leases_fenced,
    leases_timed_out,
    accept_failures,
    count_,
};

constexpr CounterNames<Counter> counter_names{
    "clients_accepted",      "clients_refused_full", "clients_refused_user",    "clients_cut",
    "clients_open_high",     "guest_bytes_in",       "guest_frames_in",         "guest_bytes_out",
    "guest_frames_out",      "control_frames_out",   "control_lane_high_bytes", "client_bytes_out",
    "client_sends_short",    "client_bytes_copied",  "backlog_high_bytes",      "ring_high_bytes",
    "frames_refused",        "dropped_bad_length",   "dropped_departed",        "dropped_no_range",
    "dropped_unaddressed",   "dropped_early",        "dropped_foreign",         "bytes_lost",
    "credit_bytes_returned", "guest_holds",          "leases_fenced",           "leases_timed_out",
    "accept_failures",
};
static_assert(names_are_complete(counter_names));

}  // namespace pronto::relay
