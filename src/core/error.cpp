// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"

namespace pronto {

std::string_view describe(Code code) {
    switch (code) {
        case Code::ok: return "no error";
        case Code::bad_argument: return "a value is not allowed here";
        case Code::cbor_depth: return "CBOR nested too deep";
        case Code::cbor_malformed: return "bytes that are not well-formed CBOR";
        case Code::cbor_type: return "a CBOR item of the wrong type";
        case Code::closed: return "the other side closed the connection";
        case Code::duplicate_key: return "a map key occurs twice";
        case Code::frame_too_long: return "a frame above the length limit";
        case Code::frame_too_short: return "a frame shorter than its header";
        case Code::limit: return "a capacity is used up";
        case Code::missing_field: return "a required field is missing";
        case Code::not_found: return "no such entry";
        case Code::out_of_range: return "a number is out of range";
        case Code::protocol: return "a frame that is not allowed here";
        case Code::system: return "a system call failed";
        case Code::timed_out: return "a deadline passed";
        case Code::unknown_message: return "a message type that is not known";
        case Code::unsupported: return "not supported by the kernel or the peer";
    }
    return "an unknown error";
}

}  // namespace pronto
