// SPDX-License-Identifier: Apache-2.0
// `pronto up`: starts a guest that stays.
#pragma once

#include "cli/guest_options.hpp"

namespace pronto::cli {

struct UpOptions {
    std::string name;
    GuestOptions guest;
    bool verbose = false;
    bool json = false;
};

int up_command(const UpOptions& options);

}  // namespace pronto::cli
