// SPDX-License-Identifier: Apache-2.0
#include "relay/client_table.hpp"

#include <utility>

namespace pronto::relay {

void ClientTable::attach(const IdRanges& ranges, Bytes memory) {
    PRONTO_ASSERT(memory.size() >= memory_bytes);
    ranges_ = ranges;
    for (std::uint32_t slot = 0; slot < ranges_.count(); ++slot) {
        const Bytes own = memory.subspan(slot * memory_bytes_per_client, memory_bytes_per_client);
        clients_[slot].backlog.attach(own.first(backlog_bytes_max));
        clients_[slot].input.attach(own.subspan(backlog_bytes_max, align_up(input_bytes, 4 * KiB)));
        clients_[slot].sessions.attach(own.last(align_up(SessionSet::memory_bytes, 4 * KiB)));
        usable_.insert(slot);
    }
}

std::uint32_t ClientTable::take(io::OwnedFd fd) {
    const std::uint32_t slot = usable_.next(0);
    if (slot == clients_max) return slot_none;
    usable_.erase(slot);
    Client& client = clients_[slot];
    PRONTO_ASSERT(client.state == ClientState::free);
    PRONTO_ASSERT(client.operations == 0);
    client.state = ClientState::waiting;
    client.fd = std::move(fd);
    connected.insert(slot);
    unarmed.insert(slot);
    return slot;
}

void ClientTable::give_back(std::uint32_t slot) {
    Client& client = clients_[slot];
    PRONTO_ASSERT(client.state == ClientState::departed);
    PRONTO_ASSERT(client.operations == 0);
    PRONTO_ASSERT(!client.input.sending());
    client.fd.reset();
    client.backlog.truncate(0);
    client.input.reset();
    client.sessions.clear();
    client.state = ClientState::free;
    client.greeted = client.mid_frame = client.told = client.held_in_vain = false;
    client.cleaned = client.fenced = client.reply_under_way = false;
    ++client.generation;
    client.credit_bytes = client.reply_bytes = 0;
    client.frame_bytes = 0;
    client.hold_again_ns = 0;
    client.partial_deadline_ns = client.stall_deadline_ns = client.hold_deadline_ns = never;
    client.linger_deadline_ns = client.lease_deadline_ns = client.give_back_ns = never;
    departed.erase(slot);
    usable_.insert(slot);
}

}  // namespace pronto::relay
