// SPDX-License-Identifier: Apache-2.0
// The relay's own frames to the guest. They go before the clients' in every batch. Bounded: who is
// refused comes back.
#pragma once

#include "core/wire/control.hpp"
#include "relay/byte_queue.hpp"
#include "relay/context.hpp"

namespace pronto::relay {

class ControlLane {
  public:
    void attach(Bytes memory, Counters<Counter>& counters) {
        queue_.attach(memory);
        counters_ = &counters;
    }

    // Each is false when the lane has no room for it now.
    [[nodiscard]] bool bootstrap();
    [[nodiscard]] bool init_ack(std::uint8_t version, std::uint32_t client_window_bytes);
    [[nodiscard]] bool kill(std::uint32_t id);
    [[nodiscard]] bool client_disconnected(std::uint32_t id_start, std::uint32_t id_end_exclusive);
    [[nodiscard]] bool ping(std::uint32_t id);
    [[nodiscard]] bool credit(std::uint32_t id, std::uint32_t bytes);
    [[nodiscard]] bool shutdown();

    ByteQueue& queue() { return queue_; }

  private:
    template <typename Payload>
    bool push(wire::Message message, std::uint32_t id, const Payload& payload);
    bool push_encoded(wire::Message message, std::uint32_t id, Bytes buffer,
                      std::size_t payload_bytes);

    ByteQueue queue_;
    Counters<Counter>* counters_ = nullptr;
    std::uint8_t version_ = 6;
};

}  // namespace pronto::relay
