// SPDX-License-Identifier: Apache-2.0
// What the benchmark does to an agent, over whatever connection leads to it.
#pragma once

#include <sys/types.h>

#include <string>

#include "client/connection.hpp"

namespace pronto::cli {

/// One command from request to verdict; throws when it did not end with code 0.
Nanoseconds exec_once(client::Connection& connection, const std::string& command, bool tty);

Nanoseconds ping_once(client::Connection& connection);

/// Bytes per second of `dd bs=64k` until its verdict, all bytes counted.
double stream_once(client::Connection& connection, std::uint64_t byte_count);

/// A flood that is not read for `stall_ns`; then all of it is.
struct Stall {
    std::uint64_t rss_bytes_max = 0;  ///< of the agent while it was stalled
    std::uint64_t bytes_lost = 0;
};
Stall stall_once(client::Connection& connection, pid_t agent, Nanoseconds stall_ns);

/// An exec while another command leaves 1 MiB of input unread. Through a relay the two belong to
/// different clients, because a client's own frames keep their order; the other command then ends
/// with its connection.
Nanoseconds exec_beside_unread_input(client::Connection& connection, client::Connection& beside,
                                     const std::string& command);

/// Puts a program into the guest and makes it executable.
void install_program(client::Connection& connection, const std::string& path,
                     const std::string& image);

}  // namespace pronto::cli
