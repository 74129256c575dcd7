// SPDX-License-Identifier: Apache-2.0
#include "core/checksum.hpp"

#define XXH_INLINE_ALL
#define XXH_NO_STREAM
#define XXH_NO_STDLIB
#include <xxhash.h>

namespace pronto {

std::uint64_t checksum(ByteView bytes, std::uint64_t seed) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace pronto
