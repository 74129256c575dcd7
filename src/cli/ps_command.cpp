// SPDX-License-Identifier: Apache-2.0
#include "cli/ps_command.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "cli/json_output.hpp"

namespace pronto::cli {

namespace {

std::string uptime(const GuestRecord& record) {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    const auto seconds =
        std::max<std::int64_t>(now.count() - static_cast<std::int64_t>(record.started_unix_ms), 0) /
        1000;
    if (seconds < 60) return fmt::format("{} s", seconds);
    if (seconds < 3600) return fmt::format("{} min", seconds / 60);
    if (seconds < 48 * 3600) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
    return fmt::format("{} days", seconds / 86400);
}

}  // namespace

int ps_command(const PsOptions& options) {
    std::vector<GuestRecord> records;
    for (const std::string& name : guest_names()) {
        const std::optional<GuestRecord> record = read_record(GuestDirectory(name));
        // Between the making of its directory and its first record there is only a name.
        records.push_back(record.value_or(GuestRecord{}));
        records.back().name = name;
    }
    if (options.json) {
        print_guests(records);
        return 0;
    }
    std::size_t name_width = 4;
    for (const GuestRecord& record : records)
        name_width = std::max(name_width, record.name.size());
    fmt::print("{:<{}}  {:<9}  {:<8}  {:>7}  {:<10}  {}\n", "NAME", name_width, "BACKEND", "STATE",
               "PID", "UPTIME", "SOCKET");
    for (const GuestRecord& record : records) {
        const GuestState state = state_of(record);
        fmt::print("{:<{}}  {:<9}  {:<8}  {:>7}  {:<10}  {}\n", record.name, name_width,
                   record.backend, name(state), record.guest.pid,
                   state == GuestState::dead ? "-" : uptime(record),
                   GuestDirectory(record.name).socket_path());
    }
    return 0;
}

}  // namespace pronto::cli
