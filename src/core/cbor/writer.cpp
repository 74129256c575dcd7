// SPDX-License-Identifier: Apache-2.0
#include "core/cbor/writer.hpp"

#include "core/cbor/head.hpp"

namespace pronto::cbor {

std::uint8_t* store_head(std::uint8_t* to, Major major, std::uint64_t value) {
    const auto high = static_cast<std::uint8_t>(static_cast<unsigned>(major) << 5);
    const std::size_t bytes = head_bytes(value);
    to[0] = static_cast<std::uint8_t>(high | (bytes == 1 ? value : 0));
    switch (bytes) {
        case 1: break;
        case 2: to[1] = static_cast<std::uint8_t>(value); break;
        case 3: store_be(to + 1, static_cast<std::uint16_t>(value)); break;
        case 5: store_be(to + 1, static_cast<std::uint32_t>(value)); break;
        default: store_be(to + 1, value); break;
    }
    // Infos 24, 25, 26, 27 stand for 1, 2, 4 and 8 bytes of argument.
    if (bytes > 1)
        to[0] = static_cast<std::uint8_t>(high | (info_one_byte + __builtin_ctzll(bytes - 1)));
    return to + bytes;
}

void Writer::head(Major major, std::uint64_t value) {
    const std::size_t bytes = head_bytes(value);
    if (overflowed_ || bytes > out_.size() - written_) {
        overflowed_ = true;
        return;
    }
    store_head(out_.data() + written_, major, value);
    written_ += bytes;
}

void Writer::raw(ByteView value) {
    if (overflowed_ || value.size() > out_.size() - written_) {
        overflowed_ = true;
        return;
    }
    copy_bytes(out_.subspan(written_), value);
    written_ += value.size();
}

void Writer::map(std::uint64_t pairs) { head(Major::map, pairs); }

void Writer::array(std::uint64_t items) { head(Major::array, items); }

void Writer::unsigned_integer(std::uint64_t value) { head(Major::unsigned_integer, value); }

void Writer::integer(std::int64_t value) {
    // −1 − n is ~n in two's complement.
    if (value < 0) return head(Major::negative_integer, ~static_cast<std::uint64_t>(value));
    head(Major::unsigned_integer, static_cast<std::uint64_t>(value));
}

void Writer::text(std::string_view value) {
    head(Major::text, value.size());
    raw(as_bytes(value));
}

void Writer::bytes(ByteView value) {
    head(Major::bytes, value.size());
    raw(value);
}

void Writer::bytes_head(std::uint64_t byte_count) { head(Major::bytes, byte_count); }

void Writer::boolean(bool value) { head(Major::simple, value ? simple_true : simple_false); }

void Writer::null() { head(Major::simple, simple_null); }

}  // namespace pronto::cbor
