// SPDX-License-Identifier: Apache-2.0
// Frames from the host: each is handled or answered with core.error, and none of them can end the
// agent.
#include <time.h>

#include "agent/agent.hpp"
#include "agent/console.hpp"
#include "io/clock.hpp"

namespace pronto::agent {

namespace {

/// Hosts below this generation do not know core.error, and do not send exact flags.
constexpr std::uint8_t generation_with_errors = 5;
/// Clocks this close are left alone.
constexpr std::int64_t clock_tolerance_ns = 100 * static_cast<std::int64_t>(ns_per_ms);

}  // namespace

void Agent::take_frames() {
    frames_due_ = false;
    spawns_left_ = limits::spawns_per_turn_max;
    for (std::uint32_t count = 0; count < limits::frames_per_turn_max; ++count) {
        if (!sessions_.has_spare_control()) return;  // input waits until replies have left
        if (spawns_left_ == 0) break;
        const wire::Scanned scanned = link_.next();
        if (scanned.outcome == wire::Scan::incomplete) return;
        if (scanned.outcome == wire::Scan::bad) {
            report_bad(scanned.frame.id, wire::ErrorKind::malformed_message, scanned.error);
        } else {
            take_frame(scanned.frame);
        }
    }
    frames_due_ = link_.has_input();
}

void Agent::take_frame(const wire::Frame& frame) {
    wire::Envelope envelope;
    if (Status decoded = wire::decode_envelope(frame.body, envelope); !decoded.ok()) {
        return report_bad(frame.id, wire::ErrorKind::malformed_message, decoded);
    }
    host_generation_ = envelope.version;
    const auto refuse = [&](wire::ErrorKind kind, std::string_view message) {
        if (host_generation_ < generation_with_errors) return;
        const std::string_view type = envelope.type_name.substr(0, 64);
        link_.outbox().send(wire::Message::error, frame.id,
                            wire::CoreError{name(kind), message, type});
    };
    const Handler handler = envelope.message.has_value() ? handler_of(*envelope.message) : nullptr;
    if (handler == nullptr)
        return refuse(wire::ErrorKind::unsupported_message_type,
                      "this agent does not take such messages");
    if (host_generation_ >= generation_with_errors && frame.flags != row(*envelope.message).flags) {
        return refuse(wire::ErrorKind::invalid_flags, "the flags do not fit the message type");
    }
    const Status handled = (this->*handler)(frame, envelope.payload);
    if (handled.ok()) return;
    const bool misplaced = handled.code == Code::protocol;
    refuse(misplaced ? wire::ErrorKind::invalid_session : wire::ErrorKind::invalid_payload,
           describe(handled.code));
}

void Agent::report_bad(std::uint32_t id, wire::ErrorKind kind, Error error) {
    if (host_generation_ != 0 && host_generation_ < generation_with_errors) return;
    link_.outbox().send(wire::Message::error, id,
                        wire::CoreError{name(kind), describe(error.code), {}});
}

Agent::Handler Agent::handler_of(wire::Message message) {
    using wire::Message;
    switch (message) {
        case Message::clock_sync: return &Agent::on_clock_sync;
        case Message::exec_request: return &Agent::on_exec_request;
        case Message::exec_resize: return &Agent::on_exec_resize;
        case Message::exec_signal: return &Agent::on_exec_signal;
        case Message::exec_stdin: return &Agent::on_exec_stdin;
        case Message::init_ack: return &Agent::on_init_ack;
        case Message::ping: return &Agent::on_ping;
        case Message::pronto_credit: return &Agent::on_credit;
        case Message::relay_client_disconnected: return &Agent::on_client_disconnected;
        case Message::shutdown: return &Agent::on_shutdown;
        case Message::touch: return &Agent::on_touch;
        default: return nullptr;
    }
}

// Control of the connection itself is the relay's, and its frames carry id 0: a client cannot send
// those.
namespace {
Status only_from_relay(const wire::Frame& frame) {
    return frame.id == 0 ? Status{} : Status{Code::protocol, 0};
}
}  // namespace

Status Agent::on_init_ack(const wire::Frame& frame, Bytes payload) {
    if (Status allowed = only_from_relay(frame); !allowed.ok()) return allowed;
    wire::InitAck ack;
    if (Status decoded = decode(payload, ack); !decoded.ok()) return decoded;
    if (ack_deadline_ns_ == 0) return {Code::protocol, 0};
    windows_.reset(ack.client_window_bytes);
    send_ready();
    return {};
}

Status Agent::on_credit(const wire::Frame& frame, Bytes payload) {
    if (Status allowed = only_from_relay(frame); !allowed.ok()) return allowed;
    wire::Credit credit;
    if (Status decoded = decode(payload, credit); !decoded.ok()) return decoded;
    sessions_.credited(credit);
    return {};
}

Status Agent::on_client_disconnected(const wire::Frame& frame, Bytes payload) {
    if (Status allowed = only_from_relay(frame); !allowed.ok()) return allowed;
    wire::ClientDisconnected gone;
    if (Status decoded = decode(payload, gone); !decoded.ok()) return decoded;
    sessions_.client_gone(gone);
    return {};
}

Status Agent::on_clock_sync(const wire::Frame& frame, Bytes payload) {
    if (Status allowed = only_from_relay(frame); !allowed.ok()) return allowed;
    wire::ClockSync sync;
    if (Status decoded = decode(payload, sync); !decoded.ok()) return decoded;
    const auto wanted = static_cast<std::int64_t>(sync.unix_time_nanos);
    const std::int64_t difference =
        wanted - static_cast<std::int64_t>(io::read_clock(CLOCK_REALTIME));
    if (difference >= -clock_tolerance_ns && difference <= clock_tolerance_ns) return {};
    const timespec time{wanted / static_cast<std::int64_t>(ns_per_s),
                        wanted % static_cast<std::int64_t>(ns_per_s)};
    if (clock_settime(CLOCK_REALTIME, &time) != 0)
        print(Line() << "warning: the clock could not be set");
    return {};
}

Status Agent::on_exec_request(const wire::Frame& frame, Bytes payload) {
    const Nanoseconds received_ns = io::boottime_ns();
    wire::ExecRequest request;
    if (Status decoded = decode(payload, request); !decoded.ok()) return decoded;
    ++activity_count_;
    --spawns_left_;
    chores_due_ = true;
    sessions_.start(frame.id, request, received_ns);
    return {};
}

Status Agent::on_exec_stdin(const wire::Frame& frame, Bytes payload) {
    wire::ExecData input;
    if (Status decoded = decode(payload, input); !decoded.ok()) return decoded;
    ++activity_count_;
    sessions_.take_input(frame.id, input.data, wire::header_bytes + frame.body.size());
    return {};
}

Status Agent::on_exec_resize(const wire::Frame& frame, Bytes payload) {
    wire::ExecResize size;
    if (Status decoded = decode(payload, size); !decoded.ok()) return decoded;
    ++activity_count_;
    sessions_.resize(frame.id, size);
    return {};
}

Status Agent::on_exec_signal(const wire::Frame& frame, Bytes payload) {
    wire::ExecSignal signal;
    if (Status decoded = decode(payload, signal); !decoded.ok()) return decoded;
    ++activity_count_;
    sessions_.signal(frame.id, signal.signal);
    return {};
}

Status Agent::on_ping(const wire::Frame& frame, Bytes) {
    link_.outbox().send_empty(wire::Message::pong, frame.id);
    return {};
}

Status Agent::on_touch(const wire::Frame& frame, Bytes) {
    link_.outbox().send(wire::Message::touched, frame.id, wire::Touched{++activity_count_});
    return {};
}

Status Agent::on_shutdown(const wire::Frame& frame, Bytes) {
    if (Status allowed = only_from_relay(frame); !allowed.ok()) return allowed;
    begin_shutdown();
    return {};
}

}  // namespace pronto::agent
