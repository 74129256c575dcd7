// SPDX-License-Identifier: Apache-2.0
// The sessions a client has open in the guest: what must be killed when it leaves, what the guest
// may still answer, and how much stdin each has under way. One thread.
#pragma once

#include "core/bytes.hpp"
#include "core/id_table.hpp"
#include "relay/relay_limits.hpp"

namespace pronto::relay {

enum class SessionKind : std::uint8_t {
    exec,
    other,       ///< files, TCP
    stray_exec,  ///< over for the client (core.error), but a process may still run
    stray,       ///< over for the client, but the guest may not know yet
};

class SessionSet {
    struct Columns {
        IdTable<client_sessions_max> table;
        std::array<std::uint32_t, client_sessions_max> ids;
        std::array<std::uint32_t, client_sessions_max> stdin_bytes;
        std::array<SessionKind, client_sessions_max> kinds;
    };

  public:
    static constexpr std::size_t memory_bytes = sizeof(Columns);
    static constexpr std::size_t memory_alignment = alignof(Columns);

    /// The memory is touched with the first session: most of a relay's clients never come.
    void attach(Bytes memory);

    enum class Opened : std::uint8_t { yes, already_open, full };

    /// A stray id may be opened again, and gives its place up when there is no other. So may one of
    /// files and TCP: the guest may have refused it without a word.
    Opened open(std::uint32_t id, SessionKind kind);
    void close(std::uint32_t id);
    /// The client takes the session for closed, the guest may not.
    void make_stray(std::uint32_t id);
    void clear();

    bool contains(std::uint32_t id) const { return find(id) != slot_none; }
    std::uint32_t count() const { return columns_ == nullptr ? 0 : columns_->table.count(); }
    std::uint32_t count(SessionKind kind) const { return counts_[static_cast<std::size_t>(kind)]; }

    std::uint32_t id_at(std::uint32_t index) const { return columns_->ids[index]; }
    SessionKind kind_at(std::uint32_t index) const { return columns_->kinds[index]; }
    bool is_exec(std::uint32_t id) const;

    /// Wire bytes of stdin under way; null when the id is no open exec session.
    std::uint32_t* stdin_under_way(std::uint32_t id);

  private:
    std::uint32_t find(std::uint32_t id) const;
    void remove(std::uint32_t index);
    void set_kind(std::uint32_t index, SessionKind kind);
    bool evict_stray();

    Bytes memory_;
    Columns* columns_ = nullptr;  ///< in `memory_`, from the first session on
    std::array<std::uint32_t, 4> counts_{};
};

}  // namespace pronto::relay
