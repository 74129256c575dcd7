// SPDX-License-Identifier: Apache-2.0
// How a command of `pronto` ends without success: what failed, where, and what to do about it.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace pronto::cli {

// As the shells and docker have them: the command's own code, or one of these.
constexpr int exit_timed_out = 124;
constexpr int exit_failed = 125;  ///< we failed, not the command
constexpr int exit_not_executable = 126;
constexpr int exit_not_found = 127;
constexpr int exit_signal_base = 128;  ///< plus the signal's number

/// Thrown by whatever a command calls; main prints it. Everything that was begun is undone by
/// destructors.
struct Failure {
    std::string message;
    std::string hint;  ///< may be empty
    int exit_code = exit_failed;
};

[[noreturn]] void fail(std::string message, std::string hint = {});
/// "cannot WHAT: " and the reason errno gives.
[[noreturn]] void fail_errno(std::string_view what);

/// The sentence for an error, with the system's own words where there are any.
std::string reason(Error error);

/// One line on standard error, for what the user should know and did not ask for.
void note(std::string_view text);

}  // namespace pronto::cli
