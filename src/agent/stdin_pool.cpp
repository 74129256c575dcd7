// SPDX-License-Identifier: Apache-2.0
#include "agent/stdin_pool.hpp"

#include <algorithm>

#include "io/memory.hpp"

namespace pronto::agent {

Status StdinPool::open() {
    memory_ = io::reserve(limits::stdin_slot_bytes * limits::stdin_slots);
    return memory_.empty() ? Status{Code::limit, 0} : Status{};
}

bool StdinPool::append(Input& input, ByteView data) {
    // Any one frame may come while nothing is queued; the limit is for those behind it.
    const bool over = input.queued_bytes > limits::stdin_session_bytes_max ||
                      data.size() > limits::stdin_session_bytes_max - input.queued_bytes;
    if (over && input.queued_bytes > 0) return false;
    const std::size_t tail_room =
        input.tail == slot_none ? 0 : limits::stdin_slot_bytes - end_[input.tail];
    const std::size_t beyond = data.size() > tail_room ? data.size() - tail_room : 0;
    if ((beyond + limits::stdin_slot_bytes - 1) / limits::stdin_slot_bytes > free_.free_count())
        return false;

    input.queued_bytes += static_cast<std::uint32_t>(data.size());
    while (!data.empty()) {
        if (input.tail == slot_none || end_[input.tail] == limits::stdin_slot_bytes) {
            const std::uint32_t added = free_.take();
            next_[added] = slot_none;
            begin_[added] = end_[added] = 0;
            touched_max_ = std::max(touched_max_, added + 1);
            (input.tail == slot_none ? input.head : next_[input.tail]) = added;
            input.tail = added;
        }
        const std::size_t count =
            std::min(data.size(), limits::stdin_slot_bytes - end_[input.tail]);
        copy_bytes(slot(input.tail).subspan(end_[input.tail]), data.first(count));
        end_[input.tail] += static_cast<std::uint32_t>(count);
        data = data.subspan(count);
    }
    return true;
}

ByteView StdinPool::head(const Input& input) const {
    PRONTO_ASSERT(input.head != slot_none);
    return slot(input.head).subspan(begin_[input.head], end_[input.head] - begin_[input.head]);
}

void StdinPool::consume(Input& input, std::size_t byte_count) {
    const std::uint32_t first = input.head;
    PRONTO_ASSERT(first != slot_none);
    PRONTO_ASSERT(byte_count <= end_[first] - begin_[first]);
    begin_[first] += static_cast<std::uint32_t>(byte_count);
    input.queued_bytes -= static_cast<std::uint32_t>(byte_count);
    if (begin_[first] != end_[first]) return;
    input.head = next_[first];
    if (input.head == slot_none) input.tail = slot_none;
    free_.give_back(first);
}

std::uint32_t StdinPool::drop(Input& input) {
    const std::uint32_t kept = input.writing ? input.head : slot_none;
    std::uint32_t index = input.head;
    while (index != slot_none) {
        const std::uint32_t following = next_[index];
        if (index != kept) free_.give_back(index);
        index = following;
    }
    input.head = input.tail = slot_none;
    input.queued_bytes = 0;
    return kept;
}

void StdinPool::trim() {
    PRONTO_ASSERT(free_.used_count() == 0);
    io::give_back_pages(memory_);
    touched_max_ = 0;
}

}  // namespace pronto::agent
