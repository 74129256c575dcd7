// SPDX-License-Identifier: Apache-2.0
#include "agent/output_arena.hpp"

#include <algorithm>

#include "io/memory.hpp"

namespace pronto::agent {

Status OutputArena::open(io::Uring& uring) {
    memory_ = io::reserve(stride * limits::output_slots);
    if (memory_.empty()) return {Code::limit, 0};
    deferred_ = uring.deferred();
    return ring_.open(uring, group, limits::output_slots);
}

void OutputArena::replenish() {
    while (posted_ < posted_max) {
        const std::uint32_t index = free_.take();
        if (index == slot_none) break;
        ring_.post(slot(index).subspan(limits::output_headroom_bytes),
                   static_cast<std::uint16_t>(index));
        is_posted_[index] = true;
        ++posted_;
    }
    ring_.publish();
}

void OutputArena::taken(std::uint32_t slot) {
    PRONTO_ASSERT(posted_ > 0);
    PRONTO_ASSERT(slot < limits::output_slots);
    PRONTO_ASSERT(is_posted_[slot]);
    is_posted_[slot] = false;
    --posted_;
    touched_max_ = std::max(touched_max_, slot + 1);
}

void OutputArena::give_back(std::uint32_t slot) { free_.give_back(slot); }

Bytes OutputArena::slot(std::uint32_t index) const {
    PRONTO_ASSERT(index < limits::output_slots);
    return memory_.subspan(index * stride, stride);
}

void OutputArena::trim() {
    PRONTO_ASSERT(all_free());
    // Where the kernel fills posted slots at any moment, one may hold data whose completion was not
    // reaped yet; with deferred work it does so only inside our own call, and everything was reaped
    // before.
    for (std::uint32_t index = 0; index < touched_max_; ++index) {
        if (deferred_ || !is_posted_[index]) io::give_back_pages(slot(index));
    }
    touched_max_ = 0;
}

}  // namespace pronto::agent
