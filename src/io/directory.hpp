// SPDX-License-Identifier: Apache-2.0
// Reading a directory and joining paths without a heap.
#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <string_view>

#include "core/error.hpp"
#include "io/owned_fd.hpp"

namespace pronto::io {

/// Names of a directory's entries, "." and ".." left out.
class DirectoryReader {
  public:
    Status open(const char* path);
    /// Empty at the end; valid until the next call. Read errors end the listing.
    std::string_view next();

  private:
    OwnedFd fd_;
    alignas(8) std::array<char, 2048> buffer_;
    std::size_t position_ = 0;
    std::size_t filled_ = 0;
};

/// Writes the parts with "/" between them and a NUL behind; false when they do not fit.
bool join_path(std::span<char> out, std::initializer_list<std::string_view> parts);

}  // namespace pronto::io
