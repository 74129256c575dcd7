// SPDX-License-Identifier: Apache-2.0
#include "core/wire/control.hpp"

#include "core/cbor/record.hpp"

namespace pronto::wire {

namespace {

using cbor::Field;
using cbor::Kind;
using cbor::Presence;
using cbor::Reader;
using cbor::Writer;

Status decode_record(Bytes payload, std::span<const Field> fields, void* record) {
    Reader reader(payload);
    return cbor::read_record(reader, fields, record);
}

// Reads a record that is a value in another one.
Status read_nested(Reader& reader, std::span<const Field> fields, void* record) {
    Reader nested = reader.sub();
    const Status status = cbor::read_record(nested, fields, record);
    if (status.ok()) reader.rejoin(nested);
    return status;
}

// In the order of BootStage.
constexpr std::array<std::string_view, boot_stage_count> stage_names{
    "started", "mounts", "network", "port_open", "handshake", "ready",
};

using Stages = std::array<std::uint64_t, boot_stage_count>;

constexpr std::array<Field, boot_stage_count> make_stage_fields() {
    std::array<Field, boot_stage_count> fields;
    for (std::size_t index = 0; index < boot_stage_count; ++index) {
        const auto offset = static_cast<std::uint16_t>(index * sizeof(std::uint64_t));
        fields[index] = {stage_names[index], offset, Kind::u64, Presence::defaulted, nullptr};
    }
    return fields;
}
constexpr auto stage_fields = make_stage_fields();
static_assert(sizeof(Stages) == boot_stage_count * sizeof(std::uint64_t));

Status read_stages(Reader& reader, void* member) {
    return read_nested(reader, stage_fields, member);
}

// The `pronto` map of a ready message. Its stages are last, and written by hand.
constexpr Field pronto_fields[] = {
    PRONTO_FIELD(Ready, pronto_version, "version", defaulted),
    PRONTO_FIELD(Ready, features, "features", defaulted),
    PRONTO_FIELD(Ready, stdin_window_bytes, "stdin_window", defaulted),
    {"stages", offsetof(Ready, stages_ns), Kind::custom, Presence::defaulted, read_stages},
};

// The row's offset is 0, so that the member is the whole message.
Status read_pronto(Reader& reader, void* member) {
    auto* ready = static_cast<Ready*>(member);
    ready->has_pronto = true;
    return read_nested(reader, pronto_fields, ready);
}

constexpr Field ready_fields[] = {
    PRONTO_FIELD(Ready, boot_time_ns, "boot_time_ns", required),
    PRONTO_FIELD(Ready, init_time_ns, "init_time_ns", required),
    PRONTO_FIELD(Ready, ready_time_ns, "ready_time_ns", required),
    PRONTO_FIELD(Ready, agent_version, "agent_version", omittable),
    {"pronto", 0, Kind::custom, Presence::nullable, read_pronto},
};
constexpr std::size_t ready_times = 3;

constexpr Field user_fields[] = {
    PRONTO_FIELD(InitResolved, uid, "uid", required),
    PRONTO_FIELD(InitResolved, gid, "gid", required),
};

Status read_user(Reader& reader, void* member) { return read_nested(reader, user_fields, member); }

constexpr Field resolved_fields[] = {
    {"default_user", 0, Kind::custom, Presence::required, read_user},
};

constexpr Field ack_pronto_fields[] = {
    PRONTO_FIELD(InitAck, client_window_bytes, "client_window", defaulted),
};

Status read_ack_pronto(Reader& reader, void* member) {
    return read_nested(reader, ack_pronto_fields, member);
}

constexpr Field ack_fields[] = {
    {"pronto", 0, Kind::custom, Presence::nullable, read_ack_pronto},
};

constexpr Field clock_fields[] = {
    PRONTO_FIELD(ClockSync, unix_time_nanos, "unix_time_nanos", required),
};

constexpr Field disconnected_fields[] = {
    PRONTO_FIELD(ClientDisconnected, id_start, "id_start", required),
    PRONTO_FIELD(ClientDisconnected, id_end_exclusive, "id_end_exclusive", required),
};

constexpr Field credit_fields[] = {
    PRONTO_FIELD(Credit, id, "id", required),
    PRONTO_FIELD(Credit, bytes, "bytes", required),
};

constexpr Field error_fields[] = {
    PRONTO_FIELD(CoreError, kind, "kind", required),
    PRONTO_FIELD(CoreError, message, "message", required),
    PRONTO_FIELD(CoreError, offending_type, "offending_type", omittable),
};

constexpr Field touched_fields[] = {
    PRONTO_FIELD(Touched, activity_seq, "activity_seq", required),
};

void write_pronto(Writer& writer, const Ready& ready) {
    writer.text("pronto");
    writer.map(std::size(pronto_fields));
    writer.text("version");
    writer.text(ready.pronto_version);
    writer.text("features");
    writer.unsigned_integer(ready.features);
    writer.text("stdin_window");
    writer.unsigned_integer(ready.stdin_window_bytes);
    writer.text("stages");
    cbor::write_record(writer, stage_fields, ready.stages_ns.data());
}

}  // namespace

std::string_view name(BootStage stage) {
    const auto index = static_cast<std::size_t>(stage);
    PRONTO_ASSERT(index < boot_stage_count);
    return stage_names[index];
}

std::string_view name(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::invalid_flags: return "invalid_flags";
        case ErrorKind::invalid_payload: return "invalid_payload";
        case ErrorKind::invalid_session: return "invalid_session";
        case ErrorKind::malformed_message: return "malformed_message";
        case ErrorKind::unsupported_message_type: return "unsupported_message_type";
        case ErrorKind::unsupported_protocol_generation: return "unsupported_protocol_generation";
    }
    PRONTO_UNREACHABLE();
}

