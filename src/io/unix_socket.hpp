// SPDX-License-Identifier: Apache-2.0
// Stream sockets in the file system: listening, connecting, and who is on the other side.
#pragma once

#include <sys/types.h>

#include <string_view>

#include "core/error.hpp"
#include "io/owned_fd.hpp"

namespace pronto::io {

/// Binds and listens with mode 0600. An existing socket that nobody listens on is replaced; one
/// with a live owner, or a file of another kind, is an error (EADDRINUSE, EEXIST).
Status listen_unix(std::string_view path, OwnedFd& out);

/// Connects; non-blocking afterwards. ENOENT and ECONNREFUSED mean: nobody there yet.
Status connect_unix(std::string_view path, OwnedFd& out);

/// Removes a socket's file. Another kind of file is left alone.
Status remove_socket(std::string_view path);

/// The user on the other side of a connected socket.
Result<uid_t> peer_user(int fd);

/// Ends both directions without closing: operations under way on the socket complete. What was sent
/// still arrives.
void shut_down(int fd);

/// Asks for larger kernel buffers; what the kernel does not grant is no error.
void grow_buffers(int fd, int bytes);

Status set_nonblocking(int fd);

/// True for a socket, false for a device or anything else.
bool is_socket(int fd);

}  // namespace pronto::io
