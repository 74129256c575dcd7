// SPDX-License-Identifier: Apache-2.0
// The connection to the host: frames in, frames out, and whether anybody is there. A host that
// leaves costs nothing but its sessions: the parser starts anew, half-written frames are dropped,
// and the next host is greeted again. One thread.
#pragma once

#include "agent/op_kind.hpp"
#include "agent/outbox.hpp"
#include "core/frame_input.hpp"
#include "io/serial_port.hpp"

namespace pronto::agent {

enum class LinkChange : std::uint8_t { none, lost, gained };

class HostLink {
  public:
    /// `reconnect_path`: where to connect again when a socket ends; null when its end is final.
    Status open(io::SerialPort port, const char* reconnect_path, OutputArena& arena,
                std::uint8_t generation);

    Outbox& outbox() { return outbox_; }
    bool present() const { return present_; }
    /// The host is away and will not come back.
    bool ended() const { return !present_ && final_; }

    /// Looks for a host: at start, on SIGIO, and when `retry_deadline` passes. `gained` when one is
    /// there now.
    LinkChange look(io::Uring& uring, Nanoseconds now_ns);
    Nanoseconds retry_deadline() const { return retry_deadline_ns_; }

    LinkChange read_done(std::int32_t result);
    LinkChange write_done(std::int32_t result, std::span<const OutputDone>& done);

    /// After everything completed was looked at: output that left without a completion.
    std::span<const OutputDone> settle(const io::Uring& uring);

    /// The next frame of the input; see FrameInput::next.
    wire::Scanned next() { return input_.next(); }
    /// Once a turn: keeps a read in flight unless `pause_input`, and a write when there is
    /// something to write.
    void pump(io::Uring& uring, bool pause_input);
    /// Frames may wait in the input although nothing is being read.
    bool has_input() const { return !input_.empty(); }
    /// After a loss, once no write is in flight: what was queued, dropped.
    std::span<const OutputDone> drop_output() { return outbox_.drop_all(); }

    void trim();

  private:
    LinkChange lose(Nanoseconds now_ns);
    bool host_there() const;

    io::SerialPort port_;
    Outbox outbox_;
    FrameInput input_;
    const char* reconnect_path_ = nullptr;
    Nanoseconds retry_deadline_ns_ = 0;
    Nanoseconds retry_pause_ns_ = 0;
    bool reading_ = false;
    bool present_ = false;
    bool final_ = false;

  public:
    HostLink();
};

}  // namespace pronto::agent
