// SPDX-License-Identifier: Apache-2.0
// Frames on their way to the host, in two lanes: control frames overtake bulk output, frames of a
// lane keep their order, and a frame that has begun is finished first. One write is in flight at a
// time. One thread.
#pragma once

#include <array>

#include "agent/output_arena.hpp"
#include "core/cbor/writer.hpp"
#include "core/fifo.hpp"
#include "core/wire/control.hpp"
#include "core/wire/exec.hpp"
#include "io/serial_port.hpp"

namespace pronto::agent {

enum class Lane : std::uint8_t { control, bulk };

/// Told when the last byte of a session's output frame has left.
struct OutputDone {
    std::uint32_t session;
    std::uint32_t generation;
};

class Outbox {
  public:
    Status open(OutputArena& arena, std::uint8_t generation);

    /// Frames that still fit. Senders of replies keep `limits::control_frames_reserve` free by not
    /// taking more input.
    std::uint32_t control_free() const { return control_.free_count(); }

    /// Encodes a small payload into a control slot and queues it. Precondition: control_free() > 0.
    template <typename Payload>
    void send(wire::Message message, std::uint32_t id, const Payload& payload,
              Lane lane = Lane::control) {
        const std::uint32_t slot = take_control();
        cbor::Writer writer = payload_writer(slot);
        encode(writer, payload);
        queue_control(slot, writer, {generation_, id, message}, lane);
    }
    /// The same for payloads without fields.
    void send_empty(wire::Message message, std::uint32_t id);
    void send_failure(wire::Message message, std::uint32_t id, const wire::ExecFailure& failure);

    /// Wraps `byte_count` bytes that lie in an output slot and queues them; the frame's wire bytes.
    struct Output {
        wire::Message message = wire::Message::exec_stdout;
        std::uint32_t id = 0;
        std::uint32_t slot = 0;
        std::size_t byte_count = 0;
        OutputDone owner{};
    };
    std::size_t send_output(const Output& output);

    bool idle() const {
        return !in_flight_ && part_count_ == 0 && control_lane_.empty() && bulk_lane_.empty();
    }
    bool in_flight() const { return in_flight_; }
    /// The write in flight makes no completion when all of it went out at once.
    bool quiet() const { return in_flight_ && quiet_; }
    /// More is queued behind a quiet write, whose end wakes nobody.
    bool held_up() const { return quiet() && !(control_lane_.empty() && bulk_lane_.empty()); }

    /// Starts a write when there is something to write and none is in flight.
    void start(io::Uring& uring, const io::SerialPort& port, io::Op op);

    /// A write ended with `result`. Frees what is done; `done` is filled with the sessions of
    /// finished output frames. Errors other than "again" are for the caller: the frames stay
    /// queued.
    std::span<const OutputDone> completed(std::int32_t result);

    /// The quiet write was submitted and no completion came: all of it has left.
    std::span<const OutputDone> completed_quietly() {
        return completed(static_cast<std::int32_t>(bytes_in_flight_));
    }

    /// The host is gone: drops everything queued. Sessions of dropped output are returned as from
    /// `completed`. Precondition: no write in flight.
    std::span<const OutputDone> drop_all();

  private:
    static constexpr std::uint32_t parts_max = 16;
    /// A device takes 32 KiB a write, so anything committed behind the first bulk frame would only
    /// wait in front of control frames; a socket takes several at once.
    static constexpr std::uint32_t bulk_parts_device = 1;
    static constexpr std::uint32_t bulk_parts_socket = 4;

    struct Part {
        std::uint8_t* data;
        std::uint32_t byte_count;
        std::uint32_t slot;
        OutputDone owner;
        bool is_output;  ///< the slot is the arena's, else a control slot
    };

    std::uint32_t take_control();
    Bytes control_slot(std::uint32_t slot) const;
    cbor::Writer payload_writer(std::uint32_t slot) const;
    void queue_control(std::uint32_t slot, const cbor::Writer& writer, const wire::Address& address,
                       Lane lane);
    void commit(Part part);
    void release(const Part& part);

    OutputArena* arena_ = nullptr;
    Bytes control_memory_;
    SlotStack<limits::control_slots> control_;
    Fifo<Part, 2048> control_lane_;
    Fifo<Part, 1024> bulk_lane_;
    static_assert(2048 >= limits::control_slots);
    static_assert(1024 >= limits::output_slots + limits::sessions_max);

    // What is committed to the wire's order, the first possibly written in part.
    std::array<Part, parts_max> parts_;
    std::array<iovec, parts_max> vectors_;
    msghdr message_{};
    std::uint32_t part_count_ = 0;
    std::array<OutputDone, 1024 + parts_max> done_;
    std::uint32_t done_count_ = 0;
    std::uint8_t generation_ = 0;
    std::uint32_t bytes_in_flight_ = 0;
    bool in_flight_ = false;
    bool quiet_ = false;
    bool was_short_ =
        false;  ///< the socket was full: the next write waits for room, and says when it is done
};

}  // namespace pronto::agent
