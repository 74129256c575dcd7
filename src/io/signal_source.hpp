// SPDX-License-Identifier: Apache-2.0
// Signals as completions: everything is blocked, and what is asked for is read from a signalfd. One
// thread per process.
#pragma once

#include <sys/signalfd.h>

#include <array>
#include <span>

#include "io/owned_fd.hpp"
#include "io/uring.hpp"

namespace pronto::io {

class SignalSource {
  public:
    /// Blocks all signals of this thread and receives `signals`.
    Status open(std::span<const int> signals);
    /// One read in flight at a time; its completion goes to `received`.
    void arm(Uring& uring, Op op);
    /// The signals a completion brought; empty when it was an error or nothing.
    std::span<const signalfd_siginfo> received(std::int32_t result) const;

  private:
    OwnedFd fd_;
    std::array<signalfd_siginfo, 4> records_{};
};

}  // namespace pronto::io
