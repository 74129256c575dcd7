// SPDX-License-Identifier: Apache-2.0
// The --json forms of what commands print. One object or array, on standard output, with a newline.
#pragma once

#include <span>
#include <string_view>

#include "cli/guest_record.hpp"
#include "cli/verdict.hpp"
#include "client/connection.hpp"

namespace pronto::cli {

/// Output that is UTF-8 goes out as text, other output as base64 under a key that says so.
void print_exec(const Outcome& outcome, std::string_view output, std::string_view errors);
void print_ping(std::string_view target, std::span<const Nanoseconds> times);
void print_guests(std::span<const GuestRecord> records);
void print_started(const GuestRecord& record, const client::GuestInfo& info);

}  // namespace pronto::cli
