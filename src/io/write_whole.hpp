// SPDX-License-Identifier: Apache-2.0
// A short text to a descriptor that others read: standard error, a notification pipe. Not for bulk.
#pragma once

#include <string_view>

namespace pronto::io {

/// False when it could not be written whole. Does not wait on a descriptor that is non-blocking and
/// full.
bool write_whole(int fd, std::string_view text);

}  // namespace pronto::io
