// SPDX-License-Identifier: Apache-2.0
// XXH3 of bytes: hash tables, digests of streams, record checks. Not for secrets.
#pragma once

#include "core/bytes.hpp"

namespace pronto {

/// `seed`: random where the bytes come from somebody who might choose them to collide.
std::uint64_t checksum(ByteView bytes, std::uint64_t seed = 0);

}  // namespace pronto
