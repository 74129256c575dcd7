// SPDX-License-Identifier: Apache-2.0
// Memory straight from the kernel: reserved at start, resident only where touched, given back
// without being unmapped.
#pragma once

#include "core/bytes.hpp"
#include "core/error.hpp"

namespace pronto::io {

/// Zeroed, page-aligned memory for the life of the process; empty when the kernel refuses.
Bytes reserve(std::size_t bytes);

/// Gives the whole pages inside `range` back to the kernel; they read as zero afterwards.
void give_back_pages(Bytes range);

/// The same `bytes` of memory mapped twice in a row, so that a record that passes the end is still
/// contiguous. `bytes` is a power of two and a multiple of the page. The first copy is returned; it
/// may be read to twice its size. `fd` ≥ 0 maps that file (at least `bytes` long) instead of fresh
/// memory.
Status map_mirrored(std::size_t bytes, int fd, Bytes& out);
void unmap_mirrored(Bytes first_copy);

constexpr std::size_t page_bytes = 4096;

}  // namespace pronto::io
