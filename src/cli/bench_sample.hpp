// SPDX-License-Identifier: Apache-2.0
// Figures of the benchmark: what was measured, beside the floor measured in the same run.
#pragma once

#include <string>
#include <vector>

#include "core/units.hpp"

namespace pronto::cli {

/// How a figure is held against its floor and its goal.
enum class Comparison : unsigned char {
    above_floor,  ///< value − floor ≤ goal
    over_floor,   ///< value ÷ floor ≤ goal
    at_least,     ///< value ≥ goal
    at_most,      ///< value ≤ goal
};

struct BenchFigure {
    std::string name;
    std::string path;  ///< "port" or "relay"
    std::string unit;
    double value = 0;      ///< a median
    double value_p99 = 0;  ///< 0: not a distribution
    double floor = 0;      ///< 0: none
    double goal = 0;
    Comparison comparison = Comparison::at_most;

    /// What the goal is compared with.
    double compared() const;
    bool reached() const;
    /// A ratio of nothing is no goal.
    bool has_goal() const { return goal != 0 || comparison == Comparison::at_most; }
};

/// `fraction` 0.5 is the median. Reorders the samples; there is at least one.
double quantile(std::vector<Nanoseconds>& samples, double fraction);
double median(std::vector<double> values);

}  // namespace pronto::cli
