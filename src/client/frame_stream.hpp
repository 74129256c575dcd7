// SPDX-License-Identifier: Apache-2.0
// Frames over one stream socket: read in place, written at once or queued where the socket is full.
// One thread. It does not decide when to wait: `wait` is for callers that have nothing else to
// watch.
#pragma once

#include <memory>
#include <vector>

#include "core/frame_input.hpp"
#include "io/owned_fd.hpp"

namespace pronto::client {

/// A deadline on the monotonic clock that never comes.
constexpr Nanoseconds forever = ~Nanoseconds{0};

enum class Read : std::uint8_t {
    progress,     ///< bytes arrived
    would_block,  ///< nothing there
    closed,       ///< the other side has ended the stream
};

class FrameStream {
  public:
    /// Takes over a connected socket, and makes it blocking: what must not block says so call by
    /// call.
    explicit FrameStream(io::OwnedFd socket);

    int fd() const { return socket_.get(); }

    /// Sends what the socket takes and queues the rest. While held, everything is queued.
    Status send(ByteView frame);
    void hold() { held_ = true; }
    /// Ends holding and sends what the socket takes now.
    Status flush();
    std::size_t queued_bytes() const { return queue_.size() - queue_begin_; }

    /// One read of whatever is there.
    Status read_now(Read& outcome);
    /// One read that waits for the first byte, sending what is queued meanwhile. `would_block`: the
    /// deadline passed.
    Status read_until(Nanoseconds deadline_ns, Read& outcome);
    /// Exactly these bytes, for what comes in front of the frames.
    Status read_exactly(Bytes out, Nanoseconds deadline_ns);
    /// Puts bytes in front of what will be read next. Precondition: nothing is buffered.
    void unread(ByteView bytes);

    /// The next buffered frame; valid until the next read.
    wire::Scanned next() { return input_.next(); }

  private:
    Status wait(Nanoseconds deadline_ns, bool& readable);
    Status read_with(int flags, Read& outcome);

    io::OwnedFd socket_;
    std::unique_ptr<std::uint8_t[]> memory_;
    FrameInput input_;
    std::vector<std::uint8_t> queue_;
    std::size_t queue_begin_ = 0;
    bool held_ = false;
};

}  // namespace pronto::client
