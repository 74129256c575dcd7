// SPDX-License-Identifier: Apache-2.0
#include "cli/json_output.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/text.hpp"
#include "core/wire/control.hpp"

namespace pronto::cli {

namespace {

using json = nlohmann::ordered_json;

void print(const json& value) { fmt::print("{}\n", value.dump(2)); }

std::string base64(std::string_view text) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += 3) {
        std::uint32_t group = 0;
        for (std::size_t index = 0; index < 3; ++index) {
            const bool there = at + index < text.size();
            group = group << 8 | (there ? static_cast<std::uint8_t>(text[at + index]) : 0U);
        }
        const std::size_t present = std::min<std::size_t>(text.size() - at, 3);
        for (std::size_t index = 0; index < 4; ++index) {
            out += index <= present ? digits[group >> (18 - 6 * index) & 63] : '=';
        }
    }
    return out;
}

void put_stream(json& object, const std::string& key, std::string_view content) {
    if (is_utf8(as_bytes(content))) {
        object[key] = std::string(content);
    } else {
        object[key + "_base64"] = base64(content);
    }
}

json verdict_json(const wire::ExecExited& exited) {
    json object{{"code", exited.code}};
    if (!exited.has_verdict) return object;
    object["signal"] = exited.signal;
    object["core_dumped"] = exited.core_dumped;
    object["oom_killed"] = exited.oom_killed;
    object["output_open"] = exited.output_open;
    object["user_ns"] = exited.user_ns;
    object["system_ns"] = exited.system_ns;
    object["max_rss_bytes"] = exited.max_rss_bytes;
    object["stdout_bytes"] = exited.stdout_bytes;
    object["stderr_bytes"] = exited.stderr_bytes;
    object["received_ns"] = exited.received_ns;
    object["spawned_ns"] = exited.spawned_ns;
    object["first_byte_ns"] = exited.first_byte_ns;
    object["exited_ns"] = exited.exited_ns;
    return object;
}

json guest_json(const GuestRecord& record) {
    const GuestDirectory directory(record.name);
    json object{
        {"name", record.name}, {"state", name(state_of(record))}, {"backend", record.backend}};
    if (!record.accelerator.empty()) object["accelerator"] = record.accelerator;
    object["pid"] = record.guest.pid;
    object["relay_pid"] = record.relay.pid;
    object["started_unix_ms"] = record.started_unix_ms;
    object["boot_ns"] = record.boot_ns;
    object["socket"] = directory.socket_path();
    object["console_log"] = directory.console_log();
    return object;
}

}  // namespace

void print_exec(const Outcome& outcome, std::string_view output, std::string_view errors) {
    json object{{"exit_code", outcome.exit_code}, {"timed_out", outcome.timed_out}};
    if (!outcome.problem.empty()) object["problem"] = outcome.problem;
    if (outcome.pid != 0) object["pid"] = outcome.pid;
    put_stream(object, "stdout", output);
    put_stream(object, "stderr", errors);
    object["verdict"] = outcome.exited ? verdict_json(*outcome.exited) : json(nullptr);
    print(object);
}

void print_ping(std::string_view target, std::span<const Nanoseconds> times) {
    print({{"target", target}, {"round_trips_ns", times}});
}

void print_guests(std::span<const GuestRecord> records) {
    json list = json::array();
    for (const GuestRecord& record : records)
        list.push_back(guest_json(record));
    print(list);
}

void print_started(const GuestRecord& record, const client::GuestInfo& info) {
    json object = guest_json(record);
    object["generation"] = info.generation;
    object["agent_version"] = info.agent_version;
    json stages = json::object();
    for (std::size_t index = 0; index < info.stages_ns.size(); ++index) {
        stages[std::string(wire::name(static_cast<wire::BootStage>(index)))] =
            info.stages_ns[index];
    }
    if (!info.pronto_version.empty()) object["stages_ns"] = stages;
    print(object);
}

}  // namespace pronto::cli
