// SPDX-License-Identifier: Apache-2.0
// Memory for one spawn at a time: pointers for argv, envp and candidates, and text for what a
// request does not hold itself; and the environment built in it. The agent's own environment never
// reaches a program.
#pragma once

#include <string_view>

#include "core/cbor/reader.hpp"
#include "core/limits.hpp"

namespace pronto::agent {

constexpr std::string_view path_default =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

class SpawnMemory {
  public:
    Status open();
    void reset();

    /// Null when the capacity is used up: the kernel would refuse so much as well.
    char** pointers(std::uint32_t count);
    /// The parts one after another, terminated; null when it does not fit.
    char* text(std::string_view first, std::string_view second, std::string_view third = {});

    /// Random per boot, for hash tables over what clients send.
    std::uint64_t seed() const { return seed_; }

  private:
    Bytes pointer_memory_;
    Bytes text_memory_;
    std::uint32_t pointers_used_ = 0;
    std::size_t text_used_ = 0;
    std::uint64_t seed_ = 0;
};

struct Environment {
    char** entries = nullptr;  ///< terminated by null
    std::string_view path;     ///< the PATH a command is looked up on
};

struct EnvironmentDefaults {
    std::string_view home;  ///< empty: unknown
    bool tty = false;
};

/// Takes the request's `KEY=VALUE` items: the last of a key wins, an entry without "=" is left out,
/// an entry with a NUL is an error. PATH and HOME, and TERM for a terminal, are added where the
/// request has none.
Status build_environment(cbor::Array items, const EnvironmentDefaults& defaults,
                         SpawnMemory& memory, Environment& out);

}  // namespace pronto::agent
