// SPDX-License-Identifier: Apache-2.0
#include "relay/boot.hpp"

#include <errno.h>

#include "core/wire/envelope.hpp"
#include "io/memory.hpp"

namespace pronto::relay {

namespace {
constexpr std::size_t boot_memory_bytes = align_up(boot_frame_bytes_max, io::page_bytes);
}

Status Boot::open() {
    const Bytes memory = io::reserve(2 * boot_memory_bytes);
    if (memory.empty()) return system_error(ENOMEM);
    ready_memory_ = memory.first(boot_memory_bytes);
    decode_memory_ = memory.subspan(boot_memory_bytes);
    return {};
}

void Boot::begin() {
    acknowledged_ = false;
    bootstrap_ns_ = never;
    if (context_.options.bootstrap == Bootstrap::never) return;
    bootstrap_ns_ = context_.now_ns + context_.options.bootstrap_silence_ns;
    context_.wake_by(bootstrap_ns_);
}

// There is no asking a guest whether it waits for a bootstrap, and it would end one that does not:
// only long silence tells, and a single byte says otherwise.
void Boot::step() {
    if (guest_.heard() || !guest_.attached()) bootstrap_ns_ = never;
    if (context_.now_ns < bootstrap_ns_) return;
    bootstrap_ns_ = never;
    if (!guest_.lane().bootstrap()) PRONTO_UNREACHABLE();
    context_.emit({.kind = EventKind::bootstrap_sent});
}

void Boot::frame(Bytes frame_bytes) {
    PRONTO_ASSERT(!context_.guest.ready);
    PRONTO_ASSERT(frame_bytes.size() <= boot_frame_bytes_max);
    copy_bytes(decode_memory_, frame_bytes);
    wire::Envelope envelope;
    const Bytes body = decode_memory_.first(frame_bytes.size()).subspan(wire::header_bytes);
    bool used = false;
    if (wire::decode_envelope(body, envelope).ok() && envelope.message.has_value()) {
        if (*envelope.message == wire::Message::init_resolved) used = acknowledge(envelope.version);
        if (*envelope.message == wire::Message::ready) used = ready(frame_bytes, envelope);
    }
    if (!used) context_.counters.add(Counter::dropped_early);
}

// Credit is offered by ranges as our own clients have them; legacy ranges are others.
bool Boot::acknowledge(std::uint8_t version) {
    if (acknowledged_) return false;
    acknowledged_ = true;
    const bool offer = context_.options.greeting == Greeting::range;
    const std::uint32_t window_bytes = offer ? context_.options.client_budget_bytes : 0;
    return guest_.lane().init_ack(version, window_bytes);
}

bool Boot::ready(Bytes frame_bytes, const wire::Envelope& envelope) {
    wire::Ready ready;
    if (!wire::decode(envelope.payload, ready).ok()) return false;
    copy_bytes(ready_memory_, frame_bytes);
    GuestFacts& guest = context_.guest;
    guest.ready = true;
    guest.ours = ready.has_pronto;
    guest.credit = (ready.features & wire::feature_credit) != 0 &&
                   context_.options.greeting == Greeting::range;
    guest.generation = envelope.version;
    guest.stdin_window_bytes = guest.credit ? ready.stdin_window_bytes : 0;
    guest.ready_frame = ready_memory_.first(frame_bytes.size());
    context_.emit({.kind = EventKind::guest_ready, .value = envelope.version});
    return true;
}

}  // namespace pronto::relay
