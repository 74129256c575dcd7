// SPDX-License-Identifier: Apache-2.0
#include "io/stdio_pipes.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

namespace pronto::io {

namespace {

Status open_pipe(OwnedFd& read_end, OwnedFd& write_end) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) return system_error(errno);
    read_end = OwnedFd(fds[0]);
    write_end = OwnedFd(fds[1]);
    return {};
}

Status make_nonblocking(const OwnedFd& fd) {
    return fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0 ? Status{} : system_error(errno);
}

}  // namespace

Status open_pipes(StdioPipes& out) {
    StdioPipes pipes;
    if (Status opened = open_pipe(pipes.child_stdin, pipes.stdin_end); !opened.ok()) return opened;
    if (Status opened = open_pipe(pipes.stdout_end, pipes.child_stdout); !opened.ok())
        return opened;
    if (Status opened = open_pipe(pipes.stderr_end, pipes.child_stderr); !opened.ok())
        return opened;
    for (const OwnedFd* ours : {&pipes.stdin_end, &pipes.stdout_end, &pipes.stderr_end}) {
        if (Status made = make_nonblocking(*ours); !made.ok()) return made;
    }
    grow_pipe(pipes.stdout_end.get(), output_pipe_bytes);
    out = static_cast<StdioPipes&&>(pipes);
    return {};
}

Status open_pty(Pty& out) {
    Pty pty;
    pty.controller = OwnedFd(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    if (!pty.controller.valid()) return system_error(errno);
    const int unlock = 0;
    if (ioctl(pty.controller.get(), TIOCSPTLCK, &unlock) != 0) return system_error(errno);
    // By descriptor, not by name: /dev/pts may be another instance, or not mounted where the
    // program looks.
    pty.terminal = OwnedFd(ioctl(pty.controller.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!pty.terminal.valid()) return system_error(errno);
    out = static_cast<Pty&&>(pty);
    return {};
}

Status set_window_size(int fd, unsigned short rows, unsigned short columns) {
    const winsize size{rows, columns, 0, 0};
    return ioctl(fd, TIOCSWINSZ, &size) == 0 ? Status{} : system_error(errno);
}

std::size_t grow_pipe(int fd, std::size_t bytes) {
    if (const int granted = fcntl(fd, F_SETPIPE_SZ, static_cast<int>(bytes)); granted > 0)
        return static_cast<std::size_t>(granted);
    const int unchanged = fcntl(fd, F_GETPIPE_SZ);
    return unchanged > 0 ? static_cast<std::size_t>(unchanged) : 0;
}

}  // namespace pronto::io
