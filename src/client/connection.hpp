// SPDX-License-Identifier: Apache-2.0
// One client's connection to a guest: handshake, generation, ids, messages out and in. One thread.
// It speaks to a relay's socket, old or new form, or plays the host on an agent's own port.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "client/frame_stream.hpp"
#include "core/wire/control.hpp"
#include "core/wire/envelope.hpp"

namespace pronto::client {

/// The generation of the protocol this library speaks.
constexpr std::uint8_t generation_own = 6;
/// Where sessions send and receive bulk, one frame carries at most this many bytes.
constexpr std::size_t data_bytes_max = 64 * KiB;

/// What the guest said about itself when it was ready.
struct GuestInfo {
    std::uint8_t generation = 0;
    Nanoseconds boot_time_ns = 0;
    Nanoseconds init_time_ns = 0;
    Nanoseconds ready_time_ns = 0;
    std::string agent_version;   ///< empty: the agent did not say
    std::string pronto_version;  ///< empty: not our agent
    std::uint32_t features = 0;
    std::uint32_t stdin_window_bytes = 0;
    std::array<Nanoseconds, wire::boot_stage_count> stages_ns{};
};

/// A message for one of our live ids. Valid until the next call that receives.
struct Incoming {
    std::uint32_t id = 0;
    wire::Message message = wire::Message::error;
    bool terminal = false;  ///< the last one for this id, which is free from now on
    Bytes payload;
};

class Connection {
  public:
    /// How long a relay may take to accept, and a guest to be ready.
    static constexpr Nanoseconds handshake_timeout_ns = 10 * ns_per_s;

    /// Connects to a relay's socket and waits for the guest to be ready.
    Status connect(std::string_view path, Nanoseconds timeout_ns = handshake_timeout_ns);
    /// Plays the host on the other end of an agent's port: answers init.resolved, waits for ready.
    Status attach_port(io::OwnedFd port, Nanoseconds timeout_ns = handshake_timeout_ns);

    const GuestInfo& guest() const { return guest_; }
    /// The lower of both generations: what may be sent.
    std::uint8_t generation() const { return generation_; }
    int fd() const { return stream_->fd(); }

    /// An id for a new session, live until its terminal message arrives. Fails with `limit` when
    /// all are in use.
    Result<std::uint32_t> open_id();
    std::size_t live_ids() const { return live_.size(); }

    /// Sends one message; what the socket does not take is queued. `unsupported`: the guest is too
    /// old for it.
    template <typename Record>
    Status send(wire::Message message, std::uint32_t id, const Record& record);
    /// Messages without content: ping, touch, shutdown.
    Status send_empty(wire::Message message, std::uint32_t id);

    /// Room for one frame's worth of bulk data, which `send_data` then sends without copying it.
    Bytes data_room() { return Bytes(data_buffer()).subspan(data_offset, data_bytes_max); }
    struct Data {
        wire::Message message = wire::Message::exec_stdin;
        std::uint32_t id = 0;
        std::size_t byte_count = 0;
    };
    /// `wire_bytes`: how long the frame is.
    Status send_data(const Data& data, std::size_t& wire_bytes);
    /// How many wire bytes of input a session of a bare port takes before it gives credit; 0: no
    /// limit of ours to heed.
    std::uint32_t stdin_window_bytes() const { return is_port_ ? guest_.stdin_window_bytes : 0; }

    /// Between `hold` and `flush` frames are collected, to leave in one system call.
    void hold() { stream_->hold(); }
    Status flush() { return stream_->flush(); }
    std::size_t queued_bytes() const { return stream_->queued_bytes(); }

    /// The next message that is already here; `found` says whether there is one.
    Status next(Incoming& out, bool& found);
    /// One read without waiting. Sets `closed` when the other side has ended.
    Status read_now(bool& closed);
    /// The next message, waiting for it: `timed_out`, `closed`, or what is wrong with the stream.
    Status receive(Incoming& out, Nanoseconds deadline_ns = forever);

  private:
    static constexpr std::size_t data_offset = 96;
    static_assert(data_offset >= wire::headroom_bytes + 11);

    Status read_range(Nanoseconds deadline_ns);
    Status read_ready(Nanoseconds deadline_ns);
    Status read_handshake_frame(Nanoseconds deadline_ns, wire::Envelope& out);
    Status take_ready(const wire::Envelope& envelope);
    Status transmit(const wire::Address& address, Bytes buffer, std::size_t payload_bytes);
    std::vector<std::uint8_t>& data_buffer();
    bool close_id(std::uint32_t id);
    bool is_live(std::uint32_t id) const;
    bool take_frame(const wire::Frame& frame, const wire::Envelope& envelope, Incoming& out);

    std::optional<FrameStream> stream_;
    GuestInfo guest_;
    std::uint8_t generation_ = 0;
    std::uint8_t version_sent_ = generation_own;
    bool is_port_ = false;
    std::uint32_t id_begin_ = 0;
    std::uint32_t id_end_ = 0;
    std::uint32_t id_next_ = 0;
    std::vector<std::uint32_t> live_;  // few: a search is cheaper than any table
    std::vector<std::uint8_t> data_;
    std::vector<std::uint8_t> scratch_;
};

template <typename Record>
Status Connection::send(wire::Message message, std::uint32_t id, const Record& record) {
    // Only an exec request can be long; the buffer grows until it fits, or until a frame cannot
    // hold it.
    if (scratch_.empty()) scratch_.resize(4 * KiB);
    for (;;) {
        const Bytes buffer(scratch_);
        cbor::Writer writer(buffer.subspan(wire::headroom_bytes));
        encode(writer, record);
        if (writer.ok()) return transmit({version_sent_, id, message}, buffer, writer.written());
        if (scratch_.size() >= wire::frame_length_max / 2) return {Code::limit};
        scratch_.resize(scratch_.size() * 8);
    }
}

}  // namespace pronto::client
