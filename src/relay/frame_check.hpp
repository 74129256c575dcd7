// SPDX-License-Identifier: Apache-2.0
// What a client may send to the guest. One wrong envelope ends a released guest, so nothing
// unchecked passes. Pure.
#pragma once

#include "core/wire/control.hpp"
#include "core/wire/frame.hpp"
#include "core/wire/message.hpp"
#include "relay/context.hpp"
#include "relay/id_ranges.hpp"

namespace pronto::relay {

struct Sender {
    const IdRanges* ranges = nullptr;
    std::uint32_t slot = 0;
    const GuestFacts* guest = nullptr;
};

struct Verdict {
    bool pass = false;
    wire::Message message = wire::Message::count_;  ///< when it passes
    wire::ErrorKind kind =
        wire::ErrorKind::malformed_message;  ///< when it does not, and why in words
    std::string_view reason = {};
    std::string_view offending_type = {};  ///< valid as long as the frame
};

Verdict check_frame(const Sender& sender, const wire::Frame& frame);

/// Writes a core.error frame. Precondition: `out` holds reply_bytes_max. Long type names are left
/// out.
Bytes write_refusal(std::uint32_t id, const Verdict& verdict, Bytes out);

}  // namespace pronto::relay
