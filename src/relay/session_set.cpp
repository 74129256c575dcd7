// SPDX-License-Identifier: Apache-2.0
#include "relay/session_set.hpp"

#include <new>

namespace pronto::relay {

namespace {
std::size_t place(SessionKind kind) { return static_cast<std::size_t>(kind); }
bool is_stray(SessionKind kind) {
    return kind == SessionKind::stray || kind == SessionKind::stray_exec;
}
}  // namespace

void SessionSet::attach(Bytes memory) {
    PRONTO_ASSERT(columns_ == nullptr);
    PRONTO_ASSERT(memory.size() >= memory_bytes);
    PRONTO_ASSERT(reinterpret_cast<std::uintptr_t>(memory.data()) % memory_alignment == 0);
    memory_ = memory;
}

std::uint32_t SessionSet::find(std::uint32_t id) const {
    return columns_ == nullptr ? slot_none : columns_->table.find(id);
}

SessionSet::Opened SessionSet::open(std::uint32_t id, SessionKind kind) {
    // SAFETY: `attach` has checked size and alignment; the columns live as long as the memory.
    if (columns_ == nullptr) columns_ = new (memory_.data()) Columns;
    std::uint32_t index = find(id);
    if (index != slot_none) {
        if (columns_->kinds[index] == SessionKind::exec) return Opened::already_open;
        remove(index);
    }
    if (columns_->table.count() == client_sessions_max && !evict_stray()) return Opened::full;
    index = columns_->table.count();
    columns_->table.insert(id, index);
    columns_->ids[index] = id;
    columns_->kinds[index] = kind;
    columns_->stdin_bytes[index] = 0;
    ++counts_[place(kind)];
    return Opened::yes;
}

void SessionSet::close(std::uint32_t id) {
    const std::uint32_t index = find(id);
    if (index != slot_none) remove(index);
}

void SessionSet::make_stray(std::uint32_t id) {
    const std::uint32_t index = find(id);
    if (index == slot_none || is_stray(columns_->kinds[index])) return;
    set_kind(index, columns_->kinds[index] == SessionKind::exec ? SessionKind::stray_exec
                                                                : SessionKind::stray);
}

void SessionSet::clear() {
    while (count() > 0)
        remove(count() - 1);
}

bool SessionSet::is_exec(std::uint32_t id) const {
    const std::uint32_t index = find(id);
    if (index == slot_none) return false;
    return columns_->kinds[index] == SessionKind::exec ||
           columns_->kinds[index] == SessionKind::stray_exec;
}

std::uint32_t* SessionSet::stdin_under_way(std::uint32_t id) {
    const std::uint32_t index = find(id);
    if (index == slot_none || columns_->kinds[index] != SessionKind::exec) return nullptr;
    return &columns_->stdin_bytes[index];
}

// The last one takes the place, so that the columns stay dense.
void SessionSet::remove(std::uint32_t index) {
    PRONTO_ASSERT(index < columns_->table.count());
    const std::uint32_t last = columns_->table.count() - 1;
    --counts_[place(columns_->kinds[index])];
    columns_->table.erase(columns_->ids[index]);
    if (index == last) return;
    columns_->table.erase(columns_->ids[last]);
    columns_->table.insert(columns_->ids[last], index);
    columns_->ids[index] = columns_->ids[last];
    columns_->kinds[index] = columns_->kinds[last];
    columns_->stdin_bytes[index] = columns_->stdin_bytes[last];
}

void SessionSet::set_kind(std::uint32_t index, SessionKind kind) {
    --counts_[place(columns_->kinds[index])];
    columns_->kinds[index] = kind;
    ++counts_[place(kind)];
}

bool SessionSet::evict_stray() {
    if (count(SessionKind::stray) + count(SessionKind::stray_exec) == 0) return false;
    for (std::uint32_t index = 0; index < count(); ++index) {
        if (!is_stray(columns_->kinds[index])) continue;
        remove(index);
        return true;
    }
    PRONTO_UNREACHABLE();
}

}  // namespace pronto::relay
