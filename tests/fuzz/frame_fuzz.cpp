// SPDX-License-Identifier: Apache-2.0
// Any byte stream through both framings: a frame is found whole or not at all, whatever part of it
// has arrived, and its header comes back from the encoder.
#include "core/wire/frame.hpp"

#include "tests/support/hex.hpp"

namespace pronto {

using test::Buffer;
using wire::Scan;
using wire::Scanned;

namespace {

using Scanner = Scanned (*)(Bytes);

// Looks at every prefix near the edges of a frame, and at one in the middle.
void check_parts(Scanner scan, Bytes input, const Scanned& whole) {
    const std::size_t parts[] = {0, 1, 3, 4, 5, 8, 9, 10, input.size() / 2, input.size()};
    for (const std::size_t bytes : parts) {
        if (bytes > input.size()) continue;
        const Scanned part = scan(input.first(bytes));
        if (bytes < wire::length_field_bytes) {
            PRONTO_ASSERT(part.outcome == Scan::incomplete);
            PRONTO_ASSERT(part.wire_bytes == 0);
            continue;
        }
        PRONTO_ASSERT(part.wire_bytes == whole.wire_bytes);
        PRONTO_ASSERT((part.outcome == Scan::bad) == (whole.outcome == Scan::bad));
        const bool complete = whole.outcome != Scan::bad && bytes >= whole.wire_bytes;
        PRONTO_ASSERT((part.outcome == Scan::frame) == complete);
    }
}

void check_header(const Scanned& scanned, Bytes frame) {
    Buffer again(frame.size());
    const wire::Frame& parts = scanned.frame;
    wire::encode_header(again, parts.id, parts.flags, parts.body.size());
    copy_bytes(Bytes(again).subspan(wire::header_bytes), parts.body);
    PRONTO_ASSERT(again == test::copy(frame));
}

// Splits the stream into frames as a receiver does, and returns where it stopped.
std::size_t walk(Scanner scan, Bytes stream) {
    std::size_t position = 0;
    for (;;) {
        const Bytes rest = stream.subspan(position);
        const Scanned scanned = scan(rest);
        check_parts(scan, rest, scanned);
        if (scanned.outcome == Scan::incomplete) return position;
        PRONTO_ASSERT(scanned.error.ok() == (scanned.outcome == Scan::frame));
        PRONTO_ASSERT(scanned.wire_bytes >= wire::length_field_bytes);
        if (scanned.wire_bytes > rest.size()) return position;
        const auto wire_bytes = static_cast<std::size_t>(scanned.wire_bytes);
        if (scanned.outcome == Scan::frame) {
            PRONTO_ASSERT(scanned.frame.body.data() + scanned.frame.body.size() ==
                          rest.data() + wire_bytes);
            if (scan == wire::scan_frame) check_header(scanned, rest.first(wire_bytes));
        }
        position += wire_bytes;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byte_count) {
    Buffer stream(data, data + byte_count);
    PRONTO_ASSERT(walk(wire::scan_frame, stream) <= byte_count);
    PRONTO_ASSERT(walk(wire::scan_headerless, stream) <= byte_count);
    PRONTO_ASSERT(stream == Buffer(data, data + byte_count));
    return 0;
}

}  // namespace pronto
