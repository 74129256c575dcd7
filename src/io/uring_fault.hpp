// SPDX-License-Identifier: Apache-2.0
// Faults on purpose: short reads and writes, EAGAIN and EINTR, by a seeded generator. Only in
// builds with deep checks, and only once asked for; elsewhere these are empty functions. One ring
// per process.
#pragma once

#include <cstdint>

struct io_uring_sqe;

namespace pronto::io::fault {

#ifdef PRONTO_DEEP_CHECKS
/// One operation in `rarity` is disturbed; 0 turns faults off. The same seed disturbs the same
/// operations.
void inject(std::uint64_t seed, std::uint32_t rarity);
std::uint64_t injected();
void at_preparation(io_uring_sqe* entry);
std::int32_t at_completion(std::uint64_t user_data, std::int32_t result);
#else
inline void at_preparation(io_uring_sqe*) {}
inline std::int32_t at_completion(std::uint64_t, std::int32_t result) { return result; }
#endif

}  // namespace pronto::io::fault
