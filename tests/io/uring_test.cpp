// SPDX-License-Identifier: Apache-2.0
#include "io/uring.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "io/clock.hpp"
#include "io/memory.hpp"
#include "io/owned_fd.hpp"

namespace pronto::io {
namespace {

constexpr Nanoseconds long_enough_ns = 20 * ns_per_s;

Op op_of(std::uint32_t slot) { return {7, slot, 0x8000'0001}; }

struct Pair {
    OwnedFd left, right;
};

Pair socket_pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
    return {OwnedFd(ends[0]), OwnedFd(ends[1])};
}

Pair pipe_pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    return {OwnedFd(ends[0]), OwnedFd(ends[1])};
}

class UringOps : public testing::TestWithParam<bool> {
  protected:
    void SetUp() override {
        ASSERT_TRUE(uring_.open({.entries = 16, .single_issuer = GetParam()}).ok());
    }

    Completion next() {
        std::array<Completion, 1> one{};
        for (int tries = 0; tries < 100; ++tries) {
            if (uring_.reap(one) == 1) return one[0];
            EXPECT_TRUE(uring_.enter(1, long_enough_ns).ok());
        }
        ADD_FAILURE() << "no completion";
        return one[0];
    }

    Uring uring_;
};

INSTANTIATE_TEST_SUITE_P(Setups, UringOps, testing::Bool(),
                         [](const auto& mode) { return mode.param ? "Deferred" : "Plain"; });

TEST_P(UringOps, ReadWhenThereIsSomething) {
    const Pair pipe = pipe_pair();
    std::array<std::uint8_t, 16> into{};
    uring_.read(pipe.left.get(), into, op_of(3));
    ASSERT_TRUE(uring_.enter(0, 0).ok());
    EXPECT_FALSE(uring_.has_completions());
    ASSERT_EQ(write(pipe.right.get(), "abc", 3), 3);
    const Completion done = next();
    EXPECT_EQ(done.op.kind, 7);
    EXPECT_EQ(done.op.slot, 3U);
    EXPECT_EQ(done.op.generation, 0x8000'0001U);
    EXPECT_EQ(done.result, 3);
    EXPECT_FALSE(done.has_buffer);
    EXPECT_EQ(memcmp(into.data(), "abc", 3), 0);
}

TEST_P(UringOps, ReadTheEndAsZero) {
    Pair pipe = pipe_pair();
    pipe.right.reset();
    std::array<std::uint8_t, 4> into{};
    uring_.read(pipe.left.get(), into, op_of(0));
    EXPECT_EQ(next().result, 0);
}

TEST_P(UringOps, TellErrorsAsNegativeNumbers) {
    std::array<std::uint8_t, 4> into{};
    uring_.read(9999, into, op_of(1));
    EXPECT_EQ(next().result, -EBADF);
}

TEST_P(UringOps, WriteAndGather) {
    const Pair pipe = pipe_pair();
    const std::array<std::uint8_t, 2> text{'h', 'i'};
    uring_.write(pipe.right.get(), text, op_of(1));
    EXPECT_EQ(next().result, 2);
    std::array<std::uint8_t, 2> first{'a', 'b'};
    std::array<std::uint8_t, 3> second{'c', 'd', 'e'};
    const std::array<iovec, 2> parts{iovec{first.data(), first.size()},
                                     iovec{second.data(), second.size()}};
    uring_.write_gather(pipe.right.get(), parts, op_of(2));
    EXPECT_EQ(next().result, 5);
    std::array<char, 8> got{};
    EXPECT_EQ(read(pipe.left.get(), got.data(), got.size()), 7);
    EXPECT_STREQ(got.data(), "hiabcde");
}

TEST_P(UringOps, SendAndReceive) {
    const Pair pair = socket_pair();
    std::array<std::uint8_t, 3> text{'x', 'y', 'z'};
    iovec part{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    uring_.send_gather(pair.left.get(), &message, 0, op_of(1));
    EXPECT_EQ(next().result, 3);
    std::array<std::uint8_t, 8> into{};
    uring_.receive(pair.right.get(), into, 0, op_of(2));
    EXPECT_EQ(next().result, 3);
}

TEST_P(UringOps, SendToAClosedSocketIsAnErrorAndNoSignal) {
    Pair pair = socket_pair();
    pair.right.reset();
    std::array<std::uint8_t, 1> text{'x'};
    iovec part{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    uring_.send_gather(pair.left.get(), &message, 0, op_of(1));
    EXPECT_EQ(next().result, -EPIPE);
}

TEST_P(UringOps, SendQuietlySaysNothingOfSuccess) {
    const Pair pair = socket_pair();
    std::array<std::uint8_t, 3> text{'x', 'y', 'z'};
    iovec part{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    uring_.send_gather_quiet(pair.left.get(), &message, MSG_DONTWAIT, op_of(1));
    ASSERT_TRUE(uring_.enter(0, 0).ok());
    EXPECT_TRUE(uring_.submitted());
    EXPECT_FALSE(uring_.has_completions());
    std::array<char, 8> got{};
    EXPECT_EQ(recv(pair.right.get(), got.data(), got.size(), 0), 3);
}

TEST_P(UringOps, SendQuietlySpeaksOfWhatDidNotFit) {
    const Pair pair = socket_pair();
    std::vector<std::uint8_t> much(8 * MiB);
    iovec part{much.data(), much.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    uring_.send_gather_quiet(pair.left.get(), &message, MSG_DONTWAIT, op_of(1));
    ASSERT_TRUE(uring_.enter(0, 0).ok());
    ASSERT_TRUE(uring_.has_completions());
    const Completion done = next();
    EXPECT_GT(done.result, 0);
    EXPECT_LT(done.result, static_cast<int>(much.size()));
    // And now nothing fits.
    uring_.send_gather_quiet(pair.left.get(), &message, MSG_DONTWAIT, op_of(2));
    EXPECT_EQ(next().result, -EAGAIN);
}

TEST_P(UringOps, PollTellsReadiness) {
    const Pair pipe = pipe_pair();
    uring_.poll(pipe.left.get(), POLLIN, op_of(1));
    ASSERT_TRUE(uring_.enter(0, 0).ok());
    ASSERT_EQ(write(pipe.right.get(), "x", 1), 1);
    EXPECT_NE(next().result & POLLIN, 0);
}

TEST_P(UringOps, CancelEndsWhatWaits) {
    const Pair pipe = pipe_pair();
    std::array<std::uint8_t, 4> into{};
    uring_.read(pipe.left.get(), into, op_of(5));
    ASSERT_TRUE(uring_.enter(0, 0).ok());
    uring_.cancel(op_of(5), op_of(6));
    std::array<std::int32_t, 7> results{};
    for (int count = 0; count < 2; ++count) {
        const Completion done = next();
        ASSERT_LT(done.op.slot, results.size());
        results[done.op.slot] = done.result;
    }
    EXPECT_EQ(results[5], -ECANCELED);
    EXPECT_EQ(results[6], 0);
}

TEST_P(UringOps, CancelOfNothingIsNotFound) {
    uring_.cancel(op_of(5), op_of(6));
    EXPECT_EQ(next().result, -ENOENT);
}

TEST_P(UringOps, EnterWaitsForItsTimeoutAndNoLonger) {
    const Nanoseconds before_ns = monotonic_ns();
    EXPECT_TRUE(uring_.enter(1, 20 * ns_per_ms).ok());
    const Nanoseconds taken_ns = monotonic_ns() - before_ns;
    EXPECT_GE(taken_ns, 19 * ns_per_ms);
    EXPECT_LT(taken_ns, 5 * ns_per_s);
    EXPECT_FALSE(uring_.has_completions());
}

TEST_P(UringOps, MoreThanTheQueueHoldsAreSubmittedOnTheWay) {
    const Pair pipe = pipe_pair();
    const std::array<std::uint8_t, 1> text{'x'};
    constexpr int count = 50;  // of a queue of 16
    for (int index = 0; index < count; ++index)
        uring_.write(pipe.right.get(), text, op_of(static_cast<std::uint32_t>(index)));
    for (int index = 0; index < count; ++index)
        EXPECT_EQ(next().result, 1);
    std::array<char, 64> got{};
    EXPECT_EQ(read(pipe.left.get(), got.data(), got.size()), count);
}

TEST_P(UringOps, ReapTakesNoMoreThanItIsGivenRoomFor) {
    for (std::uint32_t index = 0; index < 5; ++index)
        uring_.cancel(op_of(100), op_of(index));
    ASSERT_TRUE(uring_.enter(5, long_enough_ns).ok());
    std::array<Completion, 3> some{};
    EXPECT_EQ(uring_.reap(some), 3U);
    EXPECT_EQ(uring_.reap(some), 2U);
    EXPECT_EQ(uring_.reap(some), 0U);
}

TEST_P(UringOps, AcceptGivesAConnectedSocket) {
    const OwnedFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // Without a path the kernel makes a name up.
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)), 0);
    socklen_t bytes = sizeof address;
    ASSERT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &bytes), 0);
    ASSERT_EQ(listen(listener.get(), 1), 0);
    uring_.accept(listener.get(), op_of(1));
    ASSERT_TRUE(uring_.enter(0, 0).ok());
    const OwnedFd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), bytes), 0);
    const OwnedFd server(next().result);
    ASSERT_TRUE(server.valid());
    EXPECT_NE(fcntl(server.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(server.get(), F_GETFD) & FD_CLOEXEC, 0);
    ASSERT_EQ(send(client.get(), "x", 1, 0), 1);
    char byte = 0;
    EXPECT_EQ(recv(server.get(), &byte, 1, 0), 1);
}

