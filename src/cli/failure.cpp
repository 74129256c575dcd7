// SPDX-License-Identifier: Apache-2.0
#include "cli/failure.hpp"

#include <errno.h>
#include <string.h>

#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace pronto::cli {

void fail(std::string message, std::string hint) {
    throw Failure{std::move(message), std::move(hint)};
}

void fail_errno(std::string_view what) {
    const int number = errno;
    fail(fmt::format("cannot {}: {}", what, strerrordesc_np(number)));
}

std::string reason(Error error) {
    if (error.system_errno == 0) return std::string(describe(error.code));
    return strerrordesc_np(error.system_errno);
}

void note(std::string_view text) { fmt::print(stderr, "pronto: {}\n", text); }

}  // namespace pronto::cli
