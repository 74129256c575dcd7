// SPDX-License-Identifier: Apache-2.0
// Looking into a frame's envelope without changing a byte of it, so that it can be forwarded as it
// came. Pure.
#pragma once

#include <optional>

#include "core/bytes.hpp"
#include "core/error.hpp"
#include "core/wire/message.hpp"

namespace pronto::relay {

struct EnvelopePeek {
    std::optional<wire::Message> message;  ///< empty when the catalogue does not hold the type
    std::string_view type_name;  ///< for telling the sender; empty when it is not in one piece
};

/// As liberal as the guest's decoder: what it would refuse is an error here. An unknown type is
/// not.
Status peek_envelope(Bytes body, EnvelopePeek& out);

}  // namespace pronto::relay
