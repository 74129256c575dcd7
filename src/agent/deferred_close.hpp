// SPDX-License-Identifier: Apache-2.0
// Descriptors that nobody needs any more, closed when there is nothing better to do: taking three
// pipes down costs as much as telling the host that their program ended, and the host waits for
// only one of the two. One thread.
#pragma once

#include <unistd.h>

#include "core/fifo.hpp"

namespace pronto::agent {

class DeferredClose {
  public:
    void add(int fd) {
        if (!waiting_.try_push(fd)) ::close(fd);
    }
    bool empty() const { return waiting_.empty(); }
    /// Closes one; false when there is none.
    bool close_one() {
        if (waiting_.empty()) return false;
        ::close(waiting_.front());
        waiting_.pop();
        return true;
    }

  private:
    Fifo<int, 64> waiting_;
};

}  // namespace pronto::agent
