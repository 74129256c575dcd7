// SPDX-License-Identifier: Apache-2.0
// Payloads of exec sessions, both directions. Format: docs/WIRE.md section 3.3.
#pragma once

#include <string_view>

#include "core/cbor/reader.hpp"
#include "core/cbor/writer.hpp"

namespace pronto::wire {

/// Decoded in place: items are located and checked, not yet taken (see cbor/reader.hpp).
struct ExecRequest {
    cbor::Item command{};
    cbor::Array arguments{};         ///< every element is a checked text item
    cbor::Array environment{};       ///< every element is a checked text item
    cbor::Item working_directory{};  ///< absent or text
    cbor::Item user{};               ///< absent or text
    cbor::Array limits{};            ///< every element is a checked ResourceLimit record
    bool tty = false;
    std::uint16_t rows = 24;
    std::uint16_t columns = 80;
};
Status decode(Bytes payload, ExecRequest& out);

struct ResourceLimit {
    std::string_view resource{};
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
};
/// Precondition: `item` came from ExecRequest::limits.
ResourceLimit take_limit(cbor::Item item);

/// What a client writes; the encoder emits all nine fields in the reference order.
struct ExecCommand {
    std::string_view command{};
    std::span<const std::string_view> arguments{};
    std::span<const std::string_view> environment{};
    std::string_view working_directory{};  ///< empty: null
    std::string_view user{};               ///< empty: null
    std::span<const ResourceLimit> limits{};
    bool tty = false;
    std::uint16_t rows = 24;
    std::uint16_t columns = 80;
};
void encode(cbor::Writer& writer, const ExecCommand& command);

struct ExecStarted {
    std::uint32_t pid = 0;
};
Status decode(Bytes payload, ExecStarted& out);
void encode(cbor::Writer& writer, const ExecStarted& started);

/// stdin, stdout and stderr carry `{data: bytes}`.
struct ExecData {
    Bytes data{};
};
Status decode(Bytes payload, ExecData& out);
/// The bytes of `{"data": <head>` in front of `byte_count` data bytes.
std::size_t data_prefix_bytes(std::size_t byte_count);
constexpr std::size_t data_prefix_bytes_max = 1 + 5 + 5;
/// Writes that prefix right-aligned so that it ends at `data`. Precondition: the room is there.
void write_data_prefix(std::uint8_t* data, std::size_t byte_count);

struct ExecResize {
    std::uint16_t rows = 0;
    std::uint16_t columns = 0;
};
Status decode(Bytes payload, ExecResize& out);
void encode(cbor::Writer& writer, const ExecResize& resize);

struct ExecSignal {
    std::int32_t signal = 0;
};
Status decode(Bytes payload, ExecSignal& out);
void encode(cbor::Writer& writer, const ExecSignal& signal);

/// core.exec.failed and, without kind and stage, core.exec.stdin.error.
struct ExecFailure {
    std::string_view kind{};        ///< empty in stdin.error
    std::int32_t system_errno = 0;  ///< 0: null
    std::string_view errno_name{};  ///< empty: null
    std::string_view message{};
    std::string_view stage{};  ///< empty: null
};
Status decode_failed(Bytes payload, ExecFailure& out);
Status decode_stdin_error(Bytes payload, ExecFailure& out);
void encode_failed(cbor::Writer& writer, const ExecFailure& failure);
void encode_stdin_error(cbor::Writer& writer, const ExecFailure& failure);

/// The verdict. `code` is what every client reads; the rest is additive, and absent from foreign
/// agents.
struct ExecExited {
    std::int32_t code = 0;     ///< 0..255, or −1 for death by a signal
    bool has_verdict = false;  ///< the fields below were sent
    std::uint8_t signal = 0;   ///< 0: ended by itself
    bool core_dumped = false;
    bool oom_killed = false;
    bool output_open = false;  ///< a descendant still held a stream when output was closed
    std::uint64_t user_ns = 0;
    std::uint64_t system_ns = 0;
    std::uint64_t max_rss_bytes = 0;
    std::uint64_t stdout_bytes = 0;
    std::uint64_t stderr_bytes = 0;
    std::uint64_t received_ns = 0;  ///< stages on the guest's boot clock
    std::uint64_t spawned_ns = 0;
    std::uint64_t first_byte_ns = 0;  ///< 0: no output
    std::uint64_t exited_ns = 0;
};
Status decode(Bytes payload, ExecExited& out);
void encode(cbor::Writer& writer, const ExecExited& exited);

}  // namespace pronto::wire
