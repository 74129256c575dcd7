// SPDX-License-Identifier: Apache-2.0
// What PID 1 does before anything runs: file systems, device links, run directories, loopback. Each
// step is a row with a policy; what can be done without is a warning. Nothing is mounted over what
// is already there.
#pragma once

#include <sys/resource.h>

#include <array>

#include "core/units.hpp"
#include "core/wire/control.hpp"

namespace pronto::agent {

/// Times of the boot stages on the boot clock; 0: not reached.
using BootTimes = std::array<Nanoseconds, wire::boot_stage_count>;

void stamp(BootTimes& times, wire::BootStage stage);

/// Descriptors 0, 1 and 2 are open afterwards, on /dev/null where nothing else was given.
void ensure_standard_descriptors();

/// Whatever this process was started with: a signal ignored here would be ignored by every program.
void reset_signal_dispositions();

/// PID 1 only. Warnings go to the console; the first step that nothing works without is the error.
Status set_up_system(BootTimes& times);

/// Room for the descriptors of all sessions, for the agent alone: programs get the limit it had
/// before, returned here.
rlimit raise_own_descriptor_limit();

}  // namespace pronto::agent
