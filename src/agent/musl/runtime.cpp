// SPDX-License-Identifier: Apache-2.0
// The few functions that header-only parts of the standard library call and no library provides in
// the guest.
#include "core/assert.hpp"

namespace std {

[[noreturn]] void __throw_out_of_range_fmt(const char*, ...);

void __throw_out_of_range_fmt(const char*, ...) {
    pronto::fatal("a view was cut out of its range", __FILE_NAME__, 0);
}

}  // namespace std
