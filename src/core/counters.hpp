// SPDX-License-Identifier: Apache-2.0
// Totals and high-water marks, numbered by an enum whose last enumerator is `count_`. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pronto {

template <typename Name>
using CounterNames = std::array<std::string_view, static_cast<std::size_t>(Name::count_)>;

/// For a static_assert beside the table of names: a forgotten row would be empty, a doubled one
/// equal.
template <std::size_t count>
constexpr bool names_are_complete(const std::array<std::string_view, count>& names) {
    for (std::size_t index = 0; index < count; ++index) {
        if (names[index].empty()) return false;
        for (std::size_t other = 0; other < index; ++other) {
            if (names[other] == names[index]) return false;
        }
    }
    return true;
}

template <typename Name>
class Counters {
  public:
    static constexpr std::size_t count = static_cast<std::size_t>(Name::count_);

    void add(Name name, std::uint64_t amount = 1) { values_[place(name)] += amount; }
    /// Keeps the highest value seen.
    void raise(Name name, std::uint64_t value) {
        std::uint64_t& highest = values_[place(name)];
        if (value > highest) highest = value;
    }
    std::uint64_t get(Name name) const { return values_[place(name)]; }

  private:
    static constexpr std::size_t place(Name name) { return static_cast<std::size_t>(name); }
    std::array<std::uint64_t, count> values_{};
};

}  // namespace pronto
