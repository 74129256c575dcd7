// SPDX-License-Identifier: Apache-2.0
#include "core/assert.hpp"

namespace pronto {

namespace {
FatalHook fatal_hook = nullptr;
}  // namespace

void set_fatal_hook(FatalHook hook) { fatal_hook = hook; }

void fatal(const char* condition, const char* file, int line) {
    if (fatal_hook != nullptr) fatal_hook(condition, file, line);
    __builtin_trap();
}

}  // namespace pronto
