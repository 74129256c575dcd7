// SPDX-License-Identifier: Apache-2.0
// `pronto ps`: the guests there are.
#pragma once

namespace pronto::cli {

struct PsOptions {
    bool json = false;
};

int ps_command(const PsOptions& options);

}  // namespace pronto::cli
