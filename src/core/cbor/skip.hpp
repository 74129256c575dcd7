// SPDX-License-Identifier: Apache-2.0
// Passing over one CBOR item of any shape, which is also the check that it is well-formed. Pure;
// time is linear in the bytes passed and state is a fixed array, whatever the nesting. Text is not
// checked for UTF-8.
#pragma once

#include "core/bytes.hpp"
#include "core/error.hpp"

namespace pronto::cbor {

/// Containers and tags nest no deeper than this below the item that is passed.
constexpr int depth_max = 128;

/// Moves `position` past the item that starts there; unspecified on error.
Status skip_item(ByteView input, std::size_t& position);

}  // namespace pronto::cbor
