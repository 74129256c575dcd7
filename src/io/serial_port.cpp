// SPDX-License-Identifier: Apache-2.0
#include "io/serial_port.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <array>

#include "io/clock.hpp"
#include "io/directory.hpp"
#include "io/unix_socket.hpp"

namespace pronto::io {

namespace {

constexpr const char* ports_directory = "/sys/class/virtio-ports";
constexpr int socket_buffer_bytes = 1 << 20;

bool port_has_name(std::string_view entry, std::string_view name) {
    std::array<char, 320> path;
    if (!join_path(path, {ports_directory, entry, "name"})) return false;
    const OwnedFd fd(::open(path.data(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return false;
    std::array<char, 64> text;
    const ssize_t count = ::read(fd.get(), text.data(), text.size());
    if (count <= 0) return false;
    std::string_view found(text.data(), static_cast<std::size_t>(count));
    while (!found.empty() && (found.back() == '\n' || found.back() == ' '))
        found.remove_suffix(1);
    return found == name;
}

/// ENOENT while no such port is there.
Status try_virtio_port(std::string_view name, SerialPort& out) {
    DirectoryReader ports;
    if (Status opened = ports.open(ports_directory); !opened.ok()) return opened;
    for (std::string_view entry = ports.next(); !entry.empty(); entry = ports.next()) {
        if (!port_has_name(entry, name)) continue;
        std::array<char, 320> path;
        if (!join_path(path, {"/dev", entry})) return system_error(ENAMETOOLONG);
        return open_port_path(path.data(), out);
    }
    return system_error(ENOENT);
}

void make_raw(int fd) {
    termios settings;
    if (tcgetattr(fd, &settings) != 0)
        return;  // not a terminal: a virtio port has no line discipline
    cfmakeraw(&settings);
    (void)tcsetattr(fd, TCSANOW, &settings);
}

}  // namespace

Status open_virtio_port(std::string_view name, Nanoseconds patience_ns, SerialPort& out) {
    const Nanoseconds deadline = monotonic_ns() + patience_ns;
    for (;;) {
        const Status opened = try_virtio_port(name, out);
        if (opened.ok() || (opened.system_errno != ENOENT && opened.system_errno != EBUSY))
            return opened;
        if (monotonic_ns() >= deadline) return opened;
        const timespec pause{0, 500'000};
        // NOLINTNEXTLINE(banned): before the loop exists, and nothing announces the port
        nanosleep(&pause, nullptr);
    }
}

Status open_port_path(const char* path, SerialPort& out) {
    struct stat found;
    if (stat(path, &found) != 0) return system_error(errno);
    OwnedFd fd;
    if (S_ISSOCK(found.st_mode)) {
        if (Status connected = connect_unix(path, fd); !connected.ok()) return connected;
    } else {
        fd = OwnedFd(::open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
        if (!fd.valid()) return system_error(errno);
    }
    return adopt_port(fd.release(), out);
}

Status adopt_port(int fd, SerialPort& out) {
    struct stat found;
    if (fstat(fd, &found) != 0) return system_error(errno);
    out.fd = OwnedFd(fd);
    out.is_socket = S_ISSOCK(found.st_mode);
    if (!out.is_socket && !S_ISCHR(found.st_mode)) return {Code::bad_argument, ENOTTY};
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return system_error(errno);
    if (out.is_socket) {
        grow_buffers(fd, socket_buffer_bytes);
    } else {
        make_raw(fd);
    }
    return set_nonblocking(fd);
}

void notify_host_changes(const SerialPort& port) {
    if (port.is_socket) return;
    (void)fcntl(port.fd.get(), F_SETOWN, getpid());
    const int flags = fcntl(port.fd.get(), F_GETFL);
    if (flags >= 0) (void)fcntl(port.fd.get(), F_SETFL, flags | O_ASYNC);
}

}  // namespace pronto::io
