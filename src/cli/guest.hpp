// SPDX-License-Identifier: Apache-2.0
// The life of a guest: started with its relay until it is ready, stopped until nothing of it is
// left.
#pragma once

#include "cli/guest_options.hpp"
#include "cli/guest_record.hpp"
#include "cli/signals.hpp"

namespace pronto::cli {

/// Removes what a dead guest of this name has left; throws when there is a live one.
void clear_way(const GuestDirectory& guest);

/// Starts guest and relay and waits for ready. Throws, with nothing left behind, when it does not
/// get there. Precondition: the caller holds the guest's lock and there is no live guest of this
/// name; `clear_way` sees to it.
GuestRecord start_guest(const GuestOptions& options, const GuestDirectory& guest,
                        const Signals& signals);

struct StopOptions {
    Nanoseconds window_ns = 10 * ns_per_s;  ///< how long it may take to shut down by itself
    bool quiet = false;
};

enum class Stopped : std::uint8_t { by_itself, by_force, was_dead };

/// Stops what lives and removes the guest's directory. Precondition: the caller holds its lock.
Stopped stop_guest(const GuestDirectory& guest, const StopOptions& options);

}  // namespace pronto::cli
