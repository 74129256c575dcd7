// SPDX-License-Identifier: Apache-2.0
#include "client/frame_stream.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "io/clock.hpp"

namespace pronto::client {

namespace {

// Bulk output comes in frames of 64 KiB; several of them in one system call are worth the memory,
// which is touched only when they come.
constexpr std::size_t read_bytes = 256 * KiB;
constexpr std::size_t memory_bytes = wire::frame_wire_bytes_max + 2 * read_bytes;

void make_blocking(int fd) {
    const int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) != 0) (void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

// Both mean that nobody will read or write again on the other side.
bool means_closed(int number) { return number == EPIPE || number == ECONNRESET; }

}  // namespace

FrameStream::FrameStream(io::OwnedFd socket)
    : socket_(std::move(socket)),
      memory_(std::make_unique_for_overwrite<std::uint8_t[]>(memory_bytes)),
      input_({memory_.get(), memory_bytes}, read_bytes) {
    make_blocking(socket_.get());
}

Status FrameStream::send(ByteView frame) {
    PRONTO_ASSERT(!frame.empty());
    if (held_ || queued_bytes() > 0) {
        queue_.insert(queue_.end(), frame.begin(), frame.end());
        return held_ ? Status{} : flush();
    }
    ssize_t sent;
    do {
        sent = ::send(fd(), frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN)
        return means_closed(errno) ? Status{Code::closed} : system_error(errno);
    const auto done = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
    queue_.insert(queue_.end(), frame.begin() + static_cast<std::ptrdiff_t>(done), frame.end());
    return {};
}

Status FrameStream::flush() {
    held_ = false;
    while (queued_bytes() > 0) {
        const ssize_t sent =
            ::send(fd(), queue_.data() + queue_begin_, queued_bytes(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) {
            queue_begin_ += static_cast<std::size_t>(sent);
            continue;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN) return {};
        return means_closed(errno) ? Status{Code::closed} : system_error(errno);
    }
    queue_.clear();
    queue_begin_ = 0;
    return {};
}

Status FrameStream::read_with(int flags, Read& outcome) {
    const Bytes room = input_.room();
    ssize_t count;
    do {
        count = ::recv(fd(), room.data(), room.size(), flags);
    } while (count < 0 && errno == EINTR);
    if (count > 0) {
        input_.filled(static_cast<std::size_t>(count));
        outcome = Read::progress;
        return {};
    }
    outcome = count < 0 && errno == EAGAIN ? Read::would_block : Read::closed;
    if (count < 0 && errno != EAGAIN && !means_closed(errno)) return system_error(errno);
    return {};
}

Status FrameStream::read_now(Read& outcome) { return read_with(MSG_DONTWAIT, outcome); }

Status FrameStream::read_until(Nanoseconds deadline_ns, Read& outcome) {
    // The common case of a round trip is one system call: wait in the read itself.
    if (deadline_ns == forever && queued_bytes() == 0) return read_with(0, outcome);
    for (;;) {
        bool readable = false;
        if (Status waited = wait(deadline_ns, readable); !waited.ok()) {
            outcome = Read::would_block;
            return waited.code == Code::timed_out ? Status{} : waited;
        }
        if (readable) return read_now(outcome);
    }
}

// Waits for something to read or, while output is queued, for room; the latter is used at once.
Status FrameStream::wait(Nanoseconds deadline_ns, bool& readable) {
    const bool writing = queued_bytes() > 0;
    pollfd watched{fd(), static_cast<short>(writing ? POLLIN | POLLOUT : POLLIN), 0};
    int timeout_ms = -1;
    if (deadline_ns != forever) {
        const Nanoseconds now = io::monotonic_ns();
        if (now >= deadline_ns) return {Code::timed_out};
        const Nanoseconds left_ms = (deadline_ns - now + ns_per_ms - 1) / ns_per_ms;
        timeout_ms = static_cast<int>(std::min<Nanoseconds>(left_ms, 1'000'000));
    }
    const int ready = ::poll(&watched, 1, timeout_ms);
    if (ready < 0 && errno != EINTR) return system_error(errno);
    if (ready <= 0) return {};
    readable = (watched.revents & (POLLIN | POLLHUP | POLLERR)) != 0;
    return (watched.revents & POLLOUT) != 0 ? flush() : Status{};
}

Status FrameStream::read_exactly(Bytes out, Nanoseconds deadline_ns) {
    while (!out.empty()) {
        bool readable = false;
        if (Status waited = wait(deadline_ns, readable); !waited.ok()) return waited;
        if (!readable) continue;
        const ssize_t count = ::recv(fd(), out.data(), out.size(), MSG_DONTWAIT);
        if (count == 0) return {Code::closed};
        if (count > 0) {
            out = out.subspan(static_cast<std::size_t>(count));
        } else if (errno != EAGAIN && errno != EINTR) {
            return means_closed(errno) ? Status{Code::closed} : system_error(errno);
        }
    }
    return {};
}

void FrameStream::unread(ByteView bytes) {
    PRONTO_ASSERT(input_.empty());
    copy_bytes(input_.room(), bytes);
    input_.filled(bytes.size());
}

}  // namespace pronto::client
