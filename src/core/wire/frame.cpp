// SPDX-License-Identifier: Apache-2.0
#include "core/wire/frame.hpp"

namespace pronto::wire {

namespace {

struct LengthLimits {
    std::uint32_t length_min = 0;
    std::size_t header_bytes = 0;  // up to the body
};

// Everything the two framings have in common. A frame's body is filled in, its header is not.
Scanned scan(Bytes input, const LengthLimits& limits) {
    Scanned result;
    if (input.size() < length_field_bytes) return result;
    const auto length = load_be<std::uint32_t>(input.data());
    result.wire_bytes = length_field_bytes + std::uint64_t{length};
    if (length < limits.length_min || length > frame_length_max) {
        result.outcome = Scan::bad;
        result.error = {length > frame_length_max ? Code::frame_too_long : Code::frame_too_short};
        return result;
    }
    if (input.size() < result.wire_bytes) return result;
    result.outcome = Scan::frame;
    const auto frame_bytes = static_cast<std::size_t>(result.wire_bytes);
    result.frame.body = input.first(frame_bytes).subspan(limits.header_bytes);
    return result;
}

}  // namespace

Scanned scan_frame(Bytes input) {
    Scanned result = scan(input, {.length_min = frame_length_min, .header_bytes = header_bytes});
    if (result.outcome != Scan::frame) return result;
    PRONTO_ASSERT(input.size() >= header_bytes);
    result.frame.id = load_be<std::uint32_t>(input.data() + length_field_bytes);
    result.frame.flags = input[header_bytes - 1];
    return result;
}

Scanned scan_headerless(Bytes input) {
    return scan(input, {.length_min = headerless_length_min, .header_bytes = length_field_bytes});
}

void encode_header(Bytes out, std::uint32_t id, std::uint8_t flags, std::size_t body_bytes) {
    PRONTO_ASSERT(out.size() >= header_bytes);
    PRONTO_ASSERT(body_bytes <= frame_length_max - frame_length_min);
    store_be(out.data(), static_cast<std::uint32_t>(frame_length_min + body_bytes));
    store_be(out.data() + length_field_bytes, id);
    out[header_bytes - 1] = flags;
}

}  // namespace pronto::wire
