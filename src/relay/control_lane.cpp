// SPDX-License-Identifier: Apache-2.0
#include "relay/control_lane.hpp"

#include "core/wire/envelope.hpp"
#include "core/wire/exec.hpp"

namespace pronto::relay {

namespace {

using wire::Message;

constexpr std::int32_t signal_kill = 9;
/// Guests that wait for a bootstrap refuse it below this.
constexpr std::uint8_t bootstrap_version = 7;
constexpr std::string_view security_profile = "security_profile";

// Payloads that have no type of their own.
struct Null {};
struct Empty {};
struct MinimalBootstrap {};

void encode(cbor::Writer& writer, Null) { writer.null(); }
void encode(cbor::Writer& writer, Empty) { wire::encode_empty(writer); }
void encode(cbor::Writer& writer, MinimalBootstrap) {
    writer.map(1);
    writer.text(security_profile);
    writer.text("default");
}

}  // namespace

template <typename Payload>
bool ControlLane::push(Message message, std::uint32_t id, const Payload& payload) {
    std::array<std::uint8_t, control_lane_frame_bytes_max> buffer;
    cbor::Writer writer(Bytes(buffer).subspan(wire::headroom_bytes));
    encode(writer, payload);
    PRONTO_ASSERT(writer.ok());
    return push_encoded(message, id, buffer, writer.written());
}

bool ControlLane::push_encoded(Message message, std::uint32_t id, Bytes buffer,
                               std::size_t payload_bytes) {
    const std::uint8_t version = message == Message::bootstrap ? bootstrap_version : version_;
    const Bytes frame =
        wire::seal(buffer, wire::headroom_bytes, payload_bytes, {version, id, message});
    if (!queue_.try_append(frame)) return false;
    counters_->add(Counter::control_frames_out);
    counters_->raise(Counter::control_lane_high_bytes, queue_.bytes());
    return true;
}

bool ControlLane::bootstrap() { return push(Message::bootstrap, 0, MinimalBootstrap{}); }

bool ControlLane::init_ack(std::uint8_t version, std::uint32_t client_window_bytes) {
    version_ = version;
    return push(Message::init_ack, 0, wire::InitAck{client_window_bytes});
}

bool ControlLane::kill(std::uint32_t id) {
    return push(Message::exec_signal, id, wire::ExecSignal{signal_kill});
}

bool ControlLane::client_disconnected(std::uint32_t id_start, std::uint32_t id_end_exclusive) {
    return push(Message::relay_client_disconnected, 0,
                wire::ClientDisconnected{id_start, id_end_exclusive});
}

bool ControlLane::ping(std::uint32_t id) { return push(Message::ping, id, Empty{}); }

bool ControlLane::credit(std::uint32_t id, std::uint32_t bytes) {
    return push(Message::pronto_credit, 0, wire::Credit{id, bytes});
}

bool ControlLane::shutdown() { return push(Message::shutdown, 0, Null{}); }

}  // namespace pronto::relay
