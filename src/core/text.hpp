// SPDX-License-Identifier: Apache-2.0
// Facts about text that arrived as bytes. Pure.
#pragma once

#include "core/bytes.hpp"

namespace pronto {

/// Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. Embedded NULs are
/// well-formed.
bool is_utf8(ByteView bytes);

}  // namespace pronto
