// SPDX-License-Identifier: Apache-2.0
// Canonical CBOR into a caller's buffer: shortest heads, definite lengths. Never writes past the
// end: an item that does not fit marks the writer as overflowed, and everything after it is
// dropped.
#pragma once

#include <string_view>

#include "core/cbor/head.hpp"

namespace pronto::cbor {

class Writer {
  public:
    explicit Writer(Bytes out) : out_(out) {}

    void map(std::uint64_t pairs);
    void array(std::uint64_t items);
    void unsigned_integer(std::uint64_t value);
    void integer(std::int64_t value);
    void text(std::string_view value);
    void bytes(ByteView value);
    /// The head of a byte string whose content the caller puts behind it.
    void bytes_head(std::uint64_t byte_count);
    void boolean(bool value);
    void null();

    /// Bytes written; meaningful only while `ok()`.
    std::size_t written() const { return written_; }
    bool ok() const { return !overflowed_; }

  private:
    void head(Major major, std::uint64_t value);
    void raw(ByteView value);

    Bytes out_;
    std::size_t written_ = 0;
    bool overflowed_ = false;
};

/// Bytes of the shortest head for `value`: 1, 2, 3, 5 or 9.
constexpr std::size_t head_bytes(std::uint64_t value) {
    if (value < 24) return 1;
    if (value <= 0xff) return 2;
    if (value <= 0xffff) return 3;
    return value <= 0xffff'ffff ? 5 : 9;
}

/// Writes the shortest head for `value` and returns where it ends. Precondition: head_bytes(value)
/// bytes of room.
std::uint8_t* store_head(std::uint8_t* to, Major major, std::uint64_t value);

}  // namespace pronto::cbor
