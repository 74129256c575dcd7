// SPDX-License-Identifier: Apache-2.0
// The clocks, read through the vDSO where there is one. Any thread.
#pragma once

#include <time.h>

#include "core/units.hpp"

namespace pronto::io {

inline Nanoseconds read_clock(clockid_t clock) {
    timespec now;
    clock_gettime(clock, &now);  // cannot fail for the clocks named below
    return static_cast<Nanoseconds>(now.tv_sec) * ns_per_s + static_cast<Nanoseconds>(now.tv_nsec);
}

/// For deadlines: never steps.
inline Nanoseconds monotonic_ns() { return read_clock(CLOCK_MONOTONIC); }
/// For stage times: counts from the kernel's start, suspension included.
inline Nanoseconds boottime_ns() { return read_clock(CLOCK_BOOTTIME); }

}  // namespace pronto::io
