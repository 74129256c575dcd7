// SPDX-License-Identifier: Apache-2.0
// The guest's frames, by id, to whom they are for. Headers only: a frame's body is neither decoded
// nor waited for, but forwarded as it arrives. Before ready all frames are the boot's; afterwards
// id 0 is the relay's own. One thread.
#pragma once

#include "relay/boot.hpp"
#include "relay/client_intake.hpp"
#include "relay/client_output.hpp"
#include "relay/guest_link.hpp"

namespace pronto::relay {

class Router {
  public:
    struct Parts {
        Context* context;
        ClientTable* clients;
        GuestLink* guest;
        ClientOutput* output;
        ClientIntake* intake;
        Leases* leases;
        Boot* boot;
    };
    explicit Router(const Parts& parts)
        : context_(*parts.context),
          clients_(*parts.clients),
          guest_(*parts.guest),
          output_(*parts.output),
          intake_(*parts.intake),
          leases_(*parts.leases),
          boot_(*parts.boot) {}

    /// Routes what has arrived. An error when the stream makes no sense.
    Status route();
    /// Another guest: its stream begins anew.
    void reset() { current_ = {}; }
    /// The last `route` stopped at a frame that its client cannot be given now.
    bool held() const { return held_; }

  private:
    /// The frame under way.
    struct Current {
        std::uint64_t left_bytes = 0;
        std::uint32_t slot = slot_none;  ///< `slot_none`: dropped
        std::uint32_t id = 0;
        std::uint8_t flags = 0;
        bool is_error = false;  ///< its type is core.error
    };
    enum class Step : std::uint8_t { routed, wait };

    Step step(Bytes data, std::size_t& used, Status& status);
    Step forward(Bytes data, std::size_t& used);
    Step begin_frame(Bytes data, std::size_t& used, Status& status);
    Step own_frame(Bytes data, std::uint64_t wire_bytes, std::size_t& used);
    Status bad_length(std::uint64_t wire_bytes, std::uint32_t length);
    void begin_drop(std::uint64_t wire_bytes, Counter reason);
    void begin_client_frame(Bytes data, std::uint64_t wire_bytes);
    void finish_frame();
    void control(Bytes frame_bytes);

    Context& context_;
    ClientTable& clients_;
    GuestLink& guest_;
    ClientOutput& output_;
    ClientIntake& intake_;
    Leases& leases_;
    Boot& boot_;
    Current current_;
    bool held_ = false;
};

}  // namespace pronto::relay
