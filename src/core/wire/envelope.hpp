// SPDX-License-Identifier: Apache-2.0
// The envelope: a CBOR map {v, t, p} around each payload, and the headroom it needs in front of
// one.
#pragma once

#include "core/wire/message.hpp"

namespace pronto::wire {

/// Room that must be free in front of a payload so that `seal` can put header and envelope there.
/// header 9, map 1, "v" 2 + 2, "t" 2 + name head 2 + name, "p" 2 + byte-string head 5; rounded up.
constexpr std::size_t headroom_bytes = 64;
static_assert(header_bytes + 1 + 4 + 4 + message_name_bytes_max + 7 <= headroom_bytes);

struct Envelope {
    std::uint8_t version = 0;
    std::string_view type_name{};      ///< valid as long as the frame
    std::optional<Message> message{};  ///< empty when the catalogue does not hold `type_name`
    Bytes payload{};                   ///< the content of `p`, contiguous
    /// The type or the payload came in pieces and was joined in place: the frame's bytes are no
    /// longer a frame and must not be forwarded. Never so for a peer that encodes strings in one
    /// piece, as all known ones do.
    bool rewritten = false;
};

/// Liberal. A missing or duplicate field, a wrong type, a version above 255 is an error; an unknown
/// type is not.
Status decode_envelope(Bytes body, Envelope& out);

/// The body of a headerless frame, which names its session in a fourth required key `id`.
Status decode_headerless(Bytes body, Envelope& out, std::uint32_t& id);

/// What a frame carries besides its payload.
struct Address {
    std::uint8_t version = 0;  ///< generation of the sender
    std::uint32_t id = 0;
    Message message = Message::ping;
};

/// Bytes that `seal` puts in front of a payload.
std::size_t prefix_bytes(const Address& address, std::size_t payload_bytes);

/// Writes header and envelope right-aligned in front of the payload at `buffer[payload_offset ..]`
/// and returns the whole frame. Preconditions: payload_offset ≥ headroom_bytes, payload within the
/// buffer and the frame limit.
Bytes seal(Bytes buffer, std::size_t payload_offset, std::size_t payload_bytes,
           const Address& address);

/// `prefix_bytes` and `seal` for the headerless framing; the same headroom will do.
std::size_t headerless_prefix_bytes(const Address& address, std::size_t payload_bytes);
Bytes seal_headerless(Bytes buffer, std::size_t payload_offset, std::size_t payload_bytes,
                      const Address& address);

}  // namespace pronto::wire
