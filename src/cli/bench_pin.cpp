// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_pin.hpp"

namespace pronto::cli {

PinnedEnds::PinnedEnds() {
    if (sched_getaffinity(0, sizeof all_, &all_) != 0 || CPU_COUNT(&all_) < 2) return;
    cpu_set_t near;
    CPU_ZERO(&near);
    CPU_ZERO(&far_);
    for (int cpu = 0; CPU_COUNT(&far_) == 0; ++cpu) {
        if (!CPU_ISSET(cpu, &all_)) continue;
        CPU_SET(cpu, CPU_COUNT(&near) == 0 ? &near : &far_);
    }
    possible_ = sched_setaffinity(0, sizeof near, &near) == 0;
}

PinnedEnds::~PinnedEnds() {
    if (possible_) sched_setaffinity(0, sizeof all_, &all_);
}

void PinnedEnds::place_other_end(pid_t thread) {
    if (possible_) sched_setaffinity(thread, sizeof far_, &far_);
}

void PinnedEnds::release_other_end(pid_t thread) {
    if (possible_) sched_setaffinity(thread, sizeof all_, &all_);
}

}  // namespace pronto::cli
