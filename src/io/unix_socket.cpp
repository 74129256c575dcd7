// SPDX-License-Identifier: Apache-2.0
#include "io/unix_socket.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace pronto::io {

namespace {

Status make_address(std::string_view path, sockaddr_un& address) {
    address = {};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return {Code::bad_argument, ENAMETOOLONG};
    memcpy(address.sun_path, path.data(), path.size());
    return {};
}

OwnedFd stream_socket() {
    return OwnedFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

int try_connect(int fd, const sockaddr_un& address) {
    int result;
    do {
        result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } while (result != 0 && errno == EINTR);
    return result;
}

/// Removes a socket that refuses connections: its owner is gone.
Status remove_stale(const sockaddr_un& address) {
    struct stat found;
    if (lstat(address.sun_path, &found) != 0)
        return errno == ENOENT ? Status{} : system_error(errno);
    if (!S_ISSOCK(found.st_mode)) return system_error(EEXIST);
    OwnedFd probe = stream_socket();
    if (!probe.valid()) return system_error(errno);
    if (try_connect(probe.get(), address) == 0 || errno != ECONNREFUSED)
        return system_error(EADDRINUSE);
    return unlink(address.sun_path) == 0 || errno == ENOENT ? Status{} : system_error(errno);
}

}  // namespace

Status listen_unix(std::string_view path, OwnedFd& out) {
    sockaddr_un address;
    if (Status made = make_address(path, address); !made.ok()) return made;
    if (Status removed = remove_stale(address); !removed.ok()) return removed;
    OwnedFd fd = stream_socket();
    if (!fd.valid()) return system_error(errno);
    // The mode must be right from the first moment, so it is set by the mask and not afterwards.
    const mode_t before = umask(0177);
    const int bound = bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int error = errno;
    umask(before);
    if (bound != 0) return system_error(error);
    if (listen(fd.get(), 128) != 0) return system_error(errno);
    out = static_cast<OwnedFd&&>(fd);
    return {};
}

Status connect_unix(std::string_view path, OwnedFd& out) {
    sockaddr_un address;
    if (Status made = make_address(path, address); !made.ok()) return made;
    OwnedFd fd = stream_socket();
    if (!fd.valid()) return system_error(errno);
    if (try_connect(fd.get(), address) != 0) return system_error(errno);
    out = static_cast<OwnedFd&&>(fd);
    return {};
}

Status remove_socket(std::string_view path) {
    sockaddr_un address;
    if (Status made = make_address(path, address); !made.ok()) return made;
    struct stat found;
    if (lstat(address.sun_path, &found) != 0) return system_error(errno);
    if (!S_ISSOCK(found.st_mode)) return system_error(EEXIST);
    return unlink(address.sun_path) == 0 ? Status{} : system_error(errno);
}

Result<uid_t> peer_user(int fd) {
    struct ucred peer;
    socklen_t bytes = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0) return system_error(errno);
    return peer.uid;
}

void shut_down(int fd) {
    // Not connected any more, or no socket: then there is nothing to end.
    (void)::shutdown(fd, SHUT_RDWR);
}

void grow_buffers(int fd, int bytes) {
    // The forcing form passes the system's limit and needs privilege; the plain one is clamped.
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }
}

Status set_nonblocking(int fd) {
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return system_error(errno);
    if ((flags & O_NONBLOCK) != 0) return {};
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? Status{} : system_error(errno);
}

bool is_socket(int fd) {
    struct stat found;
    return fstat(fd, &found) == 0 && S_ISSOCK(found.st_mode);
}

}  // namespace pronto::io
