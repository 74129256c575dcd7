// SPDX-License-Identifier: Apache-2.0
#include "core/wire/message.hpp"

#include <string>

#include <gtest/gtest.h>

#include "core/wire/envelope.hpp"
#include "tests/support/vectors.hpp"

namespace pronto::wire {
namespace {

constexpr auto message_count = static_cast<std::size_t>(Message::count_);

struct Expected {
    std::string_view name;
    Message message;
    std::string_view senders;  // c, r, g
    int flags;
    int generation;
};

// Written out again on purpose: a slip in the table shows as a difference between two hands.
constexpr Expected expected_rows[] = {
    {"core.ready", Message::ready, "g", 0, 1},
    {"core.shutdown", Message::shutdown, "cr", 4, 1},
    {"core.relay.client.disconnected", Message::relay_client_disconnected, "r", 0, 1},
    {"core.init.resolved", Message::init_resolved, "g", 0, 1},
    {"core.init.ack", Message::init_ack, "r", 0, 1},
    {"core.clock.sync", Message::clock_sync, "r", 0, 1},
    {"core.error", Message::error, "g", 1, 5},
    {"core.ping", Message::ping, "c", 0, 6},
    {"core.pong", Message::pong, "g", 1, 6},
    {"core.touch", Message::touch, "c", 0, 6},
    {"core.touched", Message::touched, "g", 1, 6},
    {"core.bootstrap", Message::bootstrap, "r", 0, 7},
    {"core.exec.request", Message::exec_request, "c", 2, 1},
    {"core.exec.started", Message::exec_started, "g", 0, 1},
    {"core.exec.stdin", Message::exec_stdin, "c", 0, 1},
    {"core.exec.stdin.error", Message::exec_stdin_error, "g", 0, 1},
    {"core.exec.stdout", Message::exec_stdout, "g", 0, 1},
    {"core.exec.stderr", Message::exec_stderr, "g", 0, 1},
    {"core.exec.exited", Message::exec_exited, "g", 1, 1},
    {"core.exec.failed", Message::exec_failed, "g", 1, 1},
    {"core.exec.resize", Message::exec_resize, "c", 0, 1},
    {"core.exec.signal", Message::exec_signal, "cr", 0, 1},
    {"core.fs.request", Message::fs_request, "c", 2, 2},
    {"core.fs.response", Message::fs_response, "g", 1, 2},
    {"core.fs.data", Message::fs_data, "cg", 0, 2},
    {"core.tcp.connect", Message::tcp_connect, "c", 2, 4},
    {"core.tcp.connected", Message::tcp_connected, "g", 0, 4},
    {"core.tcp.data", Message::tcp_data, "cg", 0, 4},
    {"core.tcp.eof", Message::tcp_eof, "cg", 0, 4},
    {"core.tcp.close", Message::tcp_close, "c", 0, 4},
    {"core.tcp.closed", Message::tcp_closed, "g", 1, 4},
    {"core.tcp.failed", Message::tcp_failed, "g", 1, 4},
    {"core.pronto.credit", Message::pronto_credit, "rg", 0, 6},
};
static_assert(std::size(expected_rows) == message_count);

std::uint8_t sender_bits(std::string_view letters) {
    std::uint8_t bits = 0;
    for (const char letter : letters) {
        bits = static_cast<std::uint8_t>(bits | (letter == 'c'   ? from_client
                                                 : letter == 'r' ? from_relay
                                                                 : from_guest));
    }
    return bits;
}

TEST(MessageTable, HasEveryRowOfTheCatalogue) {
    for (const Expected& expected : expected_rows) {
        const MessageRow& actual = row(expected.message);
        EXPECT_EQ(actual.name, expected.name);
        EXPECT_EQ(actual.senders, sender_bits(expected.senders)) << expected.name;
        EXPECT_EQ(actual.flags, expected.flags) << expected.name;
        EXPECT_EQ(actual.generation, expected.generation) << expected.name;
    }
}

TEST(FindMessage, FindsEveryName) {
    for (const Expected& expected : expected_rows) {
        EXPECT_EQ(find_message(expected.name), expected.message) << expected.name;
    }
}

TEST(FindMessage, FindsNoStrictPrefixOrExtensionThatIsNoName) {
    for (const Expected& expected : expected_rows) {
        for (std::size_t bytes = 0; bytes < expected.name.size(); ++bytes) {
            const auto found = find_message(expected.name.substr(0, bytes));
            if (found) {
                EXPECT_EQ(row(*found).name, expected.name.substr(0, bytes));
            }
        }
        EXPECT_FALSE(find_message(std::string(expected.name) + "."));
    }
}

TEST(FindMessage, FindsNoNameWithOneByteChanged) {
    for (const Expected& expected : expected_rows) {
        for (std::size_t at = 0; at < expected.name.size(); ++at) {
            std::string name(expected.name);
            name[at] = static_cast<char>(name[at] ^ 0x20);
            EXPECT_FALSE(find_message(name)) << name;
        }
    }
}

TEST(FindMessage, RefusesNamesOfAnyOtherLength) {
    EXPECT_FALSE(find_message(""));
    EXPECT_FALSE(find_message("core.xx"));
    EXPECT_FALSE(find_message(std::string(4096, 'c')));
}

TEST(MessageTable, HasTheFlagsOfEveryVector) {
    for (test::Vector& vector : test::load_vectors()) {
        if (vector.headerless()) continue;
        const Scanned scanned = scan_frame(vector.frame);
        Envelope envelope;
        ASSERT_TRUE(decode_envelope(scanned.frame.body, envelope).ok()) << vector.name;
        ASSERT_TRUE(envelope.message.has_value()) << vector.name;
        EXPECT_EQ(row(*envelope.message).flags, scanned.frame.flags) << vector.name;
    }
}

}  // namespace
}  // namespace pronto::wire
