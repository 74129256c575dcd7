// SPDX-License-Identifier: Apache-2.0
// One line of text for a person or a script, put together on the stack; what does not fit is cut
// off.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/error.hpp"

namespace pronto::relay {

class Line {
  public:
    Line& operator<<(std::string_view text);
    Line& operator<<(std::uint64_t number);
    /// The error's sentence, and the system's for its errno.
    Line& operator<<(Error error);
    /// A JSON string, quoted.
    Line& quoted(std::string_view text);

    std::string_view text() const { return {buffer_.data(), used_}; }
    /// One write, with a newline behind it. Failing is ignored: there is nobody else to tell.
    void print(int fd);

  private:
    std::array<char, 2048> buffer_;
    std::size_t used_ = 0;
};

}  // namespace pronto::relay
