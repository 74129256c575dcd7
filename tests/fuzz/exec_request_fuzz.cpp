// SPDX-License-Identifier: Apache-2.0
// Any bytes as the payload of core.exec.request: what decodes is taken as an agent takes it,
// encoded as a client does, and comes out the same a second time.
#include "tests/support/transcode.hpp"
#include "tests/support/typed_payload.hpp"

namespace pronto {

using test::Buffer;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byte_count) {
    const ByteView input(data, byte_count);
    Buffer payload = test::copy(input);
    wire::ExecRequest request;
    const Status status = wire::decode(payload, request);
    // Deciding about a request must not change it.
    PRONTO_ASSERT(payload == test::copy(input));
    if (!status.ok()) return 0;
    const test::Reencoded first = test::reencode_request(payload);
    PRONTO_ASSERT(first.status.ok());
    PRONTO_ASSERT(test::transcode(first.payload) == first.payload);
    Buffer canonical = first.payload;
    const test::Reencoded second = test::reencode_request(canonical);
    PRONTO_ASSERT(second.status.ok());
    PRONTO_ASSERT(second.payload == first.payload);
    return 0;
}

}  // namespace pronto
