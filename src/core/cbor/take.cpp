// SPDX-License-Identifier: Apache-2.0
// The second step of reading a string (see reader.hpp): its content in one piece, in the item's own
// bytes.
#include "core/cbor/chunks.hpp"
#include "core/cbor/reader.hpp"

namespace pronto::cbor {

namespace {

// The head behind the tags, and where it ends.
struct Opening {
    Head head;
    std::size_t position = 0;
};

// The item has been checked, so that whatever does not fit here is a mistake of ours.
Opening open_checked(ByteView encoded) {
    Opening opening;
    do {
        PRONTO_ASSERT(read_head(encoded.subspan(opening.position), opening.head));
        opening.position += opening.head.bytes;
    } while (opening.head.is(Major::tag));
    return opening;
}

// Moves the content to the front, piece by piece. A piece never moves right, as a head stands
// before it.
std::size_t join_pieces(Bytes encoded, const Opening& opening) {
    Chunks chunks(encoded, opening.position, opening.head);
    std::size_t joined = 0;
    for (;;) {
        ByteView piece;
        bool found = false;
        PRONTO_ASSERT(chunks.next(piece, found).ok());
        if (!found) return joined;
        PRONTO_ASSERT(joined + piece.size() < chunks.position());
        std::memmove(encoded.data() + joined, piece.data(), piece.size());
        joined += piece.size();
    }
}

// One octet per element, each written where it or something before it was read.
std::size_t join_octets(Bytes encoded, const Opening& opening) {
    Reader reader(encoded.subspan(opening.position));
    std::size_t joined = 0;
    while (opening.head.indefinite() || joined < opening.head.value) {
        if (opening.head.indefinite() && reader.rest()[0] == break_byte) break;
        std::uint64_t octet = 0;
        PRONTO_ASSERT(reader.unsigned_integer(0xff, octet).ok());
        encoded[joined++] = static_cast<std::uint8_t>(octet);
    }
    return joined;
}

bool in_one_piece(const Opening& opening) {
    return !opening.head.is(Major::array) && !opening.head.indefinite();
}

Bytes only_piece(Bytes encoded, const Opening& opening) {
    PRONTO_ASSERT(opening.head.value == encoded.size() - opening.position);
    return encoded.subspan(opening.position);
}

}  // namespace

bool contiguous(Item item) {
    PRONTO_ASSERT(item.present());
    return in_one_piece(open_checked(item.encoded));
}

std::string_view take_text(Item item) {
    PRONTO_ASSERT(item.present());
    const Opening opening = open_checked(item.encoded);
    PRONTO_ASSERT(opening.head.is(Major::text));
    const std::size_t count = join_pieces(item.encoded, opening);
    PRONTO_ASSERT(count < item.encoded.size());
    item.encoded[count] = 0;
    return as_text(item.encoded.first(count));
}

std::string_view view_text(Item item) {
    PRONTO_ASSERT(item.present());
    const Opening opening = open_checked(item.encoded);
    PRONTO_ASSERT(opening.head.is(Major::text));
    if (in_one_piece(opening)) return as_text(only_piece(item.encoded, opening));
    return as_text(item.encoded.first(join_pieces(item.encoded, opening)));
}

Bytes take_bytes(Item item) {
    PRONTO_ASSERT(item.present());
    const Opening opening = open_checked(item.encoded);
    if (in_one_piece(opening)) return only_piece(item.encoded, opening);
    const bool array = opening.head.is(Major::array);
    return item.encoded.first(array ? join_octets(item.encoded, opening)
                                    : join_pieces(item.encoded, opening));
}

}  // namespace pronto::cbor
