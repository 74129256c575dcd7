// SPDX-License-Identifier: Apache-2.0
#include "cli/up_command.hpp"

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/guest.hpp"
#include "cli/json_output.hpp"
#include "cli/target.hpp"

namespace pronto::cli {

namespace {

double milliseconds(Nanoseconds span) {
    return static_cast<double>(span) / static_cast<double>(ns_per_ms);
}

void print_stages(const client::GuestInfo& info) {
    if (info.pronto_version.empty()) {
        fmt::print("  {:<10} {:9.3f} ms in the guest\n", "init", milliseconds(info.init_time_ns));
        return;
    }
    const Nanoseconds begin = info.stages_ns.front();
    for (std::size_t index = 0; index < info.stages_ns.size(); ++index) {
        const auto stage = wire::name(static_cast<wire::BootStage>(index));
        const Nanoseconds at = info.stages_ns[index];
        if (at >= begin) fmt::print("  {:<10} +{:8.3f} ms\n", stage, milliseconds(at - begin));
    }
}

}  // namespace

int up_command(const UpOptions& options) {
    const GuestDirectory guest(options.name);
    const Signals signals;
    const GuestLock lock = GuestLock::create(guest);
    clear_way(guest);
    const GuestRecord record = start_guest(options.guest, guest, signals);
    client::Connection connection;
    if (options.json || options.verbose) connect(connection, {options.name, {}});
    if (options.json) {
        print_started(record, connection.guest());
        return 0;
    }
    fmt::print("{} is ready after {:.1f} ms ({}{}{})\n", record.name, milliseconds(record.boot_ns),
               record.backend, record.accelerator.empty() ? "" : ", ", record.accelerator);
    if (options.verbose) {
        fmt::print("times of the agent, from its first instruction:\n");
        print_stages(connection.guest());
    }
    fmt::print("{}\n", guest.socket_path());
    return 0;
}

}  // namespace pronto::cli
