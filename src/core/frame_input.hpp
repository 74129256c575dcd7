// SPDX-License-Identifier: Apache-2.0
// A byte stream arriving in one linear buffer and leaving as whole frames, in place. One thread.
// A frame is contiguous, so it is decoded where it lies. Only the tail of a frame ever moves, at
// most one read's worth per read's worth consumed. A frame with an impossible length is skipped as
// its bytes arrive.
#pragma once

#include "core/wire/frame.hpp"

namespace pronto {

class FrameInput {
  public:
    /// `memory` must hold a maximal frame and twice `read_bytes`.
    FrameInput(Bytes memory, std::size_t read_bytes);

    /// Where the next read goes; never empty. Frames handed out before are no longer valid.
    Bytes room();
    void filled(std::size_t byte_count);

    /// The next frame, or why there is none. A frame stays valid until `room` or `reset`.
    /// `bad` is reported once for each bad frame, which is then skipped.
    wire::Scanned next();

    /// Forgets everything: the stream starts anew.
    void reset();

    bool empty() const { return begin_ == end_; }
    /// Bytes received and not yet handed out.
    std::size_t pending() const { return end_ - begin_; }
    /// Memory beyond one read that was touched since the last call, and is free now; for giving
    /// pages back. Empty unless the last `room` was at the buffer's start and nothing has come
    /// since, so a read in flight is not disturbed.
    Bytes take_surplus();

  private:
    Bytes memory_;
    std::size_t read_bytes_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t touched_ = 0;
    std::uint64_t skip_bytes_ = 0;
};

}  // namespace pronto
