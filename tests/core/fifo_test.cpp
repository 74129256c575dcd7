// SPDX-License-Identifier: Apache-2.0
#include "core/fifo.hpp"

#include <gtest/gtest.h>

namespace pronto {
namespace {

TEST(Fifo, IsEmptyWhenMade) {
    Fifo<int, 4> fifo;
    EXPECT_TRUE(fifo.empty());
    EXPECT_FALSE(fifo.full());
    EXPECT_EQ(fifo.count(), 0U);
}

TEST(Fifo, RefusesTheItemBeyondItsCapacity) {
    Fifo<int, 4> fifo;
    for (int value = 0; value < 4; ++value)
        EXPECT_TRUE(fifo.try_push(value));
    EXPECT_TRUE(fifo.full());
    EXPECT_FALSE(fifo.try_push(4));
    EXPECT_EQ(fifo.front(), 0);
    fifo.pop();
    EXPECT_TRUE(fifo.try_push(4));
    EXPECT_EQ(fifo.at(3), 4);
}

TEST(Fifo, KeepsOrderAroundTheEnd) {
    Fifo<int, 4> fifo;
    fifo.push(0);
    for (int value = 1; value < 100; ++value) {
        fifo.push(value);
        EXPECT_EQ(fifo.front(), value - 1);
        EXPECT_EQ(fifo.at(1), value);
        fifo.pop();
    }
}

TEST(Fifo, ClearForgetsEverything) {
    Fifo<int, 4> fifo;
    fifo.push(1);
    fifo.push(2);
    fifo.clear();
    EXPECT_TRUE(fifo.empty());
    fifo.push(3);
    EXPECT_EQ(fifo.front(), 3);
}

TEST(FifoDeathTest, MisuseTraps) {
    Fifo<int, 2> fifo;
    EXPECT_DEATH(fifo.pop(), "");
    EXPECT_DEATH(static_cast<void>(fifo.front()), "");
    fifo.push(1);
    fifo.push(2);
    EXPECT_DEATH(fifo.push(3), "");
    EXPECT_DEATH(static_cast<void>(fifo.at(2)), "");
}

}  // namespace
}  // namespace pronto
