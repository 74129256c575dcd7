// SPDX-License-Identifier: Apache-2.0
// What the relay's data path rests on: a quiet send on a socket is decided within the call that
// submits it, silent when it was whole and a completion with its count when it was not.
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "io/owned_fd.hpp"
#include "io/uring.hpp"
#include "tests/relay/relay_rig.hpp"

namespace pronto::test {
namespace {

class QuietSend : public testing::Test {
  protected:
    void SetUp() override {
        int pair[2];
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
        near = io::OwnedFd(pair[0]);
        far = io::OwnedFd(pair[1]);
        ASSERT_TRUE(uring.open({}).ok());
    }
    /// The results of the completions that one send makes.
    std::vector<std::int32_t> results(std::size_t byte_count) {
        Buffer bytes(byte_count);
        iovec part{bytes.data(), bytes.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        uring.send_gather_quiet(near.get(), &message, MSG_DONTWAIT, {1, 2, 3});
        EXPECT_TRUE(uring.enter(0, 0).ok());
        EXPECT_TRUE(uring.submitted());
        std::array<io::Completion, 4> completions;
        std::vector<std::int32_t> out;
        const std::uint32_t count = uring.reap(completions);
        for (std::uint32_t index = 0; index < count; ++index)
            out.push_back(completions[index].result);
        return out;
    }

    io::OwnedFd near;
    io::OwnedFd far;
    io::Uring uring;
};

TEST_F(QuietSend, WholeIsSilent) {
    EXPECT_TRUE(results(100).empty());
    Buffer bytes(200);
    EXPECT_EQ(recv(far.get(), bytes.data(), bytes.size(), 0), 100);
}

TEST_F(QuietSend, ShortTellsHowMuchWasSent) {
    const std::vector<std::int32_t> got = results(8 * MiB);
    ASSERT_EQ(got.size(), 1U);
    EXPECT_GT(got[0], 0);
    EXPECT_LT(got[0], static_cast<std::int32_t>(8 * MiB));
    std::int32_t arrived = 0;
    Buffer bytes(1 * MiB);
    for (ssize_t count; (count = recv(far.get(), bytes.data(), bytes.size(), 0)) > 0;) {
        arrived += static_cast<std::int32_t>(count);
    }
    EXPECT_EQ(arrived, got[0]);
}

TEST_F(QuietSend, FullSocketAndDeadPeerAreTold) {
    (void)results(8 * MiB);
    EXPECT_EQ(results(10), std::vector<std::int32_t>{-EAGAIN});
    far.reset();
    EXPECT_EQ(results(10), std::vector<std::int32_t>{-EPIPE});
}

}  // namespace
}  // namespace pronto::test
