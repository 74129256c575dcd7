// SPDX-License-Identifier: Apache-2.0
// Keeps the two ends of a round trip on two processors, the same ones for the floor and for what is
// measured: two ends that happen to share one are four times as fast, which says nothing about
// either.
#pragma once

#include <sched.h>
#include <sys/types.h>

namespace pronto::cli {

class PinnedEnds {
  public:
    /// Moves the calling thread to the first processor it may use. Does nothing where there is only
    /// one.
    PinnedEnds();
    /// Gives the thread its processors back.
    ~PinnedEnds();
    PinnedEnds(const PinnedEnds&) = delete;
    PinnedEnds& operator=(const PinnedEnds&) = delete;

    /// Moves a process or thread to the second one.
    void place_other_end(pid_t thread);
    /// Gives it all processors back.
    void release_other_end(pid_t thread);

  private:
    cpu_set_t all_{};
    cpu_set_t far_{};
    bool possible_ = false;
};

}  // namespace pronto::cli
