// SPDX-License-Identifier: Apache-2.0
// The one byte stream between agent and host: a virtio-serial port, another character device, or a
// stream socket.
#pragma once

#include <string_view>

#include "core/error.hpp"
#include "core/units.hpp"
#include "io/owned_fd.hpp"

namespace pronto::io {

struct SerialPort {
    OwnedFd fd;
    bool is_socket = false;  ///< its end is final; a device's host may come back
};

/// Finds the virtio port whose name is `name` and opens it. The kernel announces ports a moment
/// after it starts programs, so this looks again until `patience_ns` has passed.
Status open_virtio_port(std::string_view name, Nanoseconds patience_ns, SerialPort& out);

/// Opens a character device (raw when it is a terminal), or connects to a stream socket.
Status open_port_path(const char* path, SerialPort& out);

/// Takes over a descriptor the host handed down.
Status adopt_port(int fd, SerialPort& out);

/// Asks for SIGIO when the host side of a device connects or disconnects. Devices that cannot are
/// no error.
void notify_host_changes(const SerialPort& port);

}  // namespace pronto::io
