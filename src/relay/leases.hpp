// SPDX-License-Identifier: Apache-2.0
// Departures: the guest is told, and a range is not dealt again before the guest has finished with
// it. One thread. A range is finished when every process of its client has ended and an echo of the
// guest, asked for after all that, has come back; guests too old for an echo are given time
// instead.
#pragma once

#include "relay/client_table.hpp"
#include "relay/control_lane.hpp"

namespace pronto::relay {

class Leases {
  public:
    Leases(Context& context, ClientTable& clients, ControlLane& lane)
        : context_(context), clients_(clients), lane_(lane) {}

    /// The client is gone, or is sent away. Harmless when it has departed already.
    void depart(std::uint32_t slot);
    /// One operation of the client has completed.
    void operation_done(std::uint32_t slot);
    /// The guest's echo on the range's fence id.
    void fence_returned(std::uint32_t slot);
    /// Tells the guest what can be told now, and frees the ranges that are finished with.
    void step();
    /// The guest is gone: nobody waits for it.
    void release_all();

  private:
    bool tell_guest(std::uint32_t slot);
    bool over(const Client& client) const;
    void try_free(std::uint32_t slot);

    Context& context_;
    ClientTable& clients_;
    ControlLane& lane_;
};

}  // namespace pronto::relay
