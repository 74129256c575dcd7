// SPDX-License-Identifier: Apache-2.0
#include "core/slot_stack.hpp"

#include <set>

#include <gtest/gtest.h>

namespace pronto {
namespace {

TEST(SlotStack, HandsOutSlotZeroFirst) {
    SlotStack<3> stack;
    EXPECT_EQ(stack.take(), 0U);
    EXPECT_EQ(stack.take(), 1U);
    EXPECT_EQ(stack.take(), 2U);
}

TEST(SlotStack, HasNoneBeyondItsCapacity) {
    SlotStack<2> stack;
    std::set<std::uint32_t> taken{stack.take(), stack.take()};
    EXPECT_EQ(taken.size(), 2U);
    EXPECT_EQ(stack.free_count(), 0U);
    EXPECT_EQ(stack.take(), slot_none);
    EXPECT_EQ(stack.used_count(), 2U);
}

TEST(SlotStack, GivesTheWarmestSlotAgain) {
    SlotStack<4> stack;
    (void)stack.take();
    const std::uint32_t warm = stack.take();
    stack.give_back(warm);
    EXPECT_EQ(stack.take(), warm);
}

TEST(SlotStackDeathTest, MisuseTraps) {
    SlotStack<2> stack;
    EXPECT_DEATH(stack.give_back(0), "");
    (void)stack.take();
    EXPECT_DEATH(stack.give_back(2), "");
}

}  // namespace
}  // namespace pronto
