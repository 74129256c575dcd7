// SPDX-License-Identifier: Apache-2.0
// Any bytes through the CBOR reader, against an independent transcoder: both agree on what is
// well-formed and where it ends, every typed read ends where a skip ends, and what is taken is what
// was encoded.
#include "core/cbor/reader.hpp"
#include "tests/support/transcode.hpp"

namespace pronto {

using test::Buffer;

namespace {

struct Skipped {
    Code code = Code::ok;
    std::size_t position = 0;
};

Skipped skipped(ByteView input) {
    Skipped result;
    result.code = cbor::skip_item(input, result.position).code;
    return result;
}

// Without its tags, and so much of it as is content.
Buffer content(ByteView canonical) {
    cbor::Head head;
    do {
        PRONTO_ASSERT(cbor::read_head(canonical, head));
        canonical = canonical.subspan(head.bytes);
    } while (head.is(cbor::Major::tag));
    return test::copy(canonical);
}

void check_skip(ByteView input, const Skipped& skip) {
    test::Transcoder transcoder(input);
    const std::optional<Buffer> canonical = transcoder.item();
    if (skip.code == Code::cbor_depth) return;
    PRONTO_ASSERT(canonical.has_value() == (skip.code == Code::ok));
    if (!canonical) return;
    PRONTO_ASSERT(transcoder.position() == skip.position);
    PRONTO_ASSERT(test::transcode(*canonical) == canonical);
    const Skipped again = skipped(*canonical);
    PRONTO_ASSERT(again.code == Code::ok);
    PRONTO_ASSERT(again.position == canonical->size());
}

// A typed read counts nesting from its own item on, so it may follow what the whole's skip does
// not.
void check_end(const cbor::Reader& reader, const Skipped& skip) {
    if (skip.code == Code::cbor_depth) return;
    PRONTO_ASSERT(skip.code == Code::ok);
    PRONTO_ASSERT(reader.position() == skip.position);
}

void check_numbers(ByteView input, const Skipped& skip) {
    Buffer bytes = test::copy(input);
    cbor::Reader as_unsigned(bytes);
    std::uint64_t magnitude = 0;
    const bool is_unsigned = as_unsigned.unsigned_integer(UINT64_MAX, magnitude).ok();
    if (is_unsigned) check_end(as_unsigned, skip);
    cbor::Reader as_signed(bytes);
    std::int64_t number = 0;
    const bool is_signed = as_signed.integer(INT64_MIN, INT64_MAX, number).ok();
    if (is_signed) check_end(as_signed, skip);
    if (is_signed && number >= 0) PRONTO_ASSERT(is_unsigned && magnitude == std::uint64_t(number));
    if (is_signed && number < 0) PRONTO_ASSERT(!is_unsigned);
    cbor::Reader as_flag(bytes);
    bool flag = false;
    if (as_flag.boolean(flag).ok()) check_end(as_flag, skip);
    cbor::Reader as_null(bytes);
    if (as_null.take_null()) check_end(as_null, skip);
    PRONTO_ASSERT(bytes == test::copy(input));
}

void check_text(ByteView input, const Skipped& skip) {
    Buffer bytes = test::copy(input);
    cbor::Reader reader(bytes);
    cbor::Item item;
    if (!reader.text_item(item).ok()) return;
    check_end(reader, skip);
    if (skip.code != Code::ok) return;
    const Buffer expected = content(*test::transcode(input));
    Buffer viewed = bytes;
    const cbor::Item same{Bytes(viewed).first(item.encoded.size())};
    const bool contiguous = cbor::contiguous(same);
    PRONTO_ASSERT(test::copy(as_bytes(cbor::view_text(same))) == expected);
    if (contiguous) PRONTO_ASSERT(viewed == bytes);
    const std::string_view text = cbor::take_text(item);
    PRONTO_ASSERT(test::copy(as_bytes(text)) == expected);
    PRONTO_ASSERT(text.data()[text.size()] == '\0');
}

void check_bytes(ByteView input, const Skipped& skip) {
    Buffer bytes = test::copy(input);
    cbor::Reader reader(bytes);
    cbor::Item item;
    if (!reader.bytes_item(item).ok()) return;
    check_end(reader, skip);
    if (skip.code != Code::ok) return;
    const Buffer canonical = *test::transcode(input);
    const bool contiguous = cbor::contiguous(item);
    const Buffer taken = test::copy(cbor::take_bytes(item));
    if (contiguous) PRONTO_ASSERT(bytes == test::copy(input));
    cbor::Head head;
    ByteView rest = canonical;
    do {
        PRONTO_ASSERT(cbor::read_head(rest, head));
        rest = rest.subspan(head.bytes);
    } while (head.is(cbor::Major::tag));
    if (head.is(cbor::Major::bytes)) PRONTO_ASSERT(taken == content(canonical));
    if (head.is(cbor::Major::array)) PRONTO_ASSERT(taken.size() == head.value);
}

void check_array(ByteView input, const Skipped& skip) {
    Buffer bytes = test::copy(input);
    cbor::Reader reader(bytes);
    cbor::Array array;
    if (!reader.array(array).ok()) return;
    check_end(reader, skip);
    std::size_t item_bytes = 0;
    const std::size_t all_bytes = array.rest.size();
    while (array.count > 0)
        item_bytes += cbor::next(array).encoded.size();
    PRONTO_ASSERT(item_bytes == all_bytes);
    PRONTO_ASSERT(array.rest.empty());
}

void check_map(ByteView input, const Skipped& skip) {
    Buffer bytes = test::copy(input);
    cbor::Reader reader(bytes);
    Status status = reader.enter_map();
    bool found = true;
    while (status.ok() && found) {
        std::string_view key;
        status = reader.next_key(key, found);
        if (status.ok() && found) status = reader.skip();
    }
    if (status.ok()) check_end(reader, skip);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byte_count) {
    const ByteView input(data, byte_count);
    const Skipped skip = skipped(input);
    check_skip(input, skip);
    check_numbers(input, skip);
    check_text(input, skip);
    check_bytes(input, skip);
    check_array(input, skip);
    check_map(input, skip);
    return 0;
}

}  // namespace pronto
