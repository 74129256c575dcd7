// SPDX-License-Identifier: Apache-2.0
#include "relay/daemon/reporter.hpp"

#include <unistd.h>

#include "io/clock.hpp"
#include "io/write_whole.hpp"
#include "relay/daemon/line.hpp"

namespace pronto::relay {

namespace {

constexpr int standard_error = STDERR_FILENO;
constexpr std::string_view prefix = "pronto-relay: ";

std::string_view name(EventKind kind) {
    switch (kind) {
        case EventKind::guest_attached: return "guest_attached";
        case EventKind::guest_lost: return "guest_lost";
        case EventKind::guest_ready: return "guest_ready";
        case EventKind::guest_bad_length: return "guest_bad_length";
        case EventKind::bootstrap_sent: return "bootstrap_sent";
        case EventKind::client_open: return "client_open";
        case EventKind::client_closed: return "client_closed";
        case EventKind::client_cut: return "client_cut";
        case EventKind::client_refused: return "client_refused";
        case EventKind::frame_refused: return "frame_refused";
        case EventKind::accept_failed: return "accept_failed";
        case EventKind::shutting_down: return "shutting_down";
        case EventKind::ended: return "ended";
    }
    PRONTO_UNREACHABLE();
}

std::string_view name(Cause cause) {
    switch (cause) {
        case Cause::running: return "running";
        case Cause::boot_timeout: return "boot_timeout";
        case Cause::guest_closed: return "guest_closed";
        case Cause::guest_failed: return "guest_failed";
        case Cause::internal: return "internal";
        case Cause::no_guest: return "no_guest";
        case Cause::shutdown: return "shutdown";
        case Cause::shutdown_timeout: return "shutdown_timeout";
    }
    PRONTO_UNREACHABLE();
}

std::string_view sentence(Cause cause) {
    switch (cause) {
        case Cause::running: return "running";
        case Cause::boot_timeout:
            return "the guest did not say core.ready in time; look at its console, or raise "
                   "--boot-timeout";
        case Cause::guest_closed:
            return "the guest closed its connection; look at its console for why it stopped";
        case Cause::guest_failed:
            return "the connection to the guest broke or carried no frames; is --guest the agent's "
                   "port?";
        case Cause::internal: return "the event loop failed; is io_uring allowed for this user?";
        case Cause::no_guest:
            return "no guest came in time; is the path of --guest the one the VMM uses?";
        case Cause::shutdown: return "shut down";
        case Cause::shutdown_timeout:
            return "shut down; the guest was still there when its time was up";
    }
    PRONTO_UNREACHABLE();
}

}  // namespace

int exit_code(Cause cause) {
    return cause == Cause::shutdown || cause == Cause::shutdown_timeout ? 0 : 1;
}

void Reporter::notify(std::string_view line) {
    if (settings_.ready_fd >= 0) (void)io::write_whole(settings_.ready_fd, line);
}

void Reporter::listening() {
    started_ns_ = io::monotonic_ns();
    notify("listening\n");
    if (settings_.quiet) return;
    Line line;
    if (settings_.json) {
        (line << "{\"event\":\"listening\",\"socket\":").quoted(settings_.socket_path) << "}";
    } else {
        line << prefix << "listening on " << settings_.socket_path;
    }
    line.print(standard_error);
}

void Reporter::event(const Event& event) {
    if (event.kind == EventKind::guest_ready) notify("ready\n");
    if (event.kind == EventKind::ended && exit_code(static_cast<Cause>(event.value)) != 0 &&
        !settings_.json) {
        ended(static_cast<Cause>(event.value));
        return;
    }
    // A client can have frames refused as fast as it can send them: those are counted, not told.
    if (settings_.quiet || event.kind == EventKind::frame_refused) return;
    if (settings_.json) {
        json(event);
    } else {
        text(event);
    }
}

void Reporter::ended(Cause cause) {
    Line line;
    line << prefix << sentence(cause);
    line.print(standard_error);
}

void Reporter::json(const Event& event) {
    Line line;
    line << "{\"event\":\"" << name(event.kind)
         << "\",\"ms\":" << (io::monotonic_ns() - started_ns_) / ns_per_ms
         << ",\"client\":" << std::uint64_t{event.client};
    if (event.kind == EventKind::ended) {
        line << ",\"cause\":\"" << name(static_cast<Cause>(event.value)) << "\"";
    } else {
        line << ",\"value\":" << event.value;
    }
    if (!event.error.ok()) (line << ",\"error\":\"" << event.error) << "\"";
    line << "}";
    line.print(standard_error);
}

void Reporter::text(const Event& event) {
    Line line;
    line << prefix;
    switch (event.kind) {
        case EventKind::guest_ready:
            line << "guest ready after " << (io::monotonic_ns() - started_ns_) / ns_per_ms
                 << " ms, generation " << event.value;
            break;
        case EventKind::guest_lost:
            line << "the guest went away before it was ready; waiting for it again";
            break;
        case EventKind::guest_bad_length:
            line << "the guest sent a frame of impossible length, " << event.value
                 << " bytes skipped";
            break;
        case EventKind::bootstrap_sent: line << "the guest is silent: core.bootstrap sent"; break;
        case EventKind::client_cut:
            line << "client " << std::uint64_t{event.client} << " cut: " << event.error;
            break;
        case EventKind::client_refused:
            line << "client refused: "
                 << (event.error.code == Code::limit ? "all ranges are in use"
                                                     : "it runs as another user");
            break;
        case EventKind::accept_failed: line << "cannot accept a client: " << event.error; break;
        case EventKind::ended: line << sentence(static_cast<Cause>(event.value)); break;
        default: return;  // of no interest to a person
    }
    line.print(standard_error);
}

void Reporter::counters(const Counters<Counter>& counters, std::uint32_t clients) {
    Line line;
    line << "{\"clients\":" << std::uint64_t{clients};
    for (std::size_t index = 0; index < counter_names.size(); ++index) {
        line << ",\"" << counter_names[index] << "\":" << counters.get(static_cast<Counter>(index));
    }
    line << "}";
    line.print(standard_error);
}

void Reporter::failure(std::string_view what, std::string_view path, Error error) {
    Line line;
    line << prefix << what;
    if (!path.empty()) line << " " << path;
    line << ": " << error;
    line.print(standard_error);
}

}  // namespace pronto::relay
