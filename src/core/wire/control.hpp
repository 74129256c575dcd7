// SPDX-License-Identifier: Apache-2.0
// Payloads of core.* control messages, both directions. Format: docs/WIRE.md section 3.2.
#pragma once

#include <array>
#include <string_view>

#include "core/cbor/reader.hpp"
#include "core/cbor/writer.hpp"

namespace pronto::wire {

/// Stages of a boot, in order; each is a time on the guest's boot clock.
enum class BootStage : std::uint8_t {
    started,    ///< first instruction of the agent that reads a clock
    mounts,     ///< file systems, device links, run directories are there
    network,    ///< loopback is up
    port_open,  ///< the port was found and opened
    handshake,  ///< init.ack arrived
    ready,      ///< just before core.ready is sent
    count_,
};
constexpr std::size_t boot_stage_count = static_cast<std::size_t>(BootStage::count_);
std::string_view name(BootStage stage);

/// What our own agent offers beyond the reference protocol.
constexpr std::uint32_t feature_credit = 1;   ///< takes and gives core.pronto.credit
constexpr std::uint32_t feature_verdict = 2;  ///< core.exec.exited carries the verdict

struct Ready {
    std::uint64_t boot_time_ns = 0;
    std::uint64_t init_time_ns = 0;
    std::uint64_t ready_time_ns = 0;
    std::string_view agent_version{};  ///< empty: key omitted
    /// The additive `pronto` map: {version, features, stdin_window, stages{name: ns}}.
    bool has_pronto = false;
    std::string_view pronto_version{};
    std::uint32_t features = 0;
    std::uint32_t stdin_window_bytes =
        0;  ///< wire bytes of stdin a session takes before its first credit
    std::array<std::uint64_t, boot_stage_count> stages_ns{};
};
Status decode(Bytes payload, Ready& out);
void encode(cbor::Writer& writer, const Ready& ready);

struct InitResolved {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
};
Status decode(Bytes payload, InitResolved& out);
void encode(cbor::Writer& writer, const InitResolved& resolved);

/// `{}` from foreign hosts. Our relay adds a `pronto` map {client_window: bytes}: it will return
/// credit, so that at most so many wire bytes per client range may be under way. 0: no credit, no
/// limit but the port's.
struct InitAck {
    std::uint32_t client_window_bytes = 0;
};
Status decode(Bytes payload, InitAck& out);
void encode(cbor::Writer& writer, const InitAck& ack);

struct ClockSync {
    std::uint64_t unix_time_nanos = 0;
};
Status decode(Bytes payload, ClockSync& out);
void encode(cbor::Writer& writer, const ClockSync& sync);

struct ClientDisconnected {
    std::uint32_t id_start = 0;
    std::uint32_t id_end_exclusive = 0;
};
Status decode(Bytes payload, ClientDisconnected& out);
void encode(cbor::Writer& writer, const ClientDisconnected& gone);

/// core.pronto.credit {id, bytes}, on frame id 0. relay → agent: `id` is the start of a client's
/// range, `bytes` wire bytes of that range's frames have been consumed. agent → relay: `id` is a
/// session, `bytes` wire bytes of its stdin were taken.
struct Credit {
    std::uint32_t id = 0;
    std::uint32_t bytes = 0;
};
Status decode(Bytes payload, Credit& out);
void encode(cbor::Writer& writer, const Credit& credit);

enum class ErrorKind : std::uint8_t {
    invalid_flags,
    invalid_payload,
    invalid_session,
    malformed_message,
    unsupported_message_type,
    unsupported_protocol_generation,
};
std::string_view name(ErrorKind kind);

struct CoreError {
    std::string_view kind{};
    std::string_view message{};
    std::string_view offending_type{};  ///< empty: key omitted
};
Status decode(Bytes payload, CoreError& out);
void encode(cbor::Writer& writer, const CoreError& error);

struct Touched {
    std::uint64_t activity_seq = 0;
};
Status decode(Bytes payload, Touched& out);
void encode(cbor::Writer& writer, const Touched& touched);

/// `{}`: ping, pong, touch.
void encode_empty(cbor::Writer& writer);

}  // namespace pronto::wire
