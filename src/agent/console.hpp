// SPDX-License-Identifier: Apache-2.0
// Lines for the guest's console (descriptor 2): what failed, where, what follows. Quiet when all is
// well, because a serial console is slow. No heap, no locale.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/error.hpp"

namespace pronto::agent {

/// Text put together on the stack; what does not fit is cut off.
class Line {
  public:
    Line& operator<<(std::string_view text);
    Line& operator<<(std::int64_t number);
    Line& operator<<(Error error);
    std::string_view text() const { return {buffer_.data(), used_}; }

  private:
    std::array<char, 400> buffer_;
    std::size_t used_ = 0;
};

/// One write to the console, prefixed "pronto-agent: ". Failing to write is ignored: there is
/// nobody else to tell.
void print(const Line& line);

}  // namespace pronto::agent
