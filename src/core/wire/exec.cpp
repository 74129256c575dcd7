// SPDX-License-Identifier: Apache-2.0
#include "core/wire/exec.hpp"

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

// A resource limit while it is only checked: its text stays as it came.
struct LimitItems {
    cbor::Item resource;
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
};

constexpr Field limit_items_fields[] = {
    {"resource", offsetof(LimitItems, resource), Kind::text_item, Presence::required, nullptr},
    PRONTO_FIELD(LimitItems, soft, "soft", required),
    PRONTO_FIELD(LimitItems, hard, "hard", required),
};

constexpr Field limit_fields[] = {
    PRONTO_FIELD(ResourceLimit, resource, "resource", required),
    PRONTO_FIELD(ResourceLimit, soft, "soft", required),
    PRONTO_FIELD(ResourceLimit, hard, "hard", required),
};

Status check_limit(Reader& reader) {
    Reader record = reader.sub();
    LimitItems items;
    const Status status = cbor::read_record(record, limit_items_fields, &items);
    if (status.ok()) reader.rejoin(record);
    return status;
}

Status read_limits(Reader& reader, void* member) {
    return reader.array(*static_cast<cbor::Array*>(member), check_limit);
}

constexpr Field request_fields[] = {
    {"cmd", offsetof(ExecRequest, command), Kind::text_item, Presence::required, nullptr},
    PRONTO_FIELD(ExecRequest, arguments, "args", defaulted),
    PRONTO_FIELD(ExecRequest, environment, "env", defaulted),
    {"cwd", offsetof(ExecRequest, working_directory), Kind::text_item, Presence::nullable, nullptr},
    {"user", offsetof(ExecRequest, user), Kind::text_item, Presence::nullable, nullptr},
    PRONTO_FIELD(ExecRequest, tty, "tty", defaulted),
    PRONTO_FIELD(ExecRequest, rows, "rows", defaulted),
    PRONTO_FIELD(ExecRequest, columns, "cols", defaulted),
    {"rlimits", offsetof(ExecRequest, limits), Kind::custom, Presence::defaulted, read_limits},
};

constexpr std::uint64_t command_pairs = 9;

void write_texts(Writer& writer, std::string_view key, std::span<const std::string_view> texts) {
    writer.text(key);
    writer.array(texts.size());
    for (const std::string_view text : texts)
        writer.text(text);
}

void write_text_or_null(Writer& writer, std::string_view key, std::string_view value) {
    writer.text(key);
    if (value.empty()) return writer.null();
    writer.text(value);
}

void write_number(Writer& writer, std::string_view key, std::uint64_t value) {
    writer.text(key);
    writer.unsigned_integer(value);
}

constexpr Field started_fields[] = {PRONTO_FIELD(ExecStarted, pid, "pid", required)};
constexpr Field data_fields[] = {PRONTO_FIELD(ExecData, data, "data", required)};
constexpr Field signal_fields[] = {PRONTO_FIELD(ExecSignal, signal, "signal", required)};

constexpr Field resize_fields[] = {
    PRONTO_FIELD(ExecResize, rows, "rows", required),
    PRONTO_FIELD(ExecResize, columns, "cols", required),
};

constexpr Field failed_fields[] = {
    PRONTO_FIELD(ExecFailure, kind, "kind", required),
    PRONTO_FIELD(ExecFailure, system_errno, "errno", nullable),
    PRONTO_FIELD(ExecFailure, errno_name, "errno_name", nullable),
    PRONTO_FIELD(ExecFailure, message, "message", required),
    PRONTO_FIELD(ExecFailure, stage, "stage", nullable),
};

// A stdin error is the middle of a failure: without the kind in front and the stage behind.
constexpr auto stdin_error_fields = std::span(failed_fields).subspan(1, 3);

constexpr Field exited_fields[] = {
    PRONTO_FIELD(ExecExited, code, "code", required),
    PRONTO_FIELD(ExecExited, signal, "signal", defaulted),
    PRONTO_FIELD(ExecExited, core_dumped, "core_dumped", defaulted),
    PRONTO_FIELD(ExecExited, oom_killed, "oom_killed", defaulted),
    PRONTO_FIELD(ExecExited, user_ns, "user_ns", defaulted),
    PRONTO_FIELD(ExecExited, system_ns, "system_ns", defaulted),
    PRONTO_FIELD(ExecExited, max_rss_bytes, "max_rss_bytes", defaulted),
    PRONTO_FIELD(ExecExited, stdout_bytes, "stdout_bytes", defaulted),
    PRONTO_FIELD(ExecExited, stderr_bytes, "stderr_bytes", defaulted),
    PRONTO_FIELD(ExecExited, output_open, "output_open", defaulted),
    PRONTO_FIELD(ExecExited, received_ns, "received_ns", defaulted),
    PRONTO_FIELD(ExecExited, spawned_ns, "spawned_ns", defaulted),
    PRONTO_FIELD(ExecExited, first_byte_ns, "first_byte_ns", defaulted),
    PRONTO_FIELD(ExecExited, exited_ns, "exited_ns", defaulted),
};
constexpr cbor::Seen seen_code_only = 1;

