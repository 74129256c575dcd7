// SPDX-License-Identifier: Apache-2.0
// Assertions for programmer mistakes. On in release builds; never used on input from the other
// side.
#pragma once

namespace pronto {

/// Called once with the failed condition; must not return. Any thread.
using FatalHook = void (*)(const char* condition, const char* file, int line);

/// Replaces the hook (default: trap). Call before any other thread runs; not thread-safe.
void set_fatal_hook(FatalHook hook);

/// Calls the hook, and traps if it returns.
[[noreturn]] void fatal(const char* condition, const char* file, int line);

}  // namespace pronto

#define PRONTO_ASSERT(condition)                         \
 do {                                                    \
  if (!(condition)) [[unlikely]]                         \
   ::pronto::fatal(#condition, __FILE_NAME__, __LINE__); \
 } while (false)

#define PRONTO_UNREACHABLE() ::pronto::fatal("unreachable", __FILE_NAME__, __LINE__)

// For measured hot loops only: checked where tests run, gone in release.
#ifdef PRONTO_DEEP_CHECKS
# define PRONTO_DASSERT(condition) PRONTO_ASSERT(condition)
#else
# define PRONTO_DASSERT(condition) static_cast<void>(0)
#endif
