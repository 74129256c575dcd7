// SPDX-License-Identifier: Apache-2.0
#include "core/id_table.hpp"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace pronto {
namespace {

TEST(IdTable, FindsWhatWasInserted) {
    IdTable<8> table;
    table.insert(0, 5);
    table.insert(0xffff'ffff, 6);
    EXPECT_EQ(table.find(0), 5U);
    EXPECT_EQ(table.find(0xffff'ffff), 6U);
    EXPECT_EQ(table.find(1), slot_none);
    EXPECT_EQ(table.count(), 2U);
}

TEST(IdTable, ErasesOnceAndOnlyWhatIsThere) {
    IdTable<8> table;
    table.insert(7, 1);
    EXPECT_FALSE(table.erase(8));
    EXPECT_TRUE(table.erase(7));
    EXPECT_FALSE(table.erase(7));
    EXPECT_EQ(table.find(7), slot_none);
    EXPECT_EQ(table.count(), 0U);
}

TEST(IdTable, HoldsAsManyAsItSays) {
    IdTable<3> table;
    for (std::uint32_t id = 0; id < 3; ++id)
        table.insert(id, id);
    EXPECT_EQ(table.count(), 3U);
    for (std::uint32_t id = 0; id < 3; ++id)
        EXPECT_EQ(table.find(id), id);
    EXPECT_EQ(table.find(3), slot_none);
}

TEST(IdTable, VisitsEachEntryOnce) {
    IdTable<16> table;
    for (std::uint32_t id = 100; id < 110; ++id)
        table.insert(id, id - 100);
    std::map<std::uint32_t, std::uint32_t> seen;
    table.for_each(
        [&](std::uint32_t id, std::uint32_t slot) { EXPECT_TRUE(seen.emplace(id, slot).second); });
    EXPECT_EQ(seen.size(), 10U);
    EXPECT_EQ(seen[105], 5U);
}

TEST(IdTable, AgreesWithAMapUnderRandomUse) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 engine(seed);
    const auto below = [&](std::uint32_t limit) {
        return static_cast<std::uint32_t>(engine() % limit);
    };
    IdTable<32> table(below(0xffff'ffff));
    std::map<std::uint32_t, std::uint32_t> model;
    for (int step = 0; step < 50'000; ++step) {
        // Few ids, so that runs collide and holes are filled across the table's end.
        const std::uint32_t id = below(48);
        if (model.count(id) != 0) {
            ASSERT_EQ(table.find(id), model[id]);
            ASSERT_TRUE(table.erase(id));
            model.erase(id);
        } else if (model.size() < 32) {
            const std::uint32_t slot = below(1000);
            ASSERT_EQ(table.find(id), slot_none);
            table.insert(id, slot);
            model[id] = slot;
        }
        ASSERT_EQ(table.count(), model.size());
        if (step % 100 != 0) continue;
        for (const auto& [known, slot] : model)
            ASSERT_EQ(table.find(known), slot);
    }
}

TEST(IdTableDeathTest, MisuseTraps) {
    IdTable<2> table;
    table.insert(1, 1);
    EXPECT_DEATH(table.insert(1, 2), "");
    table.insert(2, 2);
    EXPECT_DEATH(table.insert(3, 3), "");
}

}  // namespace
}  // namespace pronto
