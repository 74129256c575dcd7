// SPDX-License-Identifier: Apache-2.0
#include "core/frame_input.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pronto {
namespace {

constexpr std::size_t read_bytes = 64 * KiB;

class FrameInputTest : public testing::Test {
  protected:
    /// Puts as much of `stream` as a read would into the buffer; what is left of it.
    std::string_view feed(std::string_view stream, std::size_t bytes_max) {
        const Bytes room = input_.room();
        EXPECT_FALSE(room.empty());
        const std::size_t count = std::min({room.size(), bytes_max, stream.size()});
        std::memcpy(room.data(), stream.data(), count);
        input_.filled(count);
        return stream.substr(count);
    }

    /// The ids of all frames of a stream that comes in reads of `bytes_max`.
    std::vector<std::uint32_t> ids_of(std::string_view stream, std::size_t bytes_max) {
        std::vector<std::uint32_t> ids;
        while (!stream.empty()) {
            stream = feed(stream, bytes_max);
            for (;;) {
                const wire::Scanned scanned = input_.next();
                if (scanned.outcome == wire::Scan::incomplete) break;
                if (scanned.outcome == wire::Scan::bad) {
                    ++bad_count_;
                    continue;
                }
                // Whole and in place: the body repeats the id.
                for (const std::uint8_t byte : scanned.frame.body)
                    EXPECT_EQ(byte, static_cast<std::uint8_t>(scanned.frame.id));
                ids.push_back(scanned.frame.id);
            }
        }
        return ids;
    }

    static std::string frame(std::uint32_t id, std::uint32_t length) {
        std::string bytes(4 + length, static_cast<char>(id));
        auto* start = reinterpret_cast<std::uint8_t*>(bytes.data());
        store_be(start, length);
        if (length >= wire::frame_length_min) store_be(start + 4, id);
        return bytes;
    }

    std::vector<std::uint8_t> memory_ =
        std::vector<std::uint8_t>(wire::frame_wire_bytes_max + 2 * read_bytes);
    FrameInput input_{memory_, read_bytes};
    int bad_count_ = 0;
};

TEST_F(FrameInputTest, SplitsAStreamTheSameHoweverItArrives) {
    std::string stream;
    std::vector<std::uint32_t> expected;
    for (const std::uint32_t length :
         {5U, 6U, 300U, 65'531U, 65'536U, 65'537U, 5U, 200'000U, 70'000U}) {
        expected.push_back(static_cast<std::uint32_t>(expected.size() + 1));
        stream += frame(expected.back(), length);
    }
    for (const std::size_t step :
         {std::size_t{1}, std::size_t{7}, std::size_t{4096}, stream.size()}) {
        EXPECT_EQ(ids_of(stream, step), expected) << step;
        EXPECT_TRUE(input_.empty());
    }
}

TEST_F(FrameInputTest, HoldsTheLongestFrameBehindTheLongestFrame) {
    std::string stream;
    for (std::uint32_t id = 1; id <= 4; ++id)
        stream += frame(id, wire::frame_length_max) + frame(id + 10, 5);
    EXPECT_EQ(ids_of(stream, stream.size()),
              (std::vector<std::uint32_t>{1, 11, 2, 12, 3, 13, 4, 14}));
    EXPECT_EQ(bad_count_, 0);
}

TEST_F(FrameInputTest, SkipsAFrameThatIsTooLongAndReportsItOnce) {
    const std::string stream = frame(1, 100) + frame(2, wire::frame_length_max + 1) + frame(3, 100);
    EXPECT_EQ(ids_of(stream, 1000), (std::vector<std::uint32_t>{1, 3}));
    EXPECT_EQ(bad_count_, 1);
}

TEST_F(FrameInputTest, SkipsFramesThatAreTooShort) {
    std::string stream;
    for (std::uint32_t length = 0; length < wire::frame_length_min; ++length)
        stream += frame(9, length) + frame(length + 1, 5);
    EXPECT_EQ(ids_of(stream, 3), (std::vector<std::uint32_t>{1, 2, 3, 4, 5}));
    EXPECT_EQ(bad_count_, 5);
}

TEST_F(FrameInputTest, ForgetsHalfAFrameAndASkipWhenItIsReset) {
    feed(frame(1, 1000), 500);
    EXPECT_EQ(input_.next().outcome, wire::Scan::incomplete);
    EXPECT_EQ(input_.pending(), 500U);
    input_.reset();
    EXPECT_TRUE(input_.empty());
    EXPECT_EQ(ids_of(frame(2, 50), 50 + 4), (std::vector<std::uint32_t>{2}));
    feed(frame(3, wire::frame_length_max + 5), 100);
    EXPECT_EQ(input_.next().outcome, wire::Scan::bad);
    input_.reset();
    EXPECT_EQ(ids_of(frame(4, 50), 54), (std::vector<std::uint32_t>{4}));
}

TEST_F(FrameInputTest, GivesBackWhatABurstTouchedAndNeverWhatIsInUse) {
    EXPECT_TRUE(input_.take_surplus().empty());
    const std::string stream = frame(1, 1'000'000);
    EXPECT_EQ(ids_of(stream, stream.size()).size(), 1U);
    // The next read goes to the front; only then is what lies behind it free.
    EXPECT_TRUE(input_.take_surplus().empty());
    const Bytes room = input_.room();
    EXPECT_EQ(room.data(), memory_.data());
    const Bytes surplus = input_.take_surplus();
    EXPECT_EQ(surplus.data(), memory_.data() + read_bytes);
    EXPECT_GE(surplus.size(), 900'000U);
    EXPECT_TRUE(input_.take_surplus().empty()) << "given back once";
}

TEST_F(FrameInputTest, LooksAheadNoFurtherThanItWasFilled) {
    // The length field itself may be cut.
    const std::string whole = frame(1, 20);
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        input_.reset();
        feed(std::string_view(whole).substr(0, cut), cut);
        EXPECT_EQ(input_.next().outcome, wire::Scan::incomplete) << cut;
        feed(std::string_view(whole).substr(cut), whole.size());
        EXPECT_EQ(input_.next().outcome, wire::Scan::frame) << cut;
    }
}

}  // namespace
}  // namespace pronto
