// SPDX-License-Identifier: Apache-2.0
#include "cli/guest_record.hpp"

#include <fstream>

#include <nlohmann/json.hpp>

#include "cli/failure.hpp"

namespace pronto::cli {

namespace {

using nlohmann::json;

json process_json(ProcessName name) {
    return {{"pid", name.pid}, {"start_ticks", name.start_ticks}};
}

ProcessName process_name(const json& object) {
    return {object.value("pid", 0), object.value("start_ticks", std::uint64_t{0})};
}

}  // namespace

std::string_view name(GuestState state) {
    switch (state) {
        case GuestState::starting: return "starting";
        case GuestState::ready: return "ready";
        case GuestState::dead: return "dead";
    }
    PRONTO_UNREACHABLE();
}

void write_record(const GuestDirectory& guest, const GuestRecord& record) {
    const json object{{"name", record.name},
                      {"backend", record.backend},
                      {"accelerator", record.accelerator},
                      {"guest", process_json(record.guest)},
                      {"relay", process_json(record.relay)},
                      {"started_unix_ms", record.started_unix_ms},
                      {"boot_ns", record.boot_ns},
                      {"ready", record.ready}};
    const std::string next = guest.record_path() + ".next";
    std::ofstream file(next);
    file << object.dump(2) << '\n';
    file.close();
    std::error_code error;
    if (file) std::filesystem::rename(next, guest.record_path(), error);
    if (!file || error) fail("cannot write " + guest.record_path(), "is the disk full?");
}

std::optional<GuestRecord> read_record(const GuestDirectory& guest) {
    std::ifstream file(guest.record_path());
    const json object = json::parse(file, nullptr, false);
    if (!object.is_object()) return {};
    try {
        GuestRecord record;
        record.name = guest.name();
        record.backend = object.value("backend", "");
        record.accelerator = object.value("accelerator", "");
        record.guest = process_name(object.at("guest"));
        record.relay = process_name(object.at("relay"));
        record.started_unix_ms = object.value("started_unix_ms", std::uint64_t{0});
        record.boot_ns = object.value("boot_ns", std::uint64_t{0});
        record.ready = object.value("ready", false);
        return record;
    } catch (const json::exception&) {
        return {};
    }
}

GuestState state_of(const GuestRecord& record) {
    // A start that nobody is at any more will not be finished.
    if (!record.ready)
        return GuestLock::is_held(GuestDirectory(record.name)) ? GuestState::starting
                                                               : GuestState::dead;
    const bool lives = find_process(record.guest).valid() && find_process(record.relay).valid();
    return lives ? GuestState::ready : GuestState::dead;
}

}  // namespace pronto::cli
