// SPDX-License-Identifier: Apache-2.0
// Where a session's output goes: a descriptor of ours that never makes us wait in a write, or a
// string.
#pragma once

#include <optional>
#include <string>

#include "core/bytes.hpp"
#include "io/owned_fd.hpp"

namespace pronto::cli {

class Output {
  public:
    /// Writes to `fd`, which stays as it is for whoever shares it with us.
    explicit Output(int fd);
    /// Collects into the string.
    explicit Output(std::string& collected) : collected_(&collected) {}

    /// Writes what goes without waiting and returns the rest. Nobody reads any more: sets `broken`.
    Bytes write(Bytes data);
    bool broken() const { return broken_; }
    /// What to poll for room.
    int fd() const { return own_.valid() ? own_.get() : fd_; }

  private:
    std::string* collected_ = nullptr;
    int fd_ = -1;
    io::OwnedFd own_;
    bool is_socket_ = false;
    bool broken_ = false;
};

}  // namespace pronto::cli
