// SPDX-License-Identifier: Apache-2.0
#include "agent/users.hpp"

#include <string.h>
#include <sys/stat.h>

#include "agent/line_reader.hpp"

namespace pronto::agent {

namespace {

constexpr const char* passwd_path = "/etc/passwd";
constexpr const char* group_path = "/etc/group";
/// (uid_t)-1 means "leave alone" to the kernel, so it is nobody's number.
constexpr std::uint32_t number_reserved = 0xffff'ffff;

struct PasswdEntry {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::array<char, 64> name{};
    std::size_t name_bytes = 0;
    std::array<char, 256> home{};
};

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

template <std::size_t capacity>
bool copy_text(std::array<char, capacity>& to, std::string_view from) {
    if (from.size() >= capacity) return false;
    memcpy(to.data(), from.data(), from.size());
    to[from.size()] = '\0';
    return true;
}

/// name:password:uid:gid:comment:home:shell
bool parse_passwd(std::string_view line, PasswdEntry& out) {
    const std::string_view name = take_field(line, ':');
    (void)take_field(line, ':');
    const std::string_view uid = take_field(line, ':');
    const std::string_view gid = take_field(line, ':');
    (void)take_field(line, ':');
    const std::string_view home = take_field(line, ':');
    if (name.empty() || !parse_number(uid, out.uid) || !parse_number(gid, out.gid)) return false;
    if (out.uid == number_reserved || out.gid == number_reserved) return false;
    if (!copy_text(out.name, name) || !copy_text(out.home, home)) return false;
    out.name_bytes = name.size();
    return true;
}

/// By name, or by number when `name` is empty. The first match counts, as everywhere.
bool find_passwd(std::string_view name, std::uint32_t uid, PasswdEntry& out) {
    LineReader lines;
    if (!lines.open(passwd_path).ok()) return false;
    for (std::string_view line; lines.next(line);) {
        if (!parse_passwd(line, out)) continue;
        const bool matches = name.empty()
                                 ? out.uid == uid
                                 : std::string_view(out.name.data(), out.name_bytes) == name;
        if (matches) return true;
    }
    return false;
}

/// name:password:gid:member,member
bool find_group(std::string_view name, std::uint32_t& gid) {
    LineReader lines;
    if (!lines.open(group_path).ok()) return false;
    for (std::string_view line; lines.next(line);) {
        if (take_field(line, ':') != name) continue;
        (void)take_field(line, ':');
        return parse_number(take_field(line, ':'), gid) && gid != number_reserved;
    }
    return false;
}

bool has_member(std::string_view members, std::string_view name) {
    while (!members.empty()) {
        if (take_field(members, ',') == name) return true;
    }
    return false;
}

/// The groups that list `name`, behind the primary one. False when there are more than we hold.
bool collect_groups(std::string_view name, Identity& out) {
    out.groups[0] = out.gid;
    out.group_count = 1;
    LineReader lines;
    if (!lines.open(group_path).ok()) return true;
    for (std::string_view line; lines.next(line);) {
        (void)take_field(line, ':');
        (void)take_field(line, ':');
        std::uint32_t gid = 0;
        if (!parse_number(take_field(line, ':'), gid) || gid == out.gid || !has_member(line, name))
            continue;
        if (out.group_count == groups_max) return false;
        out.groups[out.group_count++] = gid;
    }
    return true;
}

Status refuse(std::string_view& why, std::string_view reason) {
    why = reason;
    return {Code::not_found, 0};
}

}  // namespace

Status resolve_user(std::string_view spec, Identity& out, std::string_view& why) {
    out = {};
    const std::size_t colon = spec.find(':');
    const std::string_view user = trim(spec.substr(0, colon));
    const bool has_group = colon != std::string_view::npos;
    const std::string_view group = has_group ? trim(spec.substr(colon + 1)) : std::string_view{};
    if (user.empty()) return refuse(why, "the user is empty");
    if (has_group && group.empty()) return refuse(why, "the group behind ':' is empty");

    PasswdEntry entry;
    std::uint32_t uid = 0;
    const bool numeric = parse_number(user, uid);
    if (numeric && uid == number_reserved) return refuse(why, "the user number is reserved");
    const bool found = numeric ? find_passwd({}, uid, entry) : find_passwd(user, 0, entry);
    if (!found && !numeric) return refuse(why, "no such user in /etc/passwd");
    out.uid = found ? entry.uid : uid;
    out.gid = found ? entry.gid : uid;
    if (has_group) {
        std::uint32_t gid = 0;
        if (!parse_number(group, gid) && !find_group(group, gid))
            return refuse(why, "no such group in /etc/group");
        if (gid == number_reserved) return refuse(why, "the group number is reserved");
        out.gid = gid;
    }
    out.groups[0] = out.gid;
    out.group_count = 1;
    if (!found) return {};
    out.home = entry.home;
    if (!collect_groups({entry.name.data(), entry.name_bytes}, out))
        return refuse(why, "the user is in too many groups");
    return {};
}

std::string_view root_home() {
    // One process, one thread: what was read is kept until the file is another one.
    static struct {
        struct stat seen;
        std::array<char, 256> home;
    } cache{};
    struct stat now;
    if (stat(passwd_path, &now) != 0) return {};
    const bool same = now.st_ino == cache.seen.st_ino && now.st_dev == cache.seen.st_dev &&
                      now.st_size == cache.seen.st_size &&
                      now.st_mtim.tv_sec == cache.seen.st_mtim.tv_sec &&
                      now.st_mtim.tv_nsec == cache.seen.st_mtim.tv_nsec;
    if (!same) {
        PasswdEntry entry;
        cache.home = find_passwd({}, 0, entry) ? entry.home : std::array<char, 256>{};
        cache.seen = now;
    }
    return cache.home.data();
}

}  // namespace pronto::agent
