// SPDX-License-Identifier: Apache-2.0
#include "core/wire/profile.hpp"

namespace pronto::wire {

// Each row says only what differs from the default one, which is "0.6".
constinit const Profile profile_default{.name = "0.6"};

namespace {

constexpr Profile profiles[] = {
    {.name = "0.3",
     .framing = Framing::headerless,
     .generation = 1,
     .init_handshake = false,
     .files = FileForm::path,
     .answers_errors = false,
     .agent_version = false},
    {.name = "0.4",
     .generation = 1,
     .init_handshake = false,
     .files = FileForm::path,
     .answers_errors = false,
     .agent_version = false},
    {.name = "0.5", .generation = 3, .answers_errors = false, .agent_version = false},
    {.name = "0.6"},
    {.name = "0.7", .generation = 7, .waits_for_bootstrap = true},
};

}  // namespace

std::optional<Profile> find_profile(std::string_view name) {
    for (const Profile& profile : profiles) {
        if (profile.name == name) return profile;
    }
    return std::nullopt;
}

}  // namespace pronto::wire
