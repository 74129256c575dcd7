// SPDX-License-Identifier: Apache-2.0
// Two threads on one ring: every byte arrives, in order, and nobody sleeps through a wake-up. Meant
// for TSan too.
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "core/spsc_ring.hpp"
#include "core/units.hpp"
#include "tests/core/mirrored_memory.hpp"

namespace pronto {
namespace {

constexpr std::size_t capacity = 4096;

/// Byte number `index` of the stream: no two places of the ring agree by accident.
std::uint8_t stream_byte(std::uint64_t index) {
    return static_cast<std::uint8_t>((index * 0x9e37'79b9'7f4a'7c15) >> 56);
}

class RingStress : public testing::Test {
  protected:
    void SetUp() override {
        make_ring(header, memory.bytes());
        ASSERT_TRUE(producer.attach(header, memory.bytes()).ok());
        ASSERT_TRUE(consumer.attach(header, memory.bytes()).ok());
    }

    // Writes up to `wanted` bytes of the stream from `index` on; how many there was room for.
    std::size_t write_some(std::uint64_t index, std::size_t wanted) {
        Bytes out;
        if (!producer.claim(wanted, out).ok()) return 0;
        for (std::size_t offset = 0; offset < out.size(); ++offset)
            out[offset] = stream_byte(index + offset);
        producer.commit(out.size());
        return out.size();
    }
    // Reads up to `wanted` bytes; how many were there and right.
    std::size_t read_some(std::uint64_t index, std::size_t wanted) {
        Bytes there;
        if (!consumer.peek(there).ok()) return 0;
        const std::size_t byte_count = std::min(wanted, there.size());
        for (std::size_t offset = 0; offset < byte_count; ++offset) {
            if (there[offset] != stream_byte(index + offset)) ++wrong_bytes;
        }
        consumer.release(byte_count);
        return byte_count;
    }

    test::MirroredMemory memory{capacity};
    RingHeader header;
    RingProducer producer;
    RingConsumer consumer;
    std::uint64_t wrong_bytes = 0;
};

TEST_F(RingStress, EveryByteArrivesInOrder) {
    constexpr std::uint64_t total = 16 * MiB;
    std::thread writer([&] {
        std::minstd_rand random(1);
        for (std::uint64_t index = 0; index < total;) {
            const std::size_t wanted = std::min<std::uint64_t>(1 + random() % 3000, total - index);
            const std::size_t written = write_some(index, wanted);
            index += written;
            if (written == 0) std::this_thread::yield();
        }
    });
    std::minstd_rand random(2);
    for (std::uint64_t index = 0; index < total;) {
        const std::size_t got = read_some(index, 1 + random() % 3000);
        index += got;
        if (got == 0) std::this_thread::yield();
    }
    writer.join();
    EXPECT_EQ(wrong_bytes, 0U);
}

// Wakes go through eventfds, as they do between programs. A lost one would leave both sides waiting
// for their limit.
class Bell {
  public:
    Bell() : fd_(eventfd(0, EFD_CLOEXEC)) {}
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;
    ~Bell() { close(fd_); }
    void ring() { (void)eventfd_write(fd_, 1); }
    bool wait() {
        pollfd watched{fd_, POLLIN, 0};
        if (poll(&watched, 1, 20'000) != 1) return false;
        eventfd_t ignored = 0;
        return eventfd_read(fd_, &ignored) == 0;
    }

  private:
    int fd_;
};

TEST_F(RingStress, NoWakeUpIsLost) {
    constexpr std::uint64_t total = 2 * MiB;
    Bell for_producer;
    Bell for_consumer;
    std::uint64_t producer_slept_through = 0;
    std::thread writer([&] {
        std::minstd_rand random(3);
        for (std::uint64_t index = 0; index < total;) {
            const std::size_t written =
                write_some(index, std::min<std::uint64_t>(1 + random() % 200, total - index));
            index += written;
            if (written > 0 && producer.must_wake()) for_consumer.ring();
            if (written > 0) continue;
            bool may_sleep = false;
            if (!producer.prepare_to_sleep(1, may_sleep).ok()) return;
            if (may_sleep && !for_producer.wait()) {
                ++producer_slept_through;
                return;
            }
            producer.woke();
        }
    });
    std::uint64_t slept_through = 0;
    std::minstd_rand random(4);
    for (std::uint64_t index = 0; index < total && slept_through == 0;) {
        const std::size_t got = read_some(index, 1 + random() % 200);
        index += got;
        if (got > 0 && consumer.must_wake()) for_producer.ring();
        if (got > 0) continue;
        bool may_sleep = false;
        ASSERT_TRUE(consumer.prepare_to_sleep(0, may_sleep).ok());
        if (may_sleep && !for_consumer.wait()) ++slept_through;
        consumer.woke();
    }
    writer.join();
    EXPECT_EQ(slept_through, 0U);
    EXPECT_EQ(producer_slept_through, 0U);
    EXPECT_EQ(wrong_bytes, 0U);
}

// One of two players. Each waits for the other's byte before it sends its own, so a wake-up that is
// lost is not made up for by the next one: the game stands still.
class Player {
  public:
    Player(RingProducer& out, RingConsumer& in, Bell& others_bell, Bell& own_bell)
        : out_(out), in_(in), others_bell_(others_bell), own_bell_(own_bell) {}

    void send() {
        Bytes room;
        if (!out_.claim(1, room).ok() || room.empty()) return;
        room[0] = 1;
        out_.commit(1);
        if (out_.must_wake()) others_bell_.ring();
    }
    bool receive(unsigned spins) {
        Bytes there;
        for (;;) {
            for (unsigned spin = 0; spin <= spins; ++spin) {
                if (!in_.peek(there).ok()) return false;
                if (!there.empty()) break;
            }
            if (!there.empty()) break;
            bool may_sleep = false;
            if (!in_.prepare_to_sleep(0, may_sleep).ok()) return false;
            if (may_sleep && !own_bell_.wait()) return false;
            in_.woke();
        }
        in_.release(1);
        return true;
    }

  private:
    RingProducer& out_;
    RingConsumer& in_;
    Bell& others_bell_;
    Bell& own_bell_;
};

TEST_F(RingStress, NoWakeUpIsLostInLockstep) {
    constexpr int rounds = 100'000;
    test::MirroredMemory back_memory{capacity};
    RingHeader back_header;
    make_ring(back_header, back_memory.bytes());
    RingProducer back_producer;
    RingConsumer back_consumer;
    ASSERT_TRUE(back_producer.attach(back_header, back_memory.bytes()).ok());
    ASSERT_TRUE(back_consumer.attach(back_header, back_memory.bytes()).ok());
    Bell there;
    Bell here;
    std::thread other([&] {
        Player player(back_producer, consumer, here, there);
        std::minstd_rand random(5);
        for (int round = 0; round < rounds; ++round) {
            if (!player.receive(static_cast<unsigned>(random() % 64))) return;
            player.send();
        }
    });
    Player player(producer, back_consumer, there, here);
    std::minstd_rand random(6);
    int played = 0;
    for (; played < rounds; ++played) {
        player.send();
        if (!player.receive(static_cast<unsigned>(random() % 64))) break;
    }
    other.join();
    EXPECT_EQ(played, rounds);
}

}  // namespace
}  // namespace pronto
