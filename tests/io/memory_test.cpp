// SPDX-License-Identifier: Apache-2.0
#include "io/memory.hpp"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

#include "core/units.hpp"
#include "io/owned_fd.hpp"

namespace pronto::io {
namespace {

TEST(Memory, IsZeroedAndAligned) {
    const Bytes memory = reserve(3 * page_bytes);
    ASSERT_EQ(memory.size(), 3 * page_bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % page_bytes, 0U);
    EXPECT_TRUE(std::all_of(memory.begin(), memory.end(), [](auto byte) { return byte == 0; }));
}

TEST(Memory, ThatCannotBeHadIsEmpty) { EXPECT_TRUE(reserve(std::size_t{1} << 62).empty()); }

TEST(Memory, GivenBackReadsAsZeroAndItsNeighboursStay) {
    const Bytes memory = reserve(4 * page_bytes);
    std::memset(memory.data(), 7, memory.size());
    // Whole pages inside the range only: the second and the third.
    give_back_pages(memory.subspan(10, 3 * page_bytes));
    EXPECT_EQ(memory[0], 7);
    EXPECT_EQ(memory[page_bytes - 1], 7);
    EXPECT_EQ(memory[page_bytes], 0);
    EXPECT_EQ(memory[3 * page_bytes - 1], 0);
    EXPECT_EQ(memory[3 * page_bytes], 7);
    give_back_pages({});
    give_back_pages(memory.subspan(1, 100));
    EXPECT_EQ(memory[1], 7);
}

TEST(MirroredMemory, IsTheSameBytesTwiceInARow) {
    Bytes memory;
    ASSERT_TRUE(map_mirrored(2 * page_bytes, -1, memory).ok());
    ASSERT_EQ(memory.size(), 2 * page_bytes);
    std::uint8_t* second = memory.data() + memory.size();
    memory[5] = 42;
    EXPECT_EQ(second[5], 42);
    // A record over the end is contiguous, and its tail lies at the beginning.
    std::memcpy(memory.data() + memory.size() - 4, "abcdefgh", 8);
    EXPECT_EQ(std::memcmp(memory.data(), "efgh", 4), 0);
    unmap_mirrored(memory);
}

TEST(MirroredMemory, OfAFileIsSharedWithItsOtherMappings) {
    const OwnedFd file(memfd_create("test", MFD_CLOEXEC));
    ASSERT_EQ(ftruncate(file.get(), page_bytes), 0);
    Bytes one;
    Bytes other;
    ASSERT_TRUE(map_mirrored(page_bytes, file.get(), one).ok());
    ASSERT_TRUE(map_mirrored(page_bytes, file.get(), other).ok());
    one[9] = 3;
    EXPECT_EQ(other[9], 3);
    EXPECT_EQ(other.data()[page_bytes + 9], 3);
    unmap_mirrored(one);
    unmap_mirrored(other);
}

TEST(MirroredMemory, OfABadDescriptorIsAnErrorAndLeavesNoMapping) {
    Bytes memory;
    EXPECT_EQ(map_mirrored(page_bytes, 9999, memory).system_errno, EBADF);
    EXPECT_TRUE(memory.empty());
    unmap_mirrored(memory);
}

}  // namespace
}  // namespace pronto::io
