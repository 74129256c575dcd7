// SPDX-License-Identifier: Apache-2.0
// What is remembered of a guest between commands, in its meta.json.
#pragma once

#include <optional>
#include <string>

#include "cli/process.hpp"
#include "cli/state.hpp"

namespace pronto::cli {

struct GuestRecord {
    std::string name;
    std::string backend;
    std::string accelerator;  ///< of a VM: "kvm" or "tcg"
    ProcessName guest;        ///< the VM, or the agent itself
    ProcessName relay;
    std::uint64_t started_unix_ms = 0;
    Nanoseconds boot_ns = 0;  ///< from the start of its process to ready
    bool ready = false;
};

enum class GuestState : std::uint8_t { starting, ready, dead };
std::string_view name(GuestState state);

/// Written to a new file that then takes the old one's place: a reader sees one or the other.
void write_record(const GuestDirectory& guest, const GuestRecord& record);
/// Empty when there is none, or it cannot be understood.
std::optional<GuestRecord> read_record(const GuestDirectory& guest);

/// Looks at the processes.
GuestState state_of(const GuestRecord& record);

}  // namespace pronto::cli
