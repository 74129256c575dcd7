// SPDX-License-Identifier: Apache-2.0
// From the guest's first byte to its core.ready. Format: docs/WIRE.md section 4. One thread.
#pragma once

#include "relay/control_lane.hpp"
#include "relay/guest_link.hpp"

namespace pronto::relay {

class Boot {
  public:
    Boot(Context& context, GuestLink& guest) : context_(context), guest_(guest) {}

    Status open();
    /// A guest has been attached; its silence counts from now.
    void begin();
    /// One whole frame from before ready. One that is not understood is passed over.
    void frame(Bytes frame_bytes);
    /// Sends the bootstrap when it is time.
    void step();
    /// Says again when `step` has something to do.
    void wake() { context_.wake_by(bootstrap_ns_); }

  private:
    bool acknowledge(std::uint8_t version);
    bool ready(Bytes frame_bytes, const wire::Envelope& envelope);

    Context& context_;
    GuestLink& guest_;
    Bytes ready_memory_;   ///< the ready frame as it came
    Bytes decode_memory_;  ///< a copy to decode, which may change it
    Nanoseconds bootstrap_ns_ = never;
    bool acknowledged_ =
        false;  ///< once: a guest that asks again and again gets no room in the lane
};

}  // namespace pronto::relay
