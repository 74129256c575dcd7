// SPDX-License-Identifier: Apache-2.0
// The guest's byte stream. From it: the kernel writes into a ring, from which frames are sent on
// without a copy. To it: one batch at a time, the relay's own frames first. Knows nothing of
// clients. One thread. The ring is the one that an embedder's device thread fills instead, once
// there is such an embedder.
#pragma once

#include "core/spsc_ring.hpp"
#include "io/owned_fd.hpp"
#include "relay/context.hpp"
#include "relay/control_lane.hpp"

namespace pronto::relay {

class GuestLink {
  public:
    explicit GuestLink(Context& context) : context_(context) {}

    Status open();
    /// Precondition: none is attached, and the operations on the last one have completed.
    void attach(io::OwnedFd fd);
    /// Ends the stream; operations on it complete soon.
    void detach();
    bool attached() const { return fd_.valid() && !detaching_; }
    bool gone() const { return operations_ == 0 && !attached(); }
    bool heard() const { return heard_; }

    // --- from the guest ---
    void arm_receive();
    /// False when the stream is over; `status` says whether orderly.
    bool on_receive(std::int32_t result, Status& status);
    /// What has arrived and was not routed yet. An error when the ring's indices are impossible.
    Status unrouted(Bytes& out);
    /// The front is on its way, or dropped. Its memory stays until `settle_ring`.
    void routed(std::size_t byte_count) { routed_bytes_ += byte_count; }
    /// All sends out of the ring are decided.
    void settle_ring();

    // --- to the guest ---
    ControlLane& lane() { return lane_; }
    bool idle() const { return batch_ == Batch::none && attached(); }
    /// Precondition: `idle`. Takes what the lane holds; then clients' runs are added, then it is
    /// submitted.
    void begin_batch();
    void add(ByteView run) { parts_.push(run); }
    std::size_t batch_bytes() const { return parts_.bytes(); }
    void submit_batch();
    bool quiet() const { return batch_ == Batch::quiet; }
    /// A quiet send was not sent whole: goes on as a waiting one. An error when the stream is
    /// broken.
    Status on_quiet(std::int32_t result);
    Status on_send(std::int32_t result);
    /// After the turn's quiet sends are decided. True when a batch is done: its runs are free.
    bool settle_batch();

  private:
    enum class Batch : std::uint8_t { none, quiet, waiting, done };

    Status account(std::int32_t result);
    void send_rest();
    void finish_operation();

    Context& context_;
    io::OwnedFd fd_;
    bool is_socket_ = false;
    bool detaching_ = false;
    bool heard_ = false;
    bool receiving_ = false;
    Batch batch_ = Batch::none;
    std::uint32_t operations_ = 0;
    std::uint32_t generation_ = 0;

    RingHeader header_{};
    Bytes ring_;
    RingProducer producer_;
    RingConsumer consumer_;
    std::size_t routed_bytes_ = 0;

    ControlLane lane_;
    std::size_t lane_bytes_ = 0;  ///< of the lane, in this batch
    Gather<batch_parts_max> parts_;
};

}  // namespace pronto::relay
