// SPDX-License-Identifier: Apache-2.0
// How a host is greeted, at boot and each time another one connects.
#include "agent/agent.hpp"
#include "io/clock.hpp"

namespace pronto::agent {

namespace {
/// Hosts answer at once; one that does not know the question is not worth a lost boot.
constexpr Nanoseconds ack_patience_ns = 60 * ns_per_s;
}  // namespace

void Agent::greet() {
    if (!options_.profile.init_handshake) return send_ready();
    link_.outbox().send(wire::Message::init_resolved, 0, wire::InitResolved{});
    ack_deadline_ns_ = io::monotonic_ns() + ack_patience_ns;
}

void Agent::send_ready() {
    ack_deadline_ns_ = 0;
    if (!ready_sent_) {
        stamp(times_, wire::BootStage::handshake);
        stamp(times_, wire::BootStage::ready);
    }
    ready_sent_ = true;
    const Nanoseconds started = times_[static_cast<std::size_t>(wire::BootStage::started)];
    wire::Ready ready;
    ready.boot_time_ns = started;
    ready.init_time_ns = times_[static_cast<std::size_t>(wire::BootStage::handshake)] - started;
    ready.ready_time_ns = io::boottime_ns();
    if (options_.profile.agent_version) ready.agent_version = PRONTO_VERSION;
    ready.has_pronto = true;
    ready.pronto_version = PRONTO_VERSION;
    ready.features = wire::feature_credit | wire::feature_verdict;
    ready.stdin_window_bytes = stdin_window_bytes;
    ready.stages_ns = times_;
    link_.outbox().send(wire::Message::ready, 0, ready);
}

}  // namespace pronto::agent
