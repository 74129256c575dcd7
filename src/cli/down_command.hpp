// SPDX-License-Identifier: Apache-2.0
// `pronto down`: shuts a guest down and removes what is left of it.
#pragma once

#include <string>

namespace pronto::cli {

struct DownOptions {
    std::string name;
    double timeout_seconds = 10;
};

int down_command(const DownOptions& options);

}  // namespace pronto::cli
