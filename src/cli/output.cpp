// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/failure.hpp"

namespace pronto::cli {

namespace {
// Measured: a reader that is woken once per 256 KiB takes bulk several times as fast as once per 64
// KiB.
constexpr int pipe_bytes = 256 * 1024;
}  // namespace

// O_NONBLOCK belongs to the open file, which the shell and others share with us. Opening a pipe or
// terminal anew through /proc gives an open file of our own. Regular files never wait, and sockets
// take a flag for each call.
Output::Output(int fd) : fd_(fd) {
    struct stat found;
    if (fstat(fd, &found) != 0) return;
    is_socket_ = S_ISSOCK(found.st_mode);
    if (S_ISFIFO(found.st_mode)) (void)fcntl(fd, F_SETPIPE_SZ, pipe_bytes);
    if (!S_ISFIFO(found.st_mode) && !S_ISCHR(found.st_mode)) return;
    const std::string path = fmt::format("/proc/self/fd/{}", fd);
    own_ = io::OwnedFd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

Bytes Output::write(Bytes data) {
    if (collected_ != nullptr) {
        collected_->append(as_text(data));
        return {};
    }
    while (!data.empty()) {
        const ssize_t count =
            is_socket_ ? ::send(fd(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                       : ::write(fd(), data.data(), data.size());
        if (count >= 0) {
            data = data.subspan(static_cast<std::size_t>(count));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN) return data;
        if (errno == EPIPE || errno == ECONNRESET) {
            broken_ = true;
            return {};
        }
        fail_errno("write the command's output");
    }
    return {};
}

}  // namespace pronto::cli
