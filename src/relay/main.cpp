// SPDX-License-Identifier: Apache-2.0
// The relay daemon's command line. Exit codes: 0 orderly, 1 the guest or the relay failed, 2 usage.
#include <unistd.h>

#include <charconv>
#include <new>
#include <string>  // NOLINT(banned): the option parser's type; start-up only

#include <CLI/CLI.hpp>

#include "io/memory.hpp"
#include "relay/daemon/daemon.hpp"

namespace {

namespace relay = pronto::relay;
using pronto::ns_per_s;

constexpr int usage_error = 2;

using Text = std::string;  // NOLINT(banned): the option parser's type; start-up only

struct CommandLine {
    Text guest;
    Text socket;
    Text handshake = "range";
    Text bootstrap = "auto";
    double boot_timeout_s = 180;
    double stall_timeout_s = 5;
    double shutdown_window_s = 5;
    std::uint32_t client_budget = relay::client_budget_default;
    int ready_fd = -1;
    bool json = false;
    bool quiet = false;
};

void describe(CLI::App& app, CommandLine& line) {
    app.set_version_flag("--version", "pronto-relay " PRONTO_VERSION);
    app.add_option("--guest", line.guest,
                   "Where the guest agent is: unix:PATH (connect, retried until the boot timeout), "
                   "unix-listen:PATH "
                   "(the VMM connects), fd:N (an open stream)")
        ->required();
    app.add_option("--socket", line.socket,
                   "Socket that clients connect to; mode 0600, removed at exit")
        ->required();
    app.add_option("--handshake", line.handshake,
                   "What clients are told first; legacy is for clients before 0.5.0")
        ->check(CLI::IsMember({"range", "legacy"}))
        ->capture_default_str();
    app.add_option("--bootstrap", line.bootstrap,
                   "Send core.bootstrap to a guest that stays silent")
        ->check(CLI::IsMember({"auto", "never"}))
        ->capture_default_str();
    app.add_option("--boot-timeout", line.boot_timeout_s, "Seconds until the guest must be ready")
        ->check(CLI::Range(0.001, 86400.0))
        ->capture_default_str();
    app.add_option("--stall-timeout", line.stall_timeout_s,
                   "Seconds a client may stay over its budget before it is cut")
        ->check(CLI::Range(0.001, 86400.0))
        ->capture_default_str();
    app.add_option("--shutdown-window", line.shutdown_window_s,
                   "Seconds the guest gets to shut down")
        ->check(CLI::Range(0.001, 86400.0))
        ->capture_default_str();
    app.add_option("--client-budget", line.client_budget,
                   "Bytes kept for a client that does not read")
        ->check(CLI::Range(std::uint32_t{4096}, std::uint32_t{relay::backlog_bytes_max}))
        ->capture_default_str();
    app.add_option("--ready-fd", line.ready_fd,
                   "Descriptor that is told \"listening\" and \"ready\", a line each");
    app.add_flag("--json", line.json, "Say what happens as JSON, a line each");
    app.add_flag("--quiet", line.quiet, "Say nothing but failures");
    app.footer(
        "SIGTERM asks the guest to shut down; a second one ends at once. SIGUSR1 prints counters.");
}

bool starts_with(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

bool parse_guest(std::string_view guest, relay::Settings& settings) {
    settings.guest_path = guest;
    if (starts_with(settings.guest_path, "unix:")) {
        settings.guest = relay::GuestKind::connect;
    } else if (starts_with(settings.guest_path, "unix-listen:")) {
        settings.guest = relay::GuestKind::listen;
    } else if (starts_with(settings.guest_path, "fd:")) {
        settings.guest = relay::GuestKind::descriptor;
        const char* end = settings.guest_path.data() + settings.guest_path.size();
        const auto parsed = std::from_chars(settings.guest_path.data(), end, settings.guest_fd);
        return parsed.ec == std::errc{} && parsed.ptr == end && settings.guest_fd >= 0;
    } else {
        return false;
    }
    return !settings.guest_path.empty();
}

pronto::Nanoseconds nanoseconds(double seconds) {
    return static_cast<pronto::Nanoseconds>(seconds * static_cast<double>(ns_per_s));
}

bool make_settings(const CommandLine& line, relay::Settings& settings) {
    settings.socket_path = line.socket;
    settings.ready_fd = line.ready_fd;
    settings.json = line.json;
    settings.quiet = line.quiet;
    relay::Options& options = settings.options;
    options.greeting =
        line.handshake == "legacy" ? relay::Greeting::legacy : relay::Greeting::range;
    options.bootstrap =
        line.bootstrap == "never" ? relay::Bootstrap::never : relay::Bootstrap::automatic;
    options.client_budget_bytes = line.client_budget;
    options.boot_timeout_ns = nanoseconds(line.boot_timeout_s);
    options.stall_timeout_ns = nanoseconds(line.stall_timeout_s);
    options.shutdown_window_ns = nanoseconds(line.shutdown_window_s);
    return parse_guest(line.guest, settings);
}

}  // namespace

int main(int argc, char** argv) {
    CommandLine line;
    CLI::App app("Serves the agent of one microVM to many clients over a Unix socket.",
                 "pronto-relay");
    describe(app, line);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : usage_error;
    }
    relay::Settings settings;
    if (!make_settings(line, settings)) {
        return app.exit(CLI::ValidationError("--guest",
                                             "must be unix:PATH, unix-listen:PATH or fd:N")) == 0
                   ? 0
                   : usage_error;
    }
    // Reserved instead of allocated: the relay is large, and mostly untouched.
    const pronto::Bytes memory = pronto::io::reserve(sizeof(relay::Daemon));
    if (memory.empty()) return 1;
    // SAFETY: page-aligned, large enough, and never unmapped.
    return (new (memory.data()) relay::Daemon(settings))->run();
}