Status decode(Bytes payload, Ready& out) {
    out = {};
    return decode_record(payload, ready_fields, &out);
}

void encode(Writer& writer, const Ready& ready) {
    const bool has_version = !ready.agent_version.empty();
    writer.map(ready_times + (has_version ? 1 : 0) + (ready.has_pronto ? 1 : 0));
    const std::size_t written = ready_times + (has_version ? 1 : 0);
    cbor::write_fields(writer, std::span(ready_fields).first(written), &ready);
    if (ready.has_pronto) write_pronto(writer, ready);
}

Status decode(Bytes payload, InitResolved& out) {
    out = {};
    return decode_record(payload, resolved_fields, &out);
}

void encode(Writer& writer, const InitResolved& resolved) {
    writer.map(1);
    writer.text("default_user");
    cbor::write_record(writer, user_fields, &resolved);
}

Status decode(Bytes payload, InitAck& out) {
    out = {};
    return decode_record(payload, ack_fields, &out);
}

void encode(Writer& writer, const InitAck& ack) {
    if (ack.client_window_bytes == 0) return writer.map(0);
    writer.map(1);
    writer.text("pronto");
    cbor::write_record(writer, ack_pronto_fields, &ack);
}

Status decode(Bytes payload, ClockSync& out) {
    out = {};
    return decode_record(payload, clock_fields, &out);
}

void encode(Writer& writer, const ClockSync& sync) {
    cbor::write_record(writer, clock_fields, &sync);
}

Status decode(Bytes payload, ClientDisconnected& out) {
    out = {};
    return decode_record(payload, disconnected_fields, &out);
}

void encode(Writer& writer, const ClientDisconnected& gone) {
    cbor::write_record(writer, disconnected_fields, &gone);
}

Status decode(Bytes payload, Credit& out) {
    out = {};
    return decode_record(payload, credit_fields, &out);
}

void encode(Writer& writer, const Credit& credit) {
    cbor::write_record(writer, credit_fields, &credit);
}

Status decode(Bytes payload, CoreError& out) {
    out = {};
    return decode_record(payload, error_fields, &out);
}

void encode(Writer& writer, const CoreError& error) {
    cbor::write_record(writer, error_fields, &error);
}

Status decode(Bytes payload, Touched& out) {
    out = {};
    return decode_record(payload, touched_fields, &out);
}

void encode(Writer& writer, const Touched& touched) {
    cbor::write_record(writer, touched_fields, &touched);
}

void encode_empty(Writer& writer) { writer.map(0); }

}  // namespace pronto::wire
