// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_sample.hpp"

#include <algorithm>

#include "core/assert.hpp"

namespace pronto::cli {

double BenchFigure::compared() const {
    switch (comparison) {
        case Comparison::above_floor: return value - floor;
        case Comparison::over_floor: return value / floor;
        case Comparison::at_least:
        case Comparison::at_most: return value;
    }
    PRONTO_UNREACHABLE();
}

bool BenchFigure::reached() const {
    if (!has_goal()) return true;
    return comparison == Comparison::at_least ? compared() >= goal : compared() <= goal;
}

double quantile(std::vector<Nanoseconds>& samples, double fraction) {
    PRONTO_ASSERT(!samples.empty());
    const auto index = static_cast<std::size_t>(fraction * static_cast<double>(samples.size() - 1));
    const auto place = samples.begin() + static_cast<std::ptrdiff_t>(index);
    std::nth_element(samples.begin(), place, samples.end());
    return static_cast<double>(*place);
}

double median(std::vector<double> values) {
    PRONTO_ASSERT(!values.empty());
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace pronto::cli
