// SPDX-License-Identifier: Apache-2.0
// Wire profiles: what a generation of hosts expects, as rows of one table. A profile is data, not a
// branch.
#pragma once

#include <optional>
#include <string_view>

#include "core/units.hpp"

namespace pronto::wire {

enum class Framing : std::uint8_t { headerless, header };
enum class FileForm : std::uint8_t { path, handle };

struct Profile {
    std::string_view name{};
    Framing framing = Framing::header;
    std::uint8_t generation = 6;  ///< `v` of every frame we send
    bool waits_for_bootstrap = false;
    bool init_handshake = true;  ///< init.resolved → init.ack before ready
    FileForm files = FileForm::handle;
    bool answers_errors = true;  ///< core.error exists for the host
    bool agent_version = true;   ///< core.ready carries agent_version
};

extern const Profile profile_default;  ///< "0.6"

std::optional<Profile> find_profile(std::string_view name);

}  // namespace pronto::wire
