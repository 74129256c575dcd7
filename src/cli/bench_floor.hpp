// SPDX-License-Identifier: Apache-2.0
// Floors: the least the same work costs on this machine without any agent, measured beside it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <string>

#include "core/units.hpp"

namespace pronto::cli {

/// A static program of 128 bytes without a C library that ends at once.
std::string empty_program();

/// Starting the program and waiting for it: posix_spawn and waitpid.
Nanoseconds spawn_once(const std::string& program);

/// 25 bytes to another thread over a socket pair and back.
class PingFloor {
  public:
    PingFloor();
    ~PingFloor();
    PingFloor(const PingFloor&) = delete;
    PingFloor& operator=(const PingFloor&) = delete;
    Nanoseconds round_trip();
    /// The other thread's number.
    pid_t other_end() const { return other_; }

  private:
    int near_ = -1;
    int far_ = -1;
    unsigned long thread_ = 0;
    std::atomic<pid_t> other_ = 0;
};

/// `dd bs=64k` through a pipe of 256 KiB, a process that reads and writes 64 KiB at a time, and a
/// socket; bytes per second.
double stream_floor(std::uint64_t byte_count);

}  // namespace pronto::cli
