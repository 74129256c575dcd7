// SPDX-License-Identifier: Apache-2.0
#include "core/cbor/reader.hpp"

#include "core/cbor/chunks.hpp"
#include "core/text.hpp"

namespace pronto::cbor {

namespace {

// Stands for "no tag": a number whose tag says nothing about an integer.
constexpr std::uint64_t tag_none = 0;

Status check_well_formed(Reader& reader) { return reader.skip(); }

Status check_octet(Reader& reader) {
    std::uint64_t value = 0;
    return reader.unsigned_integer(0xff, value);
}

}  // namespace

// Past any tags and the head behind them, which is not a break. `tag` is the innermost one.
Status Reader::item_head(Head& head, std::uint64_t& tag) {
    tag = tag_none;
    if (!read_head(input_.subspan(position_), head)) return {Code::cbor_malformed};
    position_ += head.bytes;
    if (head.is(Major::tag)) [[unlikely]] {
        const Status status = skip_tags(head, tag);
        if (!status.ok()) return status;
    }
    if (head.is_break()) return {Code::cbor_malformed};
    return {};
}

// From behind one tag to behind the first head that is none.
Status Reader::skip_tags(Head& head, std::uint64_t& tag) {
    for (int tags = 1; tags <= depth_max; ++tags) {
        tag = head.value;
        if (!read_head(input_.subspan(position_), head)) return {Code::cbor_malformed};
        position_ += head.bytes;
        if (!head.is(Major::tag)) return {};
    }
    return {Code::cbor_depth};
}

// The content of a string of known length, and past it.
Status Reader::definite_content(const Head& head, Bytes& content) {
    PRONTO_DASSERT(!head.indefinite());
    if (head.value > input_.size() - position_) return {Code::cbor_malformed};
    content = input_.subspan(position_, static_cast<std::size_t>(head.value));
    position_ += content.size();
    return {};
}

Status Reader::enter_map() {
    Head head;
    std::uint64_t tag = 0;
    const Status status = item_head(head, tag);
    if (!status.ok()) return status;
    if (!head.is(Major::map)) return {Code::cbor_type};
    indefinite_ = head.indefinite();
    pairs_left_ = indefinite_ ? 0 : head.value;
    if (pairs_left_ > input_.size() - position_) return {Code::cbor_malformed};
    return {};
}

Status Reader::next_key(std::string_view& key, bool& found) {
    found = false;
    if (!indefinite_ && pairs_left_ == 0) return {};
    if (indefinite_ && position_ < input_.size() && input_[position_] == break_byte) {
        ++position_;
        indefinite_ = false;
        return {};
    }
    Head head;
    std::uint64_t tag = 0;
    const Status status = item_head(head, tag);
    if (!status.ok()) return status;
    if (!head.is(Major::text) && !head.is(Major::bytes)) return {Code::cbor_type};
    if (head.indefinite()) return {Code::cbor_type};
    Bytes content;
    const Status content_status = definite_content(head, content);
    if (!content_status.ok()) return content_status;
    key = as_text(content);
    if (!indefinite_) --pairs_left_;
    found = true;
    return {};
}

Status Reader::unsigned_integer(std::uint64_t maximum, std::uint64_t& value) {
    bool negative = false;
    const Status status = magnitude(negative, value);
    if (!status.ok()) return status;
    if (negative || value > maximum) return {Code::out_of_range};
    return {};
}

Status Reader::integer(std::int64_t minimum, std::int64_t maximum, std::int64_t& value) {
    PRONTO_ASSERT(minimum <= maximum);
    bool negative = false;
    std::uint64_t argument = 0;
    const Status status = magnitude(negative, argument);
    if (!status.ok()) return status;
    if (argument > static_cast<std::uint64_t>(INT64_MAX)) return {Code::out_of_range};
    const auto small = static_cast<std::int64_t>(argument);
    const std::int64_t number = negative ? -1 - small : small;
    if (number < minimum || number > maximum) return {Code::out_of_range};
    value = number;
    return {};
}

// An integer as its argument: the number itself, or n of −1 − n.
Status Reader::magnitude(bool& negative, std::uint64_t& value) {
    Head head;
    std::uint64_t tag = 0;
    const Status status = item_head(head, tag);
    if (!status.ok()) return status;
    if (head.is(Major::bytes) && (tag == tag_bignum || tag == tag_negative_bignum)) {
        negative = tag == tag_negative_bignum;
        return bignum(head, value);
    }
    if (!head.is(Major::unsigned_integer) && !head.is(Major::negative_integer)) {
        return {Code::cbor_type};
    }
    negative = head.is(Major::negative_integer);
    value = head.value;
    return {};
}

Status Reader::bignum(const Head& head, std::uint64_t& value) {
    constexpr std::uint64_t top_byte = std::uint64_t{0xff} << 56;
    Chunks chunks(input_, position_, head);
    ByteView piece;
    std::uint64_t sum = 0;
    for (;;) {
        bool found = false;
        const Status status = chunks.next(piece, found);
        if (!status.ok()) return status;
        if (!found) break;
        for (const std::uint8_t byte : piece) {
            if ((sum & top_byte) != 0) return {Code::out_of_range};
            sum = (sum << 8) | byte;
        }
    }
    position_ = chunks.position();
    value = sum;
    return {};
}

Status Reader::boolean(bool& value) {
    Head head;
    std::uint64_t tag = 0;
    const Status status = item_head(head, tag);
    if (!status.ok()) return status;
    if (!head.is(Major::simple)) return {Code::cbor_type};
    if (head.info != simple_false && head.info != simple_true) return {Code::cbor_type};
    value = head.info == simple_true;
    return {};
}

bool Reader::take_null() {
    Reader probe = *this;
    Head head;
    std::uint64_t tag = 0;
    if (!probe.item_head(head, tag).ok()) return false;
    if (!head.is(Major::simple)) return false;
    if (head.info != simple_null && head.info != simple_undefined) return false;
    position_ = probe.position_;
    return true;
}

void Reader::remember(std::size_t start, Item& item) const {
    PRONTO_ASSERT(start < position_);
    item.encoded = input_.subspan(start, position_ - start);
}

Status Reader::text_item(Item& item) {
    const std::size_t start = position_;
    Head head;
    std::uint64_t tag = 0;
    Status status = item_head(head, tag);
    if (!status.ok()) return status;
    if (!head.is(Major::text)) return {Code::cbor_type};
    if (head.indefinite()) {
        status = check_text_chunks(head);
    } else {
        Bytes content;
        status = definite_content(head, content);
        if (status.ok() && !is_utf8(content)) return {Code::cbor_type};
    }
    if (status.ok()) remember(start, item);
    return status;
}

// A character may not be split between chunks, so each is checked alone.
Status Reader::check_text_chunks(const Head& head) {
    Chunks chunks(input_, position_, head);
    for (;;) {
        ByteView piece;
        bool found = false;
        const Status status = chunks.next(piece, found);
        if (!status.ok()) return status;
        if (!found) break;
        if (!is_utf8(piece)) return {Code::cbor_type};
    }
    position_ = chunks.position();
    return {};
}

Status Reader::bytes_item(Item& item) {
    const std::size_t start = position_;
    Head head;
    std::uint64_t tag = 0;
    Status status = item_head(head, tag);
    if (!status.ok()) return status;
    if (head.is(Major::array)) {
        Array octets;
        status = elements(head, octets, check_octet);
    } else if (head.is(Major::bytes)) {
        position_ = start;
        status = skip_item(input_, position_);
    } else {
        status = {Code::cbor_type};
    }
    if (status.ok()) remember(start, item);
    return status;
}

Status Reader::array(Array& array) { return this->array(array, check_well_formed); }

Status Reader::array(Array& array, Check check) {
    PRONTO_ASSERT(check != nullptr);
    Head head;
    std::uint64_t tag = 0;
    const Status status = item_head(head, tag);
    if (!status.ok()) return status;
    if (!head.is(Major::array)) return {Code::cbor_type};
    return elements(head, array, check);
}

// The elements behind an array's head, up to its end.
Status Reader::elements(const Head& head, Array& array, Check check) {
    const std::size_t start = position_;
    if (!head.indefinite() && head.value > input_.size() - position_) return {Code::cbor_malformed};
    std::uint32_t count = 0;
    while (head.indefinite() || count < head.value) {
        if (position_ == input_.size()) return {Code::cbor_malformed};
        if (head.indefinite() && input_[position_] == break_byte) break;
        const std::size_t before = position_;
        const Status status = check(*this);
        if (!status.ok()) return status;
        PRONTO_ASSERT(position_ > before);
        ++count;
    }
    array.rest = input_.subspan(start, position_ - start);
    array.count = count;
    if (head.indefinite()) ++position_;
    return {};
}

Status Reader::skip() { return skip_item(input_, position_); }

Reader Reader::sub() const {
    Reader nested(input_);
    nested.position_ = position_;
    return nested;
}

void Reader::rejoin(const Reader& sub) {
    PRONTO_ASSERT(sub.input_.data() == input_.data());
    PRONTO_ASSERT(sub.position_ >= position_);
    PRONTO_ASSERT(sub.pairs_left_ == 0 && !sub.indefinite_);
    position_ = sub.position_;
}

Item next(Array& array) {
    PRONTO_ASSERT(array.count > 0);
    std::size_t end = 0;
    const Status status = skip_item(array.rest, end);
    PRONTO_ASSERT(status.ok());
    const Item item{array.rest.first(end)};
    array.rest = array.rest.subspan(end);
    --array.count;
    return item;
}

}  // namespace pronto::cbor
