// SPDX-License-Identifier: Apache-2.0
// Errors as four-byte values: what went wrong, and the system's errno where there is one. No text
// inside.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/assert.hpp"

namespace pronto {

/// Alphabetical; `ok` first. `describe()` has the sentence for each.
enum class Code : std::uint8_t {
    ok = 0,
    bad_argument,     ///< a value given by the caller, a command line or a request is out of its
                      ///< domain
    cbor_depth,       ///< nesting deeper than the reader follows
    cbor_malformed,   ///< bytes that are not well-formed CBOR
    cbor_type,        ///< well-formed, but of another type than the field needs
    closed,           ///< the other side is gone
    duplicate_key,    ///< a map names one key twice
    frame_too_long,   ///< length field above the frame limit
    frame_too_short,  ///< length field below the header
    limit,            ///< a stated capacity is used up
    missing_field,    ///< a required field is absent
    not_found,        ///< no such user, port, session, file
    out_of_range,     ///< a number does not fit its field
    protocol,         ///< a frame that is not allowed here
    system,           ///< a system call failed; errno says how
    timed_out,        ///< a deadline passed
    unknown_message,  ///< envelope type that the catalogue does not hold
    unsupported,      ///< the kernel or the peer lacks a feature
};

struct [[nodiscard]] Error {
    Code code = Code::ok;
    std::uint16_t system_errno = 0;  ///< 0 unless `code` is `system` or an errno adds to it

    constexpr bool ok() const { return code == Code::ok; }
    friend constexpr bool operator==(const Error&, const Error&) = default;
};
static_assert(sizeof(Error) == 4);

/// Success, or why not.
using Status = Error;

constexpr Error system_error(int number) {
    return {Code::system, static_cast<std::uint16_t>(number)};
}

/// One static sentence per code, without a full stop.
std::string_view describe(Code code);

/// A small value, or the error that stands in its place.
template <typename Value>
class [[nodiscard]] Result {
    static_assert(sizeof(Value) <= 8 && __is_trivially_copyable(Value),
                  "return Status and fill an output instead");

  public:
    constexpr Result(Value value) : value_(value) {}
    constexpr Result(Error error) : error_(error) { PRONTO_ASSERT(!error.ok()); }

    constexpr bool ok() const { return error_.ok(); }
    constexpr Error error() const { return error_; }
    constexpr Value value() const {
        PRONTO_ASSERT(ok());
        return value_;
    }

  private:
    Value value_{};
    Error error_{};
};

}  // namespace pronto
