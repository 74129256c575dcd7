// SPDX-License-Identifier: Apache-2.0
#include "core/wire/message.hpp"

namespace pronto::wire {

namespace {

constexpr std::size_t message_count = static_cast<std::size_t>(Message::count_);

constexpr std::uint8_t client = from_client;
constexpr std::uint8_t relay = from_relay;
constexpr std::uint8_t guest = from_guest;
constexpr std::uint8_t start = flag_session_start;
constexpr std::uint8_t terminal = flag_terminal;

// In the order of Message.
constexpr std::array<MessageRow, message_count> rows{{
    {"core.bootstrap", relay, 0, 7},
    {"core.clock.sync", relay, 0, 1},
    {"core.error", guest, terminal, 5},
    {"core.exec.exited", guest, terminal, 1},
    {"core.exec.failed", guest, terminal, 1},
    {"core.exec.request", client, start, 1},
    {"core.exec.resize", client, 0, 1},
    {"core.exec.signal", client | relay, 0, 1},
    {"core.exec.started", guest, 0, 1},
    {"core.exec.stderr", guest, 0, 1},
    {"core.exec.stdin", client, 0, 1},
    {"core.exec.stdin.error", guest, 0, 1},
    {"core.exec.stdout", guest, 0, 1},
    {"core.fs.data", client | guest, 0, 2},
    {"core.fs.request", client, start, 2},
    {"core.fs.response", guest, terminal, 2},
    {"core.init.ack", relay, 0, 1},
    {"core.init.resolved", guest, 0, 1},
    {"core.ping", client, 0, 6},
    {"core.pong", guest, terminal, 6},
    {"core.pronto.credit", relay | guest, 0, 6},
    {"core.ready", guest, 0, 1},
    {"core.relay.client.disconnected", relay, 0, 1},
    {"core.shutdown", client | relay, flag_shutdown, 1},
    {"core.tcp.close", client, 0, 4},
    {"core.tcp.closed", guest, terminal, 4},
    {"core.tcp.connect", client, start, 4},
    {"core.tcp.connected", guest, 0, 4},
    {"core.tcp.data", client | guest, 0, 4},
    {"core.tcp.eof", client | guest, 0, 4},
    {"core.tcp.failed", guest, terminal, 4},
    {"core.touch", client, 0, 6},
    {"core.touched", guest, terminal, 6},
}};

// A name is found by a perfect hash of its length and its last eight bytes; the multiplier is
// searched for when this file is compiled.
constexpr std::size_t tail_bytes = 8;
constexpr unsigned slot_bits = 7;
constexpr std::size_t slot_count = std::size_t{1} << slot_bits;
constexpr std::uint8_t slot_free = 0xff;

constexpr std::uint64_t tail_of(std::string_view name) {
    const std::string_view tail = name.substr(name.size() - tail_bytes);
    std::uint64_t value = 0;
    if (__builtin_is_constant_evaluated()) {
        for (std::size_t index = tail_bytes; index-- > 0;) {
            value = (value << 8) | static_cast<std::uint8_t>(tail[index]);
        }
    } else {
        std::memcpy(&value, tail.data(), sizeof value);
    }
    return value;
}

constexpr std::size_t slot_of(std::string_view name, std::uint64_t multiplier) {
    const std::uint64_t mixed = (tail_of(name) + name.size()) * multiplier;
    return static_cast<std::size_t>(mixed >> (64 - slot_bits));
}

struct Index {
    std::uint64_t multiplier = 0;
    std::array<std::uint8_t, slot_count> message_of_slot{};
};

// True when no two names share a slot.
constexpr bool fill(Index& index) {
    for (std::uint8_t& slot : index.message_of_slot)
        slot = slot_free;
    for (std::size_t message = 0; message < message_count; ++message) {
        const std::size_t slot = slot_of(rows[message].name, index.multiplier);
        if (index.message_of_slot[slot] != slot_free) return false;
        index.message_of_slot[slot] = static_cast<std::uint8_t>(message);
    }
    return true;
}

constexpr int attempts_max = 2'000;

consteval Index make_index() {
    Index index;
    index.multiplier = 0x9e37'79b9'7f4a'7c15;
    for (int attempt = 0; attempt < attempts_max && !fill(index); ++attempt) {
        index.multiplier = index.multiplier * 0x5851'f42d'4c95'7f2d + 2;
    }
    return index;
}

constexpr Index by_name = make_index();

constexpr bool index_is_perfect() {
    Index copy = by_name;
    return fill(copy);
}
static_assert(index_is_perfect(),
              "no multiplier separates the names: raise slot_bits or attempts_max");

constexpr bool names_fit() {
    for (const MessageRow& each : rows) {
        if (each.name.size() > message_name_bytes_max || each.name.size() < tail_bytes)
            return false;
    }
    return true;
}
static_assert(names_fit());

}  // namespace

const MessageRow& row(Message message) {
    const auto index = static_cast<std::size_t>(message);
    PRONTO_ASSERT(index < message_count);
    return rows[index];
}

std::optional<Message> find_message(std::string_view name) {
    if (name.size() < tail_bytes || name.size() > message_name_bytes_max) return std::nullopt;
    const std::uint8_t index = by_name.message_of_slot[slot_of(name, by_name.multiplier)];
    if (index == slot_free || rows[index].name != name) return std::nullopt;
    return static_cast<Message>(index);
}

}  // namespace pronto::wire
