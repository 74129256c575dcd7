// SPDX-License-Identifier: Apache-2.0
#include "cli/verdict.hpp"

#include <gtest/gtest.h>

namespace pronto::cli {
namespace {

wire::ExecExited verdict(int code, std::uint8_t signal) {
    wire::ExecExited exited;
    exited.code = code;
    exited.signal = signal;
    exited.has_verdict = true;
    return exited;
}

TEST(Verdict, EveryCodeOfTheCommandIsItsOwn) {
    for (int code = 0; code < 256; ++code)
        EXPECT_EQ(exit_code_of(verdict(code, 0)), code);
}

TEST(Verdict, EverySignalIsOneHundredAndTwentyEightMore) {
    for (std::uint8_t signal = 1; signal <= 64; ++signal) {
        EXPECT_EQ(exit_code_of(verdict(-1, signal)), 128 + signal);
    }
}

TEST(Verdict, DeathByAnUnknownSignalIsStillDeathByASignal) {
    wire::ExecExited exited;
    exited.code = -1;
    EXPECT_EQ(exit_code_of(exited), 128);
}

struct FailureCase {
    const char* kind;
    int exit_code;
};

TEST(Verdict, KindsOfFailureHaveTheirCodes) {
    constexpr FailureCase cases[] = {
        {"not_found", 127},      {"permission_denied", 126}, {"not_executable", 126},
        {"bad_cwd", 126},        {"bad_args", 126},          {"user_setup_failed", 126},
        {"resource_limit", 125}, {"out_of_memory", 125},     {"pty_setup_failed", 125},
        {"other", 125},          {"of the future", 125},
    };
    for (const FailureCase& each : cases) {
        wire::ExecFailure failure;
        failure.kind = each.kind;
        EXPECT_EQ(exit_code_of(failure), each.exit_code) << each.kind;
    }
}

TEST(Verdict, ExplanationNamesCommandReasonAndErrno) {
    wire::ExecFailure failure;
    failure.kind = "not_found";
    failure.message = "no such file";
    failure.errno_name = "ENOENT";
    EXPECT_EQ(explain(failure, "nothing"), "cannot run nothing: no such file (ENOENT)");
}

}  // namespace
}  // namespace pronto::cli
