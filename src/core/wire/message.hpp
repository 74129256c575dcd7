// SPDX-License-Identifier: Apache-2.0
// The catalogue of messages: name, direction, exact flags, first generation. Format: docs/WIRE.md
// section 3.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "core/wire/frame.hpp"

namespace pronto::wire {

enum class Message : std::uint8_t {
    bootstrap,
    clock_sync,
    error,
    exec_exited,
    exec_failed,
    exec_request,
    exec_resize,
    exec_signal,
    exec_started,
    exec_stderr,
    exec_stdin,
    exec_stdin_error,
    exec_stdout,
    fs_data,
    fs_request,
    fs_response,
    init_ack,
    init_resolved,
    ping,
    pong,
    pronto_credit,  ///< additive, only between our own agent, relay and client
    ready,
    relay_client_disconnected,
    shutdown,
    tcp_close,
    tcp_closed,
    tcp_connect,
    tcp_connected,
    tcp_data,
    tcp_eof,
    tcp_failed,
    touch,
    touched,
    count_,
};

/// Who may send it: bits.
constexpr std::uint8_t from_client = 1;
constexpr std::uint8_t from_relay = 2;
constexpr std::uint8_t from_guest = 4;

struct MessageRow {
    std::string_view name{};
    std::uint8_t senders = 0;
    std::uint8_t flags = 0;  ///< the exact flags byte of its frames
    std::uint8_t generation =
        1;  ///< label: the lowest generation of the receiver a client may send it to
};

constexpr std::size_t message_name_bytes_max = 30;

const MessageRow& row(Message message);
std::optional<Message> find_message(std::string_view name);

}  // namespace pronto::wire
