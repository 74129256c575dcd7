// SPDX-License-Identifier: Apache-2.0
// The daemon's command line, as data. Texts live as long as the process.
#pragma once

#include <string_view>

#include "relay/options.hpp"

namespace pronto::relay {

enum class GuestKind : std::uint8_t { connect, listen, descriptor };

struct Settings {
    GuestKind guest = GuestKind::connect;
    std::string_view guest_path;  ///< of `connect` and `listen`
    int guest_fd = -1;            ///< of `descriptor`
    std::string_view socket_path;
    int ready_fd = -1;  ///< told "listening" and "ready", a line each; −1: nobody
    bool json = false;
    bool quiet = false;
    Options options;
};

}  // namespace pronto::relay
