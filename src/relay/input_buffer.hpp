// SPDX-License-Identifier: Apache-2.0
// A client's bytes on their way to the guest: received into linear memory, checked there as whole
// frames, and sent to the guest from there. It is the client's queue: while frames wait in it the
// client is not read. One thread. Two regions: `taken` bytes, which are being sent, and behind them
// `unread` ones. When all is taken, new bytes may already arrive at the front again ("fold"), so
// that small traffic stays on few pages without waiting for a send.
#pragma once

#include "core/bytes.hpp"

namespace pronto::relay {

class InputBuffer {
  public:
    /// Must hold a maximal frame and one read.
    void attach(Bytes memory);
    /// Precondition: nothing is being received or sent.
    void reset();

    /// Received and not yet taken; whole frames are contiguous.
    Bytes unread() const { return memory_.subspan(begin_, end_ - begin_); }
    bool sending() const { return taken_begin_ != taken_end_; }

    /// Where to receive, so that a frame of `frame_bytes` (0: not known) at the front of `unread`
    /// can become whole. Empty: `sent` must come first. May move what is unread.
    Bytes room(std::size_t frame_bytes);
    void received(std::size_t byte_count);

    /// Marks the front of `unread` as being sent. Precondition: not `sending`.
    ByteView take(std::size_t byte_count);
    void sent() { taken_begin_ = taken_end_ = 0; }
    /// Drops the front of `unread`.
    void skip(std::size_t byte_count);

    /// Memory beyond what is kept, touched since the last call. Precondition: nothing is in the
    /// buffer or under way.
    Bytes take_surplus();
    bool has_surplus() const;

  private:
    std::size_t limit() const;

    Bytes memory_;
    std::size_t taken_begin_ = 0;
    std::size_t taken_end_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t touched_ = 0;
};

}  // namespace pronto::relay
