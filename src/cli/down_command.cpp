// SPDX-License-Identifier: Apache-2.0
#include "cli/down_command.hpp"

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/guest.hpp"

namespace pronto::cli {

int down_command(const DownOptions& options) {
    const GuestDirectory guest(options.name);
    const std::optional<GuestLock> lock = GuestLock::open(guest);
    if (!lock)
        fail(fmt::format("there is no guest \"{}\"", options.name),
             "`pronto ps` shows those there are");
    StopOptions stop;
    stop.window_ns =
        static_cast<Nanoseconds>(options.timeout_seconds * static_cast<double>(ns_per_s));
    switch (stop_guest(guest, stop)) {
        case Stopped::by_itself: fmt::print("{} is stopped\n", options.name); break;
        case Stopped::by_force:
            note(fmt::format("\"{}\" did not shut down within {} s and was killed", options.name,
                             options.timeout_seconds));
            break;
        case Stopped::was_dead:
            note(fmt::format("\"{}\" was dead; it is cleaned up", options.name));
            break;
    }
    return 0;
}

}  // namespace pronto::cli
