// SPDX-License-Identifier: Apache-2.0
// The frame: [length u32 BE][id u32 BE][flags u8][body], `length` counting what follows it. Format:
// docs/WIRE.md section 1.
#pragma once

#include "core/bytes.hpp"
#include "core/error.hpp"
#include "core/units.hpp"

namespace pronto::wire {

constexpr std::size_t length_field_bytes = 4;
constexpr std::size_t header_bytes = 9;
constexpr std::uint32_t frame_length_min = 5;
constexpr std::uint32_t frame_length_max = 4 * MiB;
constexpr std::size_t frame_wire_bytes_max = length_field_bytes + frame_length_max;

/// The headerless framing is [length u32 BE][body], `length` counting the body.
constexpr std::uint32_t headerless_length_min = 1;

constexpr std::uint8_t flag_terminal = 0x01;
constexpr std::uint8_t flag_session_start = 0x02;
constexpr std::uint8_t flag_shutdown = 0x04;

/// A frame in somebody's buffer; valid as long as the buffer is.
struct Frame {
    std::uint32_t id = 0;
    std::uint8_t flags = 0;
    Bytes body{};
};

enum class Scan : std::uint8_t {
    frame,       ///< `frame` is complete; `wire_bytes` is its whole extent
    incomplete,  ///< `wire_bytes` more or less: 0 while the length is unknown, else the whole
                 ///< frame's extent
    bad,  ///< the length is outside the limits; `wire_bytes` (up to 4 GiB) are to be skipped as
          ///< they arrive
};

struct Scanned {
    Scan outcome = Scan::incomplete;
    Error error{};
    std::uint64_t wire_bytes = 0;
    Frame frame{};
};

/// Looks at the front of a byte stream.
Scanned scan_frame(Bytes input);

/// The same for the headerless framing. The id is in the body (`decode_headerless`), so the frame's
/// id and flags are 0.
Scanned scan_headerless(Bytes input);

/// Writes the nine header bytes. `body_bytes` ≤ frame_length_max − 5.
void encode_header(Bytes out, std::uint32_t id, std::uint8_t flags, std::size_t body_bytes);

}  // namespace pronto::wire
