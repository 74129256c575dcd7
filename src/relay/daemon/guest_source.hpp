// SPDX-License-Identifier: Apache-2.0
// Where the daemon's guest comes from: a socket the VMM listens on, one it connects to, or a
// descriptor handed down.
#pragma once

#include "io/uring.hpp"
#include "relay/daemon/settings.hpp"
#include "relay/relay.hpp"

namespace pronto::relay {

class GuestSource {
  public:
    explicit GuestSource(const Settings& settings) : settings_(settings) {}

    /// Binds, where the VMM is to connect.
    Status open();
    /// Gives the relay a guest when it wants one and one is there. `next_try_ns` is when to come
    /// again at the latest. An error when none will ever come.
    Status provide(Relay& relay, Nanoseconds& next_try_ns);
    void on_accept(std::int32_t result);
    /// Removes the socket file that `open` made.
    void close();

    static constexpr std::uint8_t accept_kind = foreign_kind + 1;

  private:
    Status connect(Relay& relay, Nanoseconds& next_try_ns);

    const Settings& settings_;
    io::OwnedFd listener_;
    io::OwnedFd arrived_;
    bool accepting_ = false;
    bool spent_ = false;
    Nanoseconds pause_ns_ = 0;
    Nanoseconds try_at_ns_ = 0;
};

}  // namespace pronto::relay
