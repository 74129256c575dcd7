// SPDX-License-Identifier: Apache-2.0
// The golden frames of tests/vectors.
#pragma once

#include <fstream>

#include "tests/support/hex.hpp"

namespace pronto::test {

struct Vector {
    std::string name;
    std::string notation;
    Buffer frame;

    /// The one frame in the framing without a header.
    bool headerless() const { return name == "Z1"; }
};

inline std::vector<Vector> load_vectors() {
    std::ifstream file(PRONTO_SOURCE_DIR "/tests/vectors/microsandbox-frames.tsv");
    std::vector<Vector> vectors;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.front() == '#') continue;
        const std::size_t first = line.find('\t');
        const std::size_t second = line.find('\t', first + 1);
        vectors.push_back({line.substr(0, first), line.substr(first + 1, second - first - 1),
                           unhex(line.substr(second + 1))});
    }
    return vectors;
}

inline Vector load_vector(std::string_view name) {
    for (const Vector& vector : load_vectors()) {
        if (vector.name == name) return vector;
    }
    throw std::invalid_argument("no such vector");
}

}  // namespace pronto::test
