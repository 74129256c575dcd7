// SPDX-License-Identifier: Apache-2.0
// Lines of a text file through a fixed buffer. Lines longer than the buffer are skipped whole.
#pragma once

#include <array>
#include <string_view>

#include "core/error.hpp"
#include "io/owned_fd.hpp"

namespace pronto::agent {

class LineReader {
  public:
    Status open(const char* path);
    /// The next line without its end; false at the end of the file. Valid until the next call.
    bool next(std::string_view& line);

  private:
    bool fill();

    io::OwnedFd fd_;
    std::array<char, 4096> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool skipping_ = false;
    bool at_end_ = false;
};

/// The part of `line` up to `separator`; `line` then begins behind it.
std::string_view take_field(std::string_view& line, char separator);

/// A decimal number that fits 32 bits and nothing else.
bool parse_number(std::string_view text, std::uint32_t& out);

}  // namespace pronto::agent
