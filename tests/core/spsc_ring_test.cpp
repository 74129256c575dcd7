// SPDX-License-Identifier: Apache-2.0
#include "core/spsc_ring.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "tests/core/mirrored_memory.hpp"

namespace pronto {
namespace {

constexpr std::size_t capacity = 4096;

class SpscRing : public testing::Test {
  protected:
    void SetUp() override {
        make_ring(header, memory.bytes());
        ASSERT_TRUE(producer.attach(header, memory.bytes()).ok());
        ASSERT_TRUE(consumer.attach(header, memory.bytes()).ok());
    }
    std::size_t put(std::size_t byte_count, std::uint8_t fill) {
        Bytes out;
        EXPECT_TRUE(producer.claim(byte_count, out).ok());
        std::fill(out.begin(), out.end(), fill);
        producer.commit(out.size());
        return out.size();
    }
    std::vector<std::uint8_t> take(std::size_t byte_count) {
        Bytes there;
        EXPECT_TRUE(consumer.peek(there).ok());
        EXPECT_GE(there.size(), byte_count);
        std::vector<std::uint8_t> out(there.begin(),
                                      there.begin() + static_cast<std::ptrdiff_t>(byte_count));
        consumer.release(byte_count);
        return out;
    }

    test::MirroredMemory memory{capacity};
    RingHeader header;
    RingProducer producer;
    RingConsumer consumer;
};

TEST_F(SpscRing, IsEmptyWhenMade) {
    Bytes there;
    ASSERT_TRUE(consumer.peek(there).ok());
    EXPECT_TRUE(there.empty());
}

TEST_F(SpscRing, HoldsItsCapacityAndNotOneByteMore) {
    EXPECT_EQ(put(capacity, 1), capacity);
    EXPECT_EQ(put(1, 2), 0U);
    EXPECT_EQ(take(1).front(), 1);
    EXPECT_EQ(put(2, 2), 1U);
}

TEST_F(SpscRing, ClaimWithoutCommitPublishesNothing) {
    Bytes out;
    ASSERT_TRUE(producer.claim(100, out).ok());
    Bytes there;
    ASSERT_TRUE(consumer.peek(there).ok());
    EXPECT_TRUE(there.empty());
    producer.commit(40);
    ASSERT_TRUE(consumer.peek(there).ok());
    EXPECT_EQ(there.size(), 40U);
}

TEST_F(SpscRing, RecordAcrossTheEndIsContiguous) {
    put(capacity - 10, 1);
    take(capacity - 10);
    Bytes out;
    ASSERT_TRUE(producer.claim(100, out).ok());
    ASSERT_EQ(out.size(), 100U);
    for (std::size_t index = 0; index < out.size(); ++index)
        out[index] = static_cast<std::uint8_t>(index);
    producer.commit(100);
    const std::vector<std::uint8_t> got = take(100);
    for (std::size_t index = 0; index < got.size(); ++index)
        ASSERT_EQ(got[index], index);
}

TEST_F(SpscRing, IndicesKeepCountingBeyondFourGigabytes) {
    header.produced = header.consumed = 0xffff'ffff'ffff'ff00;
    RingProducer late_producer;
    RingConsumer late_consumer;
    ASSERT_TRUE(late_producer.attach(header, memory.bytes()).ok());
    ASSERT_TRUE(late_consumer.attach(header, memory.bytes()).ok());
    Bytes out;
    ASSERT_TRUE(late_producer.claim(1000, out).ok());
    late_producer.commit(1000);
    ASSERT_TRUE(late_consumer.peek(out).ok());
    EXPECT_EQ(out.size(), 1000U);
    EXPECT_EQ(header.produced, 744U);
}

TEST_F(SpscRing, HeaderOfAnotherShapeIsRefused) {
    const RingHeader good = header;
    RingProducer other;
    header.magic ^= 1;
    EXPECT_EQ(other.attach(header, memory.bytes()).code, Code::protocol);
    header = good;
    header.version = 2;
    EXPECT_EQ(RingProducer{}.attach(header, memory.bytes()).code, Code::unsupported);
    header = good;
    header.capacity_bytes *= 2;
    EXPECT_EQ(RingConsumer{}.attach(header, memory.bytes()).code, Code::protocol);
    header = good;
    header.produced = capacity + 1;
    EXPECT_EQ(RingConsumer{}.attach(header, memory.bytes()).code, Code::protocol);
    EXPECT_EQ(RingProducer{}.attach(header, memory.bytes()).code, Code::protocol);
}

TEST_F(SpscRing, ProducersIndexBeyondTheCapacityIsAnError) {
    header.produced = capacity + 1;
    Bytes there;
    EXPECT_EQ(consumer.peek(there).code, Code::protocol);
}

TEST_F(SpscRing, ProducersIndexGoingBackwardsIsAnError) {
    put(100, 1);
    Bytes there;
    ASSERT_TRUE(consumer.peek(there).ok());
    header.produced = 99;
    EXPECT_EQ(consumer.peek(there).code, Code::protocol);
    header.produced = ~std::uint64_t{0};
    EXPECT_EQ(consumer.peek(there).code, Code::protocol);
}

TEST_F(SpscRing, ConsumersIndexOutsideWhatIsThereIsAnError) {
    put(capacity, 1);
    Bytes out;
    header.consumed = capacity + 1;
    EXPECT_EQ(producer.claim(1, out).code, Code::protocol);
    header.consumed = ~std::uint64_t{0};
    EXPECT_EQ(producer.claim(1, out).code, Code::protocol);
    header.consumed = 100;
    EXPECT_TRUE(producer.claim(1, out).ok());
    header.consumed = 99;
    EXPECT_EQ(producer.claim(capacity, out).code, Code::protocol);
}

TEST_F(SpscRing, SleepIsRefusedWhenThereIsSomethingToDo) {
    bool may_sleep = false;
    ASSERT_TRUE(consumer.prepare_to_sleep(0, may_sleep).ok());
    EXPECT_TRUE(may_sleep);
    put(1, 1);
    ASSERT_TRUE(consumer.prepare_to_sleep(0, may_sleep).ok());
    EXPECT_FALSE(may_sleep);
    EXPECT_EQ(header.consumer_sleeping, 0U);
    ASSERT_TRUE(consumer.prepare_to_sleep(1, may_sleep).ok());
    EXPECT_TRUE(may_sleep);
    ASSERT_TRUE(producer.prepare_to_sleep(capacity - 1, may_sleep).ok());
    EXPECT_FALSE(may_sleep);
    ASSERT_TRUE(producer.prepare_to_sleep(capacity, may_sleep).ok());
    EXPECT_TRUE(may_sleep);
}

TEST_F(SpscRing, WakeIsNeededOnceAndOnlyForASleeper) {
    put(1, 1);
    EXPECT_FALSE(producer.must_wake());
    take(1);
    bool may_sleep = false;
    ASSERT_TRUE(consumer.prepare_to_sleep(0, may_sleep).ok());
    put(1, 1);
    EXPECT_TRUE(producer.must_wake());
    EXPECT_FALSE(producer.must_wake());
    ASSERT_TRUE(producer.prepare_to_sleep(capacity, may_sleep).ok());
    take(1);
    EXPECT_TRUE(consumer.must_wake());
    EXPECT_FALSE(consumer.must_wake());
}

}  // namespace
}  // namespace pronto
