// SPDX-License-Identifier: Apache-2.0
// Units and the arithmetic of sizes. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pronto {

constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;

/// A point or a span of time in nanoseconds, on whichever clock the name of the variable says.
using Nanoseconds = std::uint64_t;

constexpr Nanoseconds ns_per_us = 1'000;
constexpr Nanoseconds ns_per_ms = 1'000'000;
constexpr Nanoseconds ns_per_s = 1'000'000'000;

constexpr bool is_power_of_two(std::size_t value) {
    return value != 0 && (value & (value - 1)) == 0;
}

/// `alignment` is a power of two.
constexpr std::size_t align_up(std::size_t value, std::size_t alignment) {
    return (value + alignment - 1) & ~(alignment - 1);
}

}  // namespace pronto
