// SPDX-License-Identifier: Apache-2.0
// Pipes and terminals made ahead of need while the agent is idle, so that a start does not wait for
// their making.
#pragma once

#include <array>

#include "io/stdio_pipes.hpp"

namespace pronto::agent {

class SpareStdio {
  public:
    /// A spare, or a fresh one when there is none.
    Status take(io::StdioPipes& out);
    Status take(io::Pty& out);

    /// Makes one that is missing; false when there was none to make. Terminals are kept only once
    /// one was asked for.
    bool refill();

  private:
    static constexpr std::uint32_t pipes_max = 4;
    static constexpr std::uint32_t ptys_max = 2;

    std::array<io::StdioPipes, pipes_max> pipes_;
    std::array<io::Pty, ptys_max> ptys_;
    std::uint32_t pipes_count_ = 0;
    std::uint32_t ptys_count_ = 0;
    bool terminals_wanted_ = false;
    bool failed_ = false;  ///< out of descriptors or of ptys: no more refilling until a fresh one
                           ///< could be made
};

}  // namespace pronto::agent
