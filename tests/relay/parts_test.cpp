// SPDX-License-Identifier: Apache-2.0
// The relay's small parts, each alone: buffers, ranges, sessions, slot sets, stream positions.
#include <numeric>
#include <random>

#include <gtest/gtest.h>

#include "relay/byte_queue.hpp"
#include "relay/id_ranges.hpp"
#include "relay/input_buffer.hpp"
#include "relay/session_set.hpp"
#include "relay/slot_set.hpp"
#include "relay/stream_position.hpp"
#include "tests/relay/relay_rig.hpp"

namespace pronto::test {
namespace {

using namespace relay;  // NOLINT(banned): a test of that namespace's parts

TEST(IdRanges, AgreeWithReleasedRelays) {
    const IdRanges ranges(Greeting::range);
    EXPECT_EQ(ranges.start(0), 1U);
    EXPECT_EQ(ranges.end_exclusive(0), 33'554'431U);
    EXPECT_EQ(ranges.start(1), 33'554'432U);
    EXPECT_EQ(ranges.end_exclusive(127), 128U * 33'554'431U);
    const IdRanges legacy(Greeting::legacy);
    EXPECT_EQ(legacy.count(), 16U);
    EXPECT_EQ(legacy.start(1), 268'435'456U);
}

TEST(IdRanges, EdgesBelongToTheirSlotAndFencesToNobody) {
    for (const Greeting greeting : {Greeting::range, Greeting::legacy}) {
        const IdRanges ranges(greeting);
        for (std::uint32_t slot = 0; slot < ranges.count(); ++slot) {
            EXPECT_EQ(ranges.slot_of(ranges.start(slot)), slot);
            EXPECT_EQ(ranges.slot_of(ranges.end_exclusive(slot) - 1), slot);
            EXPECT_EQ(ranges.slot_of(ranges.fence(slot)), slot);
            EXPECT_FALSE(ranges.holds(slot, ranges.fence(slot)));
            EXPECT_FALSE(ranges.holds(slot, ranges.start(slot) - 1));
        }
        EXPECT_GE(ranges.slot_of(0xffff'ffff), ranges.count());
    }
}

TEST(SlotSet, VisitsMembersInOrder) {
    SlotSet set;
    for (const std::uint32_t slot : {127U, 0U, 64U, 63U})
        set.insert(slot);
    std::vector<std::uint32_t> seen;
    set.for_each([&](std::uint32_t slot) { seen.push_back(slot); });
    EXPECT_EQ(seen, (std::vector<std::uint32_t>{0, 63, 64, 127}));
    EXPECT_EQ(set.next(65), 127U);
    EXPECT_EQ(set.next(128), clients_max);
    set.erase(127);
    EXPECT_EQ(set.next(65), clients_max);
    EXPECT_EQ(set.count(), 3U);
}

TEST(ByteQueue, KeepsItsBytesAroundTheEnd) {
    Buffer memory(64);
    ByteQueue queue;
    queue.attach(memory);
    std::uint8_t written = 0;
    std::uint8_t expected = 0;
    for (int round = 0; round < 100; ++round) {
        Buffer piece(23);
        for (std::uint8_t& byte : piece)
            byte = written++;
        ASSERT_TRUE(queue.try_append(piece));
        queue.runs(23, [&](ByteView run) {
            for (const std::uint8_t byte : run)
                ASSERT_EQ(byte, expected++);
        });
        queue.consume(round % 2 == 0 ? 23 : 22);
        if (round % 2 != 0) queue.consume(1);
    }
}

TEST(ByteQueue, RefusesOneByteTooMany) {
    Buffer memory(64);
    ByteQueue queue;
    queue.attach(memory);
    EXPECT_FALSE(queue.try_append(Buffer(65)));
    EXPECT_TRUE(queue.try_append(Buffer(64)));
    EXPECT_FALSE(queue.try_append(Buffer(1)));
    queue.truncate(10);
    EXPECT_EQ(queue.bytes(), 10U);
    EXPECT_TRUE(queue.try_append(Buffer(54)));
}

TEST(StreamPosition, FindsEveryBoundaryInAnyPieces) {
    Buffer stream(8);  // the prologue
    std::vector<std::size_t> boundaries{8};
    for (const std::size_t bytes : {0U, 1U, 300U, 5U, 0U}) {
        const Buffer frame = make_raw_frame(1, 0, Buffer(bytes, 0xff));
        stream.insert(stream.end(), frame.begin(), frame.end());
        boundaries.push_back(stream.size());
    }
    for (std::size_t piece = 1; piece <= 20; ++piece) {
        StreamPosition position(8);
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            const std::size_t taken = std::min(piece, stream.size() - at);
            position.advance(ByteView(stream).subspan(at, taken));
            const bool expected =
                std::find(boundaries.begin(), boundaries.end(), at + taken) != boundaries.end();
            ASSERT_EQ(position.at_boundary(), expected) << at << " " << piece;
            StreamPosition copy = position;
            const std::size_t left = copy.advance_to_boundary(ByteView(stream).subspan(at + taken));
            ASSERT_TRUE(copy.at_boundary());
            ASSERT_NE(std::find(boundaries.begin(), boundaries.end(), at + taken + left),
                      boundaries.end());
        }
    }
}

TEST(SessionSet, HoldsItsLimitAndGivesUpStraysFirst) {
    alignas(8) std::array<std::uint8_t, SessionSet::memory_bytes> memory;
    SessionSet sessions;
    sessions.attach(memory);
    for (std::uint32_t id = 1; id <= client_sessions_max; ++id) {
        ASSERT_EQ(sessions.open(id, SessionKind::exec), SessionSet::Opened::yes);
    }
    EXPECT_EQ(sessions.open(9999, SessionKind::exec), SessionSet::Opened::full);
    sessions.make_stray(77);
    EXPECT_EQ(sessions.count(SessionKind::stray_exec), 1U);
    EXPECT_EQ(sessions.open(9999, SessionKind::exec), SessionSet::Opened::yes);
    EXPECT_FALSE(sessions.contains(77));
    EXPECT_EQ(sessions.count(), client_sessions_max);
}

TEST(SessionSet, StaysConsistentUnderRandomUse) {
    alignas(8) std::array<std::uint8_t, SessionSet::memory_bytes> memory;
    SessionSet sessions;
    sessions.attach(memory);
    std::minstd_rand random(5);
    std::vector<bool> open(700, false);
    for (int step = 0; step < 20'000; ++step) {
        const auto id = static_cast<std::uint32_t>(random() % 700);
        if (open[id]) {
            sessions.close(id);
            open[id] = false;
        } else if (sessions.open(id, SessionKind::exec) == SessionSet::Opened::yes) {
            open[id] = true;
        }
        ASSERT_EQ(sessions.contains(id), open[id]);
    }
    EXPECT_EQ(sessions.count(),
              static_cast<std::uint32_t>(std::count(open.begin(), open.end(), true)));
    for (std::uint32_t index = 0; index < sessions.count(); ++index)
        EXPECT_TRUE(open[sessions.id_at(index)]);
}

TEST(InputBuffer, FrameOfAnySizeBecomesContiguousWhereverItBegins) {
    Buffer memory(input_bytes);
    InputBuffer input;
    input.attach(memory);
    std::minstd_rand random(6);
    Buffer stream;
    std::size_t streamed = 0;
    std::size_t checked = 0;
    while (checked < 40 * MiB) {
        const std::size_t wanted =
            random() % 20 == 0 ? 1 + random() % (3 * MiB) : 1 + random() % 5000;
        while (input.unread().size() < wanted) {
            const Bytes room = input.room(wanted);
            if (room.empty()) {
                ASSERT_TRUE(input.sending());
                input.sent();
                continue;
            }
            const std::size_t got = std::min<std::size_t>(room.size(), 1 + random() % (200 * KiB));
            for (std::size_t offset = 0; offset < got; ++offset)
                room[offset] = static_cast<std::uint8_t>((streamed + offset) % 251);
            streamed += got;
            input.received(got);
        }
        if (input.sending()) input.sent();
        const ByteView taken = input.take(wanted);
        for (const std::uint8_t byte : taken)
            ASSERT_EQ(byte, checked++ % 251);
    }
}

TEST(InputBuffer, SmallTrafficStaysOnTheFirstPages) {
    Buffer memory(input_bytes);
    InputBuffer input;
    input.attach(memory);
    for (int round = 0; round < 10'000; ++round) {
        const Bytes room = input.room(0);
        ASSERT_FALSE(room.empty());
        ASSERT_LT(room.data() - memory.data(), static_cast<std::ptrdiff_t>(2 * input_fold_bytes));
        input.received(30);
        if (input.sending()) input.sent();
        (void)input.take(30);
    }
}

}  // namespace
}  // namespace pronto::test
