// SPDX-License-Identifier: Apache-2.0
// The same traffic with the kernel's moods: short reads, EAGAIN and EINTR on any operation. Nothing
// may be lost.
#include <gtest/gtest.h>

#include "io/uring_fault.hpp"
#include "tests/relay/relay_rig.hpp"

namespace pronto::test {
namespace {

#ifdef PRONTO_DEEP_CHECKS
class Faults : public testing::TestWithParam<int> {
  protected:
    ~Faults() override { io::fault::inject(0, 0); }
};

TEST_P(Faults, LoseNothingInEitherDirection) {
    RelayRig rig;
    rig.boot({.ours = true});
    RelayRig::Client& first = rig.open_client();
    RelayRig::Client& second = rig.open_client();
    second.peer.read_bytes_max = 50 * KiB;
    io::fault::inject(static_cast<std::uint64_t>(GetParam()), 4);
    Buffer expected_first;
    Buffer expected_second;
    for (std::uint32_t round = 0; round < 60; ++round) {
        const Buffer small =
            make_frame(first.start, Message::exec_stdout, data_payload(round * 37));
        const Buffer large =
            make_frame(second.start, Message::exec_stdout, data_payload(round * 1500));
        rig.guest().send(small);
        rig.guest().send(large);
        expected_first.insert(expected_first.end(), small.begin(), small.end());
        expected_second.insert(expected_second.end(), large.begin(), large.end());
        first.peer.send(
            make_frame(first.start + round, Message::exec_stdin, data_payload(round * 2000)));
        rig.step();
    }
    ASSERT_TRUE(
        rig.until([&] { return first.peer.received.size() == expected_first.size(); }, 20'000));
    ASSERT_TRUE(
        rig.until([&] { return second.peer.received.size() == expected_second.size(); }, 20'000));
    ASSERT_TRUE(rig.until([&] { return rig.guest_frames.size() == 60; }, 20'000));
    EXPECT_TRUE(first.peer.received == expected_first);
    EXPECT_TRUE(second.peer.received == expected_second);
    for (std::uint32_t round = 0; round < 60; ++round)
        EXPECT_EQ(rig.guest_frames[round].id, first.start + round);
    EXPECT_GT(io::fault::injected(), 20U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Faults, testing::Range(1, 9));
#else
TEST(Faults, NeedDeepChecks) {
    GTEST_SKIP() << "faults are injected in builds with deep checks only";
}
#endif

}  // namespace
}  // namespace pronto::test
