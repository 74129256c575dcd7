// SPDX-License-Identifier: Apache-2.0
#include "cli/verdict.hpp"

#include <array>

#include <fmt/format.h>

#include "cli/failure.hpp"

namespace pronto::cli {

int exit_code_of(const wire::ExecExited& exited) {
    if (exited.has_verdict && exited.signal != 0) return exit_signal_base + exited.signal;
    if (exited.code < 0) return exit_signal_base;
    return exited.code & 0xff;
}

int exit_code_of(const wire::ExecFailure& failure) {
    if (failure.kind == "not_found") return exit_not_found;
    constexpr std::array cannot_be_run{"permission_denied", "not_executable", "bad_cwd", "bad_args",
                                       "user_setup_failed"};
    for (const std::string_view kind : cannot_be_run) {
        if (failure.kind == kind) return exit_not_executable;
    }
    return exit_failed;
}

std::string explain(const wire::ExecFailure& failure, std::string_view command) {
    std::string text = fmt::format("cannot run {}: {}", command, failure.message);
    if (!failure.errno_name.empty()) text += fmt::format(" ({})", failure.errno_name);
    return text;
}

}  // namespace pronto::cli
