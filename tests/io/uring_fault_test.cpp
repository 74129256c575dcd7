// SPDX-License-Identifier: Apache-2.0
#include "io/uring_fault.hpp"

#include <errno.h>
#include <fcntl.h>

#include <array>

#include <gtest/gtest.h>

#include "io/owned_fd.hpp"
#include "io/uring.hpp"

namespace pronto::io {
namespace {

#ifdef PRONTO_DEEP_CHECKS

class UringFault : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(uring_.open({}).ok());
        std::array<int, 2> ends{};
        ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
        read_end_ = OwnedFd(ends[0]);
        write_end_ = OwnedFd(ends[1]);
    }
    void TearDown() override { fault::inject(0, 0); }

    std::int32_t write_once(std::size_t bytes) {
        std::array<std::uint8_t, 512> data{};
        uring_.write(write_end_.get(), ByteView(data).first(bytes), {1, 1, 1});
        EXPECT_TRUE(uring_.enter(1, 5 * ns_per_s).ok());
        std::array<Completion, 1> one{};
        EXPECT_EQ(uring_.reap(one), 1U);
        std::array<std::uint8_t, 512> drained;
        (void)!read(read_end_.get(), drained.data(), drained.size());
        return one[0].result;
    }

    Uring uring_;
    OwnedFd read_end_, write_end_;
};

TEST_F(UringFault, IsOffUntilAskedFor) {
    for (int repeat = 0; repeat < 100; ++repeat)
        EXPECT_EQ(write_once(100), 100);
}

TEST_F(UringFault, DisturbsInEveryWayAndTellsNoLies) {
    fault::inject(42, 2);
    const std::uint64_t before = fault::injected();
    int again = 0;
    int interrupted = 0;
    int shortened = 0;
    for (int repeat = 0; repeat < 300; ++repeat) {
        const std::int32_t result = write_once(100);
        again += result == -EAGAIN ? 1 : 0;
        interrupted += result == -EINTR ? 1 : 0;
        shortened += result > 0 && result < 100 ? 1 : 0;
        EXPECT_TRUE(result == -EAGAIN || result == -EINTR || (result > 0 && result <= 100));
    }
    EXPECT_GT(again, 10);
    EXPECT_GT(interrupted, 10);
    EXPECT_GT(shortened, 10);
    EXPECT_GT(fault::injected() - before, 100U);
}

TEST_F(UringFault, RepeatsItselfBySeed) {
    std::array<std::array<std::int32_t, 100>, 2> runs{};
    for (auto& run : runs) {
        fault::inject(7, 3);
        for (std::int32_t& result : run)
            result = write_once(200);
    }
    EXPECT_EQ(runs[0], runs[1]);
}

#else

TEST(UringFault, IsNotInThisBuild) { EXPECT_EQ(fault::at_completion(1, 17), 17); }

#endif

}  // namespace
}  // namespace pronto::io