constexpr std::string_view data_start =
    "\xa1\x64"
    "data";

// `{"data": bytes}` as every encoder writes it. False: anything else, which the general path then
// looks at.
bool decode_canonical(Bytes payload, ExecData& out) {
    if (!as_text(payload).starts_with(data_start)) return false;
    const Bytes rest = payload.subspan(data_start.size());
    cbor::Head head;
    if (!cbor::read_head(rest, head)) return false;
    if (!head.is(cbor::Major::bytes) || head.indefinite()) return false;
    if (head.value > rest.size() - head.bytes) return false;
    out.data = rest.subspan(head.bytes, static_cast<std::size_t>(head.value));
    return true;
}

}  // namespace

Status decode(Bytes payload, ExecRequest& out) {
    out = {};
    return decode_record(payload, request_fields, &out);
}

ResourceLimit take_limit(cbor::Item item) {
    ResourceLimit limit;
    const Status status = decode_record(item.encoded, limit_fields, &limit);
    PRONTO_ASSERT(status.ok());
    return limit;
}

void encode(Writer& writer, const ExecCommand& command) {
    writer.map(command_pairs);
    writer.text("cmd");
    writer.text(command.command);
    write_texts(writer, "args", command.arguments);
    write_texts(writer, "env", command.environment);
    write_text_or_null(writer, "cwd", command.working_directory);
    write_text_or_null(writer, "user", command.user);
    writer.text("tty");
    writer.boolean(command.tty);
    write_number(writer, "rows", command.rows);
    write_number(writer, "cols", command.columns);
    writer.text("rlimits");
    writer.array(command.limits.size());
    for (const ResourceLimit& limit : command.limits)
        cbor::write_record(writer, limit_fields, &limit);
}

Status decode(Bytes payload, ExecStarted& out) {
    out = {};
    return decode_record(payload, started_fields, &out);
}

void encode(Writer& writer, const ExecStarted& started) {
    cbor::write_record(writer, started_fields, &started);
}

Status decode(Bytes payload, ExecData& out) {
    out = {};
    if (decode_canonical(payload, out)) [[likely]]
        return {};
    return decode_record(payload, data_fields, &out);
}

std::size_t data_prefix_bytes(std::size_t byte_count) {
    return data_start.size() + cbor::head_bytes(byte_count);
}

void write_data_prefix(std::uint8_t* data, std::size_t byte_count) {
    PRONTO_ASSERT(data_prefix_bytes(byte_count) <= data_prefix_bytes_max);
    std::uint8_t* at = data - data_prefix_bytes(byte_count);
    std::memcpy(at, data_start.data(), data_start.size());
    at = cbor::store_head(at + data_start.size(), cbor::Major::bytes, byte_count);
    PRONTO_ASSERT(at == data);
}

Status decode(Bytes payload, ExecResize& out) {
    out = {};
    return decode_record(payload, resize_fields, &out);
}

void encode(Writer& writer, const ExecResize& resize) {
    cbor::write_record(writer, resize_fields, &resize);
}

Status decode(Bytes payload, ExecSignal& out) {
    out = {};
    return decode_record(payload, signal_fields, &out);
}

void encode(Writer& writer, const ExecSignal& signal) {
    cbor::write_record(writer, signal_fields, &signal);
}

Status decode_failed(Bytes payload, ExecFailure& out) {
    out = {};
    return decode_record(payload, failed_fields, &out);
}

Status decode_stdin_error(Bytes payload, ExecFailure& out) {
    out = {};
    return decode_record(payload, stdin_error_fields, &out);
}

void encode_failed(Writer& writer, const ExecFailure& failure) {
    PRONTO_ASSERT(!failure.kind.empty());
    cbor::write_record(writer, failed_fields, &failure);
}

void encode_stdin_error(Writer& writer, const ExecFailure& failure) {
    cbor::write_record(writer, stdin_error_fields, &failure);
}

Status decode(Bytes payload, ExecExited& out) {
    out = {};
    Reader reader(payload);
    cbor::Seen seen = 0;
    const Status status = cbor::read_record(reader, exited_fields, &out, seen);
    out.has_verdict = status.ok() && seen != seen_code_only;
    return status;
}

void encode(Writer& writer, const ExecExited& exited) {
    const std::span<const Field> all = exited_fields;
    cbor::write_record(writer, exited.has_verdict ? all : all.first(1), &exited);
}

}  // namespace pronto::wire
