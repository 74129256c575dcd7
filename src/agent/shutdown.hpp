// SPDX-License-Identifier: Apache-2.0
// The way down: TERM to everybody, a grace period, KILL, sync, unmount, power off. Driven by the
// loop, never by a sleep.
#pragma once

#include "core/units.hpp"

namespace pronto::agent {

class Shutdown {
  public:
    enum class Step : std::uint8_t {
        idle,
        terminate,  ///< programs were asked to end
        kill,       ///< programs were made to end
        done,       ///< nothing is left to wait for
    };

    /// `alone`: this process is PID 1 and every other process is its to end.
    void begin(Nanoseconds now_ns, bool alone);
    /// Goes on when children are gone or a deadline passed; `work_left`: sessions whose end the
    /// host has yet to hear of. Call once a turn while not idle.
    void advance(Nanoseconds now_ns, bool work_left);

    Step step() const { return step_; }
    bool running() const { return step_ != Step::idle; }
    Nanoseconds deadline() const { return step_ == Step::done ? 0 : deadline_ns_; }

  private:
    Step step_ = Step::idle;
    Nanoseconds deadline_ns_ = 0;
    bool alone_ = false;
};

/// Syncs, unmounts what can be unmounted, makes the rest read-only, and ends the machine. Returns
/// only when it could not.
void power_off();

}  // namespace pronto::agent