TEST_P(UringOps, CloseClosesADescriptor) {
    Pair pipe = pipe_pair();
    uring_.close_fd(pipe.right.release(), op_of(1));
    EXPECT_EQ(next().result, 0);
    std::array<char, 1> got{};
    EXPECT_EQ(read(pipe.left.get(), got.data(), 1), 0) << "the writing end is closed";
}

TEST_P(UringOps, BuffersArePickedWhenDataIsThereAndRunOut) {
    constexpr std::uint16_t group = 4;
    BufferRing ring;
    ASSERT_TRUE(ring.open(uring_, group, 4).ok());
    std::array<std::array<std::uint8_t, 8>, 2> buffers{};
    ring.post(buffers[0], 0);
    ring.post(buffers[1], 1);
    ring.publish();
    const Pair pipe = pipe_pair();
    std::vector<std::uint16_t> used;
    for (const char* text : {"one", "two"}) {
        uring_.read_selected(pipe.left.get(), group, 8, op_of(1));
        ASSERT_TRUE(uring_.enter(0, 0).ok());
        ASSERT_EQ(write(pipe.right.get(), text, 3), 3);
        const Completion done = next();
        EXPECT_EQ(done.result, 3);
        ASSERT_TRUE(done.has_buffer);
        ASSERT_LT(done.buffer, 2);
        EXPECT_EQ(memcmp(buffers[done.buffer].data(), text, 3), 0);
        used.push_back(done.buffer);
    }
    EXPECT_NE(used[0], used[1]);
    uring_.read_selected(pipe.left.get(), group, 8, op_of(1));
    ASSERT_TRUE(uring_.enter(0, 0).ok());
    ASSERT_EQ(write(pipe.right.get(), "x", 1), 1);
    EXPECT_EQ(next().result, -ENOBUFS);
    // A buffer that is posted again can be picked again, and never gets more than was asked for.
    ring.post(buffers[1], 1);
    ring.publish();
    ASSERT_EQ(write(pipe.right.get(), "123456789", 9), 9);
    uring_.read_selected(pipe.left.get(), group, 4, op_of(1));
    const Completion done = next();
    EXPECT_EQ(done.result, 4);
    EXPECT_EQ(done.buffer, 1);
}

TEST(Uring, CountsItsSystemCalls) {
    Uring uring;
    ASSERT_TRUE(uring.open({}).ok());
    const std::uint64_t before = uring.enters();
    ASSERT_TRUE(uring.enter(0, 0).ok());
    EXPECT_EQ(uring.enters(), before + 1);
}

TEST(Uring, CanBeOpenedAgainAfterItWasClosed) {
    Uring uring;
    for (int repeat = 0; repeat < 3; ++repeat) {
        ASSERT_TRUE(uring.open({}).ok());
        uring.close();
    }
}

TEST(Op, PacksAndUnpacksWithoutLoss) {
    for (const Op op : {Op{0, 0, 0}, Op{255, 0xff'ffff, 0xffff'ffff}, Op{1, 2, 3}}) {
        const Op again = Op::unpack(op.packed());
        EXPECT_EQ(again.kind, op.kind);
        EXPECT_EQ(again.slot, op.slot);
        EXPECT_EQ(again.generation, op.generation);
    }
}

}  // namespace
}  // namespace pronto::io
