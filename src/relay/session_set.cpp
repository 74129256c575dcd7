// SPDX-License-Identifier: Apache-2.0
#include "relay/session_set.hpp"

namespace pronto::relay {

namespace {
std::size_t place(SessionKind kind) { return static_cast<std::size_t>(kind); }
bool is_stray(SessionKind kind) {
    return kind == SessionKind::stray || kind == SessionKind::stray_exec;
}
}  // namespace

SessionSet::Opened SessionSet::open(std::uint32_t id, SessionKind kind) {
    std::uint32_t index = table_.find(id);
    if (index != slot_none) {
        if (kinds_[index] == SessionKind::exec) return Opened::already_open;
        remove(index);
    }
    if (table_.count() == client_sessions_max && !evict_stray()) return Opened::full;
    index = table_.count();
    table_.insert(id, index);
    ids_[index] = id;
    kinds_[index] = kind;
    stdin_bytes_[index] = 0;
    ++counts_[place(kind)];
    return Opened::yes;
}

void SessionSet::close(std::uint32_t id) {
    const std::uint32_t index = table_.find(id);
    if (index != slot_none) remove(index);
}

void SessionSet::make_stray(std::uint32_t id) {
    const std::uint32_t index = table_.find(id);
    if (index == slot_none || is_stray(kinds_[index])) return;
    set_kind(index,
             kinds_[index] == SessionKind::exec ? SessionKind::stray_exec : SessionKind::stray);
}

void SessionSet::clear() {
    while (count() > 0)
        remove(count() - 1);
}

bool SessionSet::is_exec(std::uint32_t id) const {
    const std::uint32_t index = table_.find(id);
    if (index == slot_none) return false;
    return kinds_[index] == SessionKind::exec || kinds_[index] == SessionKind::stray_exec;
}

std::uint32_t* SessionSet::stdin_under_way(std::uint32_t id) {
    const std::uint32_t index = table_.find(id);
    if (index == slot_none || kinds_[index] != SessionKind::exec) return nullptr;
    return &stdin_bytes_[index];
}

// The last one takes the place, so that the columns stay dense.
void SessionSet::remove(std::uint32_t index) {
    PRONTO_ASSERT(index < table_.count());
    const std::uint32_t last = table_.count() - 1;
    --counts_[place(kinds_[index])];
    table_.erase(ids_[index]);
    if (index == last) return;
    table_.erase(ids_[last]);
    table_.insert(ids_[last], index);
    ids_[index] = ids_[last];
    kinds_[index] = kinds_[last];
    stdin_bytes_[index] = stdin_bytes_[last];
}

void SessionSet::set_kind(std::uint32_t index, SessionKind kind) {
    --counts_[place(kinds_[index])];
    kinds_[index] = kind;
    ++counts_[place(kind)];
}

bool SessionSet::evict_stray() {
    if (count(SessionKind::stray) + count(SessionKind::stray_exec) == 0) return false;
    for (std::uint32_t index = 0; index < count(); ++index) {
        if (!is_stray(kinds_[index])) continue;
        remove(index);
        return true;
    }
    PRONTO_UNREACHABLE();
}

}  // namespace pronto::relay
