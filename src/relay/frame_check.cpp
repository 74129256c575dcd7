// SPDX-License-Identifier: Apache-2.0
#include "relay/frame_check.hpp"

#include "core/wire/envelope.hpp"
#include "relay/envelope_peek.hpp"

namespace pronto::relay {

namespace {

using wire::ErrorKind;
using wire::Message;

constexpr std::uint8_t own_generation = 6;
/// Labels up to here were known to every guest with frame headers, in one form or another.
constexpr std::uint8_t generation_always_known = 2;

Verdict refuse(ErrorKind kind, std::string_view reason, std::string_view offending_type = {}) {
    return {.kind = kind, .reason = reason, .offending_type = offending_type};
}

bool may_use_id(const Sender& sender, const wire::Frame& frame) {
    if (frame.id == 0) return frame.flags == wire::flag_shutdown;
    return sender.ranges->holds(sender.slot, frame.id);
}

Verdict check_message(const Sender& sender, const wire::Frame& frame, const EnvelopePeek& peek) {
    const std::string_view name = peek.type_name;
    if (!peek.message.has_value()) {
        return refuse(ErrorKind::unsupported_message_type, "this message type is not known", name);
    }
    const Message message = *peek.message;
    const wire::MessageRow& row = wire::row(message);
    if ((row.senders & wire::from_client) == 0) {
        return refuse(ErrorKind::unsupported_message_type, "clients may not send this message type",
                      name);
    }
    if (row.flags != frame.flags) {
        return refuse(ErrorKind::invalid_flags, "the flags are not those of this message type",
                      name);
    }
    if ((frame.id == 0) != (message == Message::shutdown)) {
        return refuse(ErrorKind::invalid_session, "id 0 is for core.shutdown, and nothing else",
                      name);
    }
    if (row.generation > generation_always_known && row.generation > sender.guest->generation) {
        return refuse(ErrorKind::unsupported_protocol_generation,
                      "the guest is older than this message type", name);
    }
    return {.pass = true, .message = message};
}

}  // namespace

Verdict check_frame(const Sender& sender, const wire::Frame& frame) {
    if (!may_use_id(sender, frame)) {
        return refuse(ErrorKind::invalid_session, "the id is not in this client's range");
    }
    EnvelopePeek peek;
    if (!peek_envelope(frame.body, peek).ok()) {
        return refuse(ErrorKind::malformed_message, "the body is not an envelope {v, t, p}");
    }
    if (!sender.guest->ours &&
        frame.body.size() + wire::frame_length_min > foreign_frame_length_max) {
        return refuse(ErrorKind::malformed_message, "the frame is longer than this guest survives",
                      peek.type_name);
    }
    return check_message(sender, frame, peek);
}

Bytes write_refusal(std::uint32_t id, const Verdict& verdict, Bytes out) {
    PRONTO_ASSERT(out.size() >= reply_bytes_max);
    const Bytes payload = out.subspan(wire::headroom_bytes);
    cbor::Writer writer(payload);
    wire::CoreError error{wire::name(verdict.kind), verdict.reason, verdict.offending_type};
    if (error.offending_type.size() > wire::message_name_bytes_max) error.offending_type = {};
    wire::encode(writer, error);
    PRONTO_ASSERT(writer.ok());
    return wire::seal(out, wire::headroom_bytes, writer.written(),
                      {own_generation, id, Message::error});
}

}  // namespace pronto::relay
