// SPDX-License-Identifier: Apache-2.0
// Decodes a payload with the codec of its message and encodes it again, for vectors and fuzzers.
#pragma once

#include <optional>

#include "core/wire/control.hpp"
#include "core/wire/exec.hpp"
#include "core/wire/message.hpp"
#include "tests/support/hex.hpp"

namespace pronto::test {

struct Reencoded {
    Status status;
    Buffer payload;
};

template <typename Encode>
Buffer encoded(std::size_t decoded_bytes, Encode encode) {
    // Beyond what it was decoded from, a payload has at most the keys that were absent.
    constexpr std::size_t absent_keys_bytes = 1024;
    Buffer out(decoded_bytes + absent_keys_bytes);
    cbor::Writer writer(out);
    encode(writer);
    PRONTO_ASSERT(writer.ok());
    out.resize(writer.written());
    return out;
}

template <typename Payload>
Reencoded reencode_as(Bytes payload) {
    Payload decoded;
    const Status status = wire::decode(payload, decoded);
    if (!status.ok()) return {status, {}};
    return {{},
            encoded(payload.size(), [&](cbor::Writer& writer) { wire::encode(writer, decoded); })};
}

inline Reencoded reencode_data(Bytes payload) {
    wire::ExecData decoded;
    const Status status = wire::decode(payload, decoded);
    if (!status.ok()) return {status, {}};
    const std::size_t prefix = wire::data_prefix_bytes(decoded.data.size());
    Buffer out(prefix + decoded.data.size());
    copy_bytes(Bytes(out).subspan(prefix), decoded.data);
    wire::write_data_prefix(out.data() + prefix, decoded.data.size());
    return {{}, out};
}

inline std::vector<std::string_view> take_texts(cbor::Array array) {
    std::vector<std::string_view> texts;
    while (array.count > 0) {
        const std::string_view text = cbor::take_text(cbor::next(array));
        PRONTO_ASSERT(text.data()[text.size()] == '\0');
        texts.push_back(text);
    }
    return texts;
}

inline Reencoded reencode_request(Bytes payload) {
    wire::ExecRequest request;
    const Status status = wire::decode(payload, request);
    if (!status.ok()) return {status, {}};
    const auto optional_text = [](cbor::Item item) {
        return item.present() ? cbor::take_text(item) : std::string_view{};
    };
    const auto arguments = take_texts(request.arguments);
    const auto environment = take_texts(request.environment);
    std::vector<wire::ResourceLimit> limits;
    while (request.limits.count > 0)
        limits.push_back(wire::take_limit(cbor::next(request.limits)));
    const wire::ExecCommand command{.command = cbor::take_text(request.command),
                                    .arguments = arguments,
                                    .environment = environment,
                                    .working_directory = optional_text(request.working_directory),
                                    .user = optional_text(request.user),
                                    .limits = limits,
                                    .tty = request.tty,
                                    .rows = request.rows,
                                    .columns = request.columns};
    return {{},
            encoded(payload.size(), [&](cbor::Writer& writer) { wire::encode(writer, command); })};
}

inline Reencoded reencode_failed(Bytes payload) {
    wire::ExecFailure failure;
    const Status status = wire::decode_failed(payload, failure);
    if (!status.ok()) return {status, {}};
    // The encoder is for kinds that exist.
    if (failure.kind.empty()) return {{Code::bad_argument}, {}};
    return {{}, encoded(payload.size(), [&](cbor::Writer& writer) {
                wire::encode_failed(writer, failure);
            })};
}

inline Reencoded reencode_stdin_error(Bytes payload) {
    wire::ExecFailure failure;
    const Status status = wire::decode_stdin_error(payload, failure);
    if (!status.ok()) return {status, {}};
    return {{}, encoded(payload.size(), [&](cbor::Writer& writer) {
                wire::encode_stdin_error(writer, failure);
            })};
}

/// Nothing for messages without a codec of their own. Destroys the payload.
inline std::optional<Reencoded> reencode(wire::Message message, Bytes payload) {
    using wire::Message;
    switch (message) {
        case Message::clock_sync: return reencode_as<wire::ClockSync>(payload);
        case Message::error: return reencode_as<wire::CoreError>(payload);
        case Message::exec_exited: return reencode_as<wire::ExecExited>(payload);
        case Message::exec_failed: return reencode_failed(payload);
        case Message::exec_request: return reencode_request(payload);
        case Message::exec_resize: return reencode_as<wire::ExecResize>(payload);
        case Message::exec_signal: return reencode_as<wire::ExecSignal>(payload);
        case Message::exec_started: return reencode_as<wire::ExecStarted>(payload);
        case Message::exec_stderr:
        case Message::exec_stdin:
        case Message::exec_stdout:
        case Message::fs_data:
        case Message::tcp_data: return reencode_data(payload);
        case Message::exec_stdin_error: return reencode_stdin_error(payload);
        case Message::init_ack: return reencode_as<wire::InitAck>(payload);
        case Message::init_resolved: return reencode_as<wire::InitResolved>(payload);
        case Message::pronto_credit: return reencode_as<wire::Credit>(payload);
        case Message::ready: return reencode_as<wire::Ready>(payload);
        case Message::relay_client_disconnected:
            return reencode_as<wire::ClientDisconnected>(payload);
        case Message::touched: return reencode_as<wire::Touched>(payload);
        default: return std::nullopt;
    }
}

}  // namespace pronto::test
