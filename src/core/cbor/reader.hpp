// SPDX-License-Identifier: Apache-2.0
// Liberal CBOR reading over a caller's bytes, without copies: what peers of this protocol accept is
// accepted (any key order, unknown keys, non-shortest heads, indefinite lengths, tags, bignums; see
// docs/WIRE.md), and everything is bounds-checked. Input is hostile.
//
// A string's content is not always contiguous (indefinite strings come in chunks), so reading one
// has two steps: `text_item`/`bytes_item` check it and remember where it is;
// `take_text`/`take_bytes` then make it contiguous *in place*, destroying the encoding. Take an
// item once, and only when nothing will read it again.
#pragma once

#include "core/cbor/head.hpp"
#include "core/cbor/skip.hpp"

namespace pronto::cbor {

/// One complete, well-formed item, still encoded, tags included. `encoded` is empty where the field
/// was absent.
struct Item {
    Bytes encoded{};
    bool present() const { return !encoded.empty(); }
};

/// A checked array: iterate it once, front to back, with `next`.
struct Array {
    Bytes rest{};             ///< items not yet handed out
    std::uint32_t count = 0;  ///< items not yet handed out; counted while checking
};

class Reader {
  public:
    /// Reads one array element and says whether it will do.
    using Check = Status (*)(Reader&);

    explicit Reader(Bytes input) : input_(input) {}

    Bytes rest() const { return input_.subspan(position_); }
    std::size_t position() const { return position_; }

    /// Enters a map. `next_key` then hands out the keys until it says there is none; after each key
    /// the caller reads or skips exactly one value.
    Status enter_map();
    /// `found` is false at the map's end. Keys are text or byte strings, definite; other keys are
    /// an error. The view stays valid: it lies in the input.
    Status next_key(std::string_view& key, bool& found);

    Status unsigned_integer(std::uint64_t maximum, std::uint64_t& value);
    Status integer(std::int64_t minimum, std::int64_t maximum, std::int64_t& value);
    Status boolean(bool& value);
    /// A text string: well-formed, valid UTF-8.
    Status text_item(Item& item);
    /// A byte string, or an array of integers 0..255 in its place.
    Status bytes_item(Item& item);
    /// An array whose elements are checked for well-formedness only.
    Status array(Array& array);
    /// An array each of whose elements passes `check`, which must leave the reader past the
    /// element.
    Status array(Array& array, Check check);
    /// True, and past it, when the next item is null or undefined.
    bool take_null();
    /// Past any one well-formed item.
    Status skip();

    /// A reader for the nested record that comes next, as this one's open map has its own count;
    /// when the record has been read to its end, `rejoin` moves this reader past it.
    Reader sub() const;
    void rejoin(const Reader& sub);

  private:
    Status item_head(Head& head, std::uint64_t& tag);
    Status skip_tags(Head& head, std::uint64_t& tag);
    Status definite_content(const Head& head, Bytes& content);
    Status check_text_chunks(const Head& head);
    Status magnitude(bool& negative, std::uint64_t& value);
    Status bignum(const Head& head, std::uint64_t& value);
    Status elements(const Head& head, Array& array, Check check);
    void remember(std::size_t start, Item& item) const;

    Bytes input_;
    std::size_t position_ = 0;
    // The open map: pairs left, or indefinite. Nested records get a Reader of their own (see
    // `sub`).
    std::uint64_t pairs_left_ = 0;
    bool indefinite_ = false;
};

/// Hands out the array's next item, still encoded. Precondition: `array.count > 0`.
Item next(Array& array);

/// The text, made contiguous and terminated by a NUL *in place* (its own head makes room).
/// `text.data()` is a C string. Precondition: the item passed `text_item`.
std::string_view take_text(Item item);

/// The text, made contiguous in place but not terminated: a definite string is left as it was.
/// Precondition: the item passed `text_item`.
std::string_view view_text(Item item);

/// True when the content is one piece as it stands, so that `view_text` and `take_bytes` change no
/// byte. Precondition: the item passed `text_item` or `bytes_item`.
bool contiguous(Item item);

/// The content, made contiguous in place: a definite byte string is left as it was. Precondition:
/// the item passed `bytes_item`.
Bytes take_bytes(Item item);

}  // namespace pronto::cbor
