// SPDX-License-Identifier: Apache-2.0
#include "io/uring_fault.hpp"

#ifdef PRONTO_DEEP_CHECKS

# include <errno.h>

# include <array>

# include <liburing.h>

namespace pronto::io::fault {

namespace {

// Operations turned into failures, until their completion carries the error to their owner.
struct Pending {
    std::uint64_t user_data;
    std::int32_t error;
};
std::array<Pending, 64> pending_failures;
std::uint32_t pending_count = 0;
std::uint64_t state = 1;
std::uint32_t one_in = 0;
std::uint64_t total = 0;

std::uint64_t next_random() {
    // splitmix64
    std::uint64_t value = (state += 0x9e37'79b9'7f4a'7c15);
    value = (value ^ (value >> 30)) * 0xbf58'476d'1ce4'e5b9;
    value = (value ^ (value >> 27)) * 0x94d0'49bb'1331'11eb;
    return value ^ (value >> 31);
}

void fail_instead(io_uring_sqe* entry, std::int32_t error) {
    const std::uint64_t user_data = entry->user_data;
    io_uring_prep_nop(entry);
    entry->user_data = user_data;
    entry->flags = 0;
    entry->buf_index = 0;
    pending_failures[pending_count++] = {user_data, error};
}

}  // namespace

void inject(std::uint64_t seed, std::uint32_t rarity) {
    state = seed;
    one_in = rarity;
}

std::uint64_t injected() { return total; }

void at_preparation(io_uring_sqe* entry) {
    if (one_in == 0 || next_random() % one_in != 0) return;
    ++total;
    const bool room = pending_count < pending_failures.size();
    switch (next_random() % 3) {
        case 0:
            if (room) fail_instead(entry, -EAGAIN);
            return;
        case 1:
            if (room) fail_instead(entry, -EINTR);
            return;
        default:
            // Gather operations keep their count: `len` is a number of parts there.
            if (entry->opcode == IORING_OP_READ || entry->opcode == IORING_OP_WRITE ||
                entry->opcode == IORING_OP_RECV) {
                if (entry->len > 1)
                    entry->len = 1 + static_cast<std::uint32_t>(next_random() % (entry->len - 1));
            } else if (entry->opcode == IORING_OP_WRITEV && entry->len > 1) {
                entry->len = 1;
            }
    }
}

std::int32_t at_completion(std::uint64_t user_data, std::int32_t result) {
    for (std::uint32_t index = 0; index < pending_count; ++index) {
        if (pending_failures[index].user_data != user_data) continue;
        const std::int32_t error = pending_failures[index].error;
        pending_failures[index] = pending_failures[--pending_count];
        return error;
    }
    return result;
}

}  // namespace pronto::io::fault

#endif
