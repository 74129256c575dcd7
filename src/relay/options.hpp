// SPDX-License-Identifier: Apache-2.0
// What an embedder sets, and what it hears. The relay itself prints nothing.
#pragma once

#include <sys/types.h>

#include "core/error.hpp"
#include "relay/relay_limits.hpp"

namespace pronto::io {
struct Completion;
}

namespace pronto::relay {

/// What a client is told first: its range in two words, or its offset in one as releases before
/// 0.5.0 expect.
enum class Greeting : std::uint8_t { range, legacy };

/// Guests from 0.6.10 on wait for core.bootstrap; it kills older ones. `automatic` sends it after a
/// long silence.
enum class Bootstrap : std::uint8_t { automatic, never };

enum class EventKind : std::uint8_t {
    guest_attached,
    guest_lost,        ///< before ready; another guest may be attached
    guest_ready,       ///< value: generation
    guest_bad_length,  ///< value: bytes skipped
    bootstrap_sent,
    client_open,
    client_closed,
    client_cut,      ///< error: why
    client_refused,  ///< error: `limit` or `bad_argument` (another user)
    frame_refused,   ///< error: why
    accept_failed,   ///< error: errno
    shutting_down,
    ended,  ///< value: Cause
};

struct Event {
    EventKind kind = EventKind::ended;
    std::uint32_t client = 0;
    std::uint64_t value = 0;
    Error error = {};
};

/// Why the relay ended.
enum class Cause : std::uint8_t {
    running,           ///< it has not
    boot_timeout,      ///< a guest was there and did not get ready in time
    guest_closed,      ///< after ready, unasked; or before, where no other guest can come
    guest_failed,      ///< its stream broke or made no sense
    internal,          ///< a system call of the loop failed
    no_guest,          ///< none was attached before the boot deadline
    shutdown,          ///< asked for, and the guest went
    shutdown_timeout,  ///< asked for; the guest used up its window
};

struct Options {
    Greeting greeting = Greeting::range;
    Bootstrap bootstrap = Bootstrap::automatic;
    std::uint32_t client_budget_bytes = client_budget_default;
    Nanoseconds boot_timeout_ns = boot_timeout_default;
    Nanoseconds stall_timeout_ns = stall_timeout_default;
    Nanoseconds shutdown_window_ns = shutdown_window_default;
    Nanoseconds quarantine_ns = quarantine;
    Nanoseconds partial_frame_timeout_ns = partial_frame_timeout;
    Nanoseconds bootstrap_silence_ns = bootstrap_silence;
    /// A guest that is lost before it was ready may be replaced by `attach_guest`.
    bool guest_replaceable = false;
    /// Besides root, the only user who may connect.
    uid_t user = 0;

    /// Called from within `turn`; must not call back into the relay, save for `request_shutdown`.
    void* context = nullptr;
    void (*on_event)(void* context, const Event& event) = nullptr;
    /// Completions of operations that the embedder put on the relay's ring, kinds from
    /// `foreign_kind` on.
    void (*on_completion)(void* context, const io::Completion& completion) = nullptr;
};

constexpr std::uint8_t foreign_kind = 0x80;

}  // namespace pronto::relay
