// SPDX-License-Identifier: Apache-2.0
// Once it is open the relay allocates nothing: not for a client, a session, a stall or an end.
// Every allocation of this program passes here, and is counted while a relay is at work.
#include <sys/socket.h>

#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "io/clock.hpp"
#include "tests/relay/relay_rig.hpp"

namespace {
bool counting = false;
std::uint64_t allocations = 0;
}  // namespace

#ifndef PRONTO_SANITIZED  // a sanitizer is the allocator itself
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* malloc(std::size_t byte_count) {
    allocations += counting ? 1U : 0U;
    return __libc_malloc(byte_count);
}
void* calloc(std::size_t count, std::size_t byte_count) {
    allocations += counting ? 1U : 0U;
    return __libc_calloc(count, byte_count);
}
void* realloc(void* memory, std::size_t byte_count) {
    allocations += counting ? 1U : 0U;
    return __libc_realloc(memory, byte_count);
}
}
#endif

namespace pronto::test {
namespace {

/// Turns the relay with everything it does counted; the test's own vectors are not.
class NoHeap : public testing::Test {
  protected:
    void SetUp() override {
#ifdef PRONTO_SANITIZED
        GTEST_SKIP() << "the sanitizer replaces the allocator";
#endif
        rig.events.reserve(10'000);  // the test's own record of events
        rig.boot({.credit = true, .stdin_window_bytes = 64 * KiB});
    }
    void turns(int count) {
        for (int turn = 0; turn < count; ++turn) {
            counting = true;
            rig.relay().turn(io::monotonic_ns() + ns_per_ms / 10);
            counting = false;
            rig.guest().pump();
        }
    }

    RelayRig rig;
};

TEST_F(NoHeap, TrapCounts) {
    counting = true;
    void* memory = std::malloc(1);
    counting = false;
    std::free(memory);
    EXPECT_EQ(allocations, 1U);
    allocations = 0;
}

TEST_F(NoHeap, ServingClientsAllocatesNothing) {
    allocations = 0;
    RelayRig::Client& client = rig.connect();
    turns(5);
    client.start = 1;
    for (int round = 0; round < 50; ++round) {
        client.peer.send(make_frame(1, Message::exec_request, exec_payload()));
        client.peer.send(make_frame(1, Message::exec_stdin, data_payload(40 * KiB)));
        client.peer.send(make_frame(1, Message::exec_stdin, data_payload(40 * KiB)));
        client.peer.send(make_frame(2, Message::relay_client_disconnected));
        turns(5);
        rig.guest().send(make_frame(1, Message::exec_stdout, data_payload(64 * KiB)));
        rig.guest().send(make_frame(1, Message::exec_exited, encoded(wire::ExecExited{})));
        turns(5);
        client.peer.pump();
    }
    EXPECT_GT(rig.count(relay::Counter::frames_refused), 10U);
    EXPECT_EQ(allocations, 0U);
}

TEST_F(NoHeap, ComingStallingAndLeavingAllocatesNothing) {
    allocations = 0;
    for (int round = 0; round < 20; ++round) {
        RelayRig::Client& client = rig.connect();
        turns(5);
        client.peer.pump();
        const std::uint32_t id = load_be<std::uint32_t>(client.peer.received.data());
        client.peer.send(make_frame(id, Message::exec_request, exec_payload()));
        for (int count = 0; count < 10; ++count) {
            rig.guest().send(make_frame(id, Message::exec_stdout, data_payload(64 * KiB)));
        }
        turns(20);
        client.peer.close();
        turns(10);
    }
    EXPECT_GT(rig.count(relay::Counter::client_bytes_copied), 0U);
    rig.relay().request_shutdown();
    turns(2);
    rig.guest().close();
    turns(5);
    EXPECT_EQ(rig.relay().cause(), relay::Cause::shutdown);
    EXPECT_EQ(allocations, 0U);
}

}  // namespace
}  // namespace pronto::test
