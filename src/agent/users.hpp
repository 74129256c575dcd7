// SPDX-License-Identifier: Apache-2.0
// Users and groups straight from /etc/passwd and /etc/group, without name services and without a
// heap. Fail-closed: what is not found or not well-formed is an error, and no group of root's is
// kept by accident.
#pragma once

#include <sys/types.h>

#include <array>
#include <string_view>

#include "core/error.hpp"

namespace pronto::agent {

constexpr std::size_t groups_max = 64;

struct Identity {
    uid_t uid = 0;
    gid_t gid = 0;
    std::array<gid_t, groups_max> groups{};
    std::uint32_t group_count = 0;
    std::array<char, 256> home{};  ///< terminated; empty when unknown
};

/// Resolves `user[:group]`, each a name or a number. A number without an entry gets the group of
/// the same number unless one is given. On failure `why` is a static sentence for the host.
Status resolve_user(std::string_view spec, Identity& out, std::string_view& why);

/// The home directory of uid 0, read again only when /etc/passwd changed; empty when unknown.
std::string_view root_home();

}  // namespace pronto::agent
