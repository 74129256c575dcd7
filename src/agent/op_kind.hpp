// SPDX-License-Identifier: Apache-2.0
// The agent's own numbering of operations on its ring.
#pragma once

#include <cstdint>

#include "io/op.hpp"

namespace pronto::agent {

enum class OpKind : std::uint8_t {
    ignored,  ///< cancellations and closes: nobody waits for them
    port_read,
    port_write,
    signal,
    output_read,  ///< slot: session * 2 + stream
    stdin_write,  ///< slot: the stdin slot being written
};

constexpr io::Op make_op(OpKind kind, std::uint32_t slot = 0, std::uint32_t generation = 0) {
    return {static_cast<std::uint8_t>(kind), slot, generation};
}

}  // namespace pronto::agent
