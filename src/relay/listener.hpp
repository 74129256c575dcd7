// SPDX-License-Identifier: Apache-2.0
// Where clients come in: accepted while there is room, refused when they are somebody else's. One
// thread.
#pragma once

#include "io/owned_fd.hpp"
#include "relay/client_output.hpp"
#include "relay/client_table.hpp"

namespace pronto::relay {

class Listener {
  public:
    Listener(Context& context, ClientTable& clients, ClientOutput& output)
        : context_(context), clients_(clients), output_(output) {}

    /// `fd` listens, non-blocking.
    void open(io::OwnedFd fd) { fd_ = static_cast<io::OwnedFd&&>(fd); }
    /// Nobody is accepted any more; who has not been yet, sees the socket close.
    void close();
    void arm();
    void on_accept(std::int32_t result);

  private:
    void admit(io::OwnedFd client);
    void refuse(Counter counter, Error error);

    Context& context_;
    ClientTable& clients_;
    ClientOutput& output_;
    io::OwnedFd fd_;
    bool accepting_ = false;
    bool closed_ = false;
    Nanoseconds back_off_until_ns_ = 0;
};

}  // namespace pronto::relay
