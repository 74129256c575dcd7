// SPDX-License-Identifier: Apache-2.0
// Signals to this command as something to poll for: no handler runs, so every way out undoes what
// was done.
#pragma once

#include "io/owned_fd.hpp"

namespace pronto::cli {

class Signals {
  public:
    /// From here on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGWINCH only make `fd` readable. SIGPIPE
    /// is ignored.
    Signals();

    int fd() const { return fd_.get(); }
    /// The next signal, or 0.
    int take() const;
    /// Throws when a signal that should end us has come; for waits in which there is nothing to
    /// forward it to.
    void stop_if_asked() const;

  private:
    io::OwnedFd fd_;
};

}  // namespace pronto::cli
