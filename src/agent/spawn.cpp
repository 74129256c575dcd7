// SPDX-License-Identifier: Apache-2.0
#include "agent/spawn.hpp"

#include <errno.h>
#include <string.h>

namespace pronto::agent {

namespace {

struct ResourceRow {
    std::string_view name;
    std::uint32_t number;
};
constexpr auto resources = std::to_array<ResourceRow>({
    {"as", RLIMIT_AS},
    {"core", RLIMIT_CORE},
    {"cpu", RLIMIT_CPU},
    {"data", RLIMIT_DATA},
    {"fsize", RLIMIT_FSIZE},
    {"locks", RLIMIT_LOCKS},
    {"memlock", RLIMIT_MEMLOCK},
    {"msgqueue", RLIMIT_MSGQUEUE},
    {"nice", RLIMIT_NICE},
    {"nofile", RLIMIT_NOFILE},
    {"nproc", RLIMIT_NPROC},
    {"rss", RLIMIT_RSS},
    {"rtprio", RLIMIT_RTPRIO},
    {"rttime", RLIMIT_RTTIME},
    {"sigpending", RLIMIT_SIGPENDING},
    {"stack", RLIMIT_STACK},
});

bool equal_without_case(std::string_view left, std::string_view right) {
    if (left.size() != right.size()) return false;
    for (std::size_t index = 0; index < left.size(); ++index) {
        if ((left[index] | 0x20) != right[index]) return false;  // `right` is lower case letters
    }
    return true;
}

bool has_nul(std::string_view text) { return memchr(text.data(), '\0', text.size()) != nullptr; }

std::string_view kind_of_exec(std::int32_t number) {
    switch (number) {
        case ENOENT:
        case ENOTDIR: return "not_found";
        case EACCES:
        case EPERM: return "permission_denied";
        case ENOEXEC:
        case EISDIR:
        case ELIBBAD:
        case ETXTBSY: return "not_executable";
        case E2BIG:
        case ELOOP:
        case ENAMETOOLONG:
        case EFAULT: return "bad_args";
        case EMFILE:
        case ENFILE:
        case EAGAIN: return "resource_limit";
        case ENOMEM: return "out_of_memory";
        default: return "other";
    }
}

std::string_view kind_of(SpawnStage stage, std::int32_t number) {
    switch (stage) {
        case SpawnStage::chdir: return "bad_cwd";
        case SpawnStage::terminal: return "pty_setup_failed";
        case SpawnStage::groups:
        case SpawnStage::gid:
        case SpawnStage::uid: return "user_setup_failed";
        case SpawnStage::rlimit: return "resource_limit";
        case SpawnStage::clone: return number == ENOMEM ? "out_of_memory" : "resource_limit";
        case SpawnStage::prepare:
        case SpawnStage::session:
        case SpawnStage::stdio:
        case SpawnStage::exec:
        case SpawnStage::done: return kind_of_exec(number);
    }
    PRONTO_UNREACHABLE();
}

}  // namespace

Status Spawner::open(const rlimit& descriptors) {
    limits_[0] = {RLIMIT_NOFILE, {descriptors.rlim_cur, descriptors.rlim_max}};
    return memory_.open();
}

Spawner::Outcome Spawner::spawn(wire::ExecRequest& request, const Stdio& stdio) {
    memory_.reset();
    ChildPlan plan;
    plan.tty = request.tty;
    plan.stdio[0] = stdio.input;
    plan.stdio[1] = stdio.output;
    plan.stdio[2] = stdio.error;
    if (Refusal refusal = prepare(request, plan); refusal.refused)
        return {0, false, refusal.failure};

    const Result<std::int32_t> cloned = clone_child(plan);
    Outcome outcome;
    outcome.pid = cloned.ok() ? cloned.value() : 0;
    const std::int32_t number = cloned.ok() ? plan.system_errno : cloned.error().system_errno;
    outcome.started = number == 0;
    if (!outcome.started)
        outcome.failure = {kind_of(plan.stage, number), name(plan.stage), {}, number};
    return outcome;
}

Spawner::Refusal Spawner::prepare(wire::ExecRequest& request, ChildPlan& plan) {
    if (Refusal refusal = prepare_arguments(request, plan); refusal.refused) return refusal;
    if (Refusal refusal = prepare_identity(request, plan); refusal.refused) return refusal;
    if (Refusal refusal = prepare_limits(request, plan); refusal.refused) return refusal;
    const std::string_view home =
        plan.identity != nullptr ? std::string_view(identity_.home.data()) : root_home();
    Environment environment;
    const Status built =
        build_environment(request.environment, {home, request.tty}, memory_, environment);
    if (!built.ok()) {
        const std::string_view detail =
            built.system_errno == EINVAL ? "an environment entry holds a NUL byte" : "";
        return {true, {"bad_args", name(SpawnStage::prepare), detail, built.system_errno}};
    }
    plan.envp = environment.entries;
    return prepare_candidates(environment.path, plan);
}

Spawner::Refusal Spawner::prepare_arguments(wire::ExecRequest& request, ChildPlan& plan) {
    const SpawnFailure bad{"bad_args", name(SpawnStage::prepare), {}, EINVAL};
    const auto refuse = [&](std::string_view detail, std::int32_t number) {
        return Refusal{true, {bad.kind, bad.stage, detail, number}};
    };
    command_ = cbor::take_text(request.command);
    if (command_.empty()) return refuse("the command is empty", ENOENT);
    if (has_nul(command_)) return refuse("the command holds a NUL byte", EINVAL);
    if (request.arguments.count >= limits::spawn_pointers_max) return refuse({}, E2BIG);
    char** argv = memory_.pointers(request.arguments.count + 2);
    if (argv == nullptr) return refuse({}, E2BIG);
    std::uint32_t used = 0;
    argv[used++] = const_cast<char*>(command_.data());
    while (request.arguments.count > 0) {
        const std::string_view argument = cbor::take_text(cbor::next(request.arguments));
        if (has_nul(argument)) return refuse("an argument holds a NUL byte", EINVAL);
        argv[used++] = const_cast<char*>(argument.data());
    }
    argv[used] = nullptr;
    plan.argv = argv;
    if (request.working_directory.present()) {
        const std::string_view directory = cbor::take_text(request.working_directory);
        if (has_nul(directory))
            return {true, {"bad_cwd", bad.stage, "the working directory holds a NUL byte", EINVAL}};
        if (!directory.empty()) plan.working_directory = directory.data();
    }
    return {};
}

Spawner::Refusal Spawner::prepare_identity(wire::ExecRequest& request, ChildPlan& plan) {
    if (!request.user.present()) return {};
    const std::string_view spec = cbor::take_text(request.user);
    if (spec.find_first_not_of(" \t") == std::string_view::npos) return {};
    std::string_view why;
    if (!resolve_user(spec, identity_, why).ok()) {
        return {true, {"user_setup_failed", "user lookup", why, 0}};
    }
    plan.identity = &identity_;
    return {};
}

Spawner::Refusal Spawner::prepare_limits(wire::ExecRequest& request, ChildPlan& plan) {
    const auto refuse = [](std::string_view detail) {
        return Refusal{true, {"bad_args", name(SpawnStage::rlimit), detail, EINVAL}};
    };
    if (request.limits.count > rlimits_max)
        return refuse("more resource limits than there are resources");
    plan.limit_count = 1;
    while (request.limits.count > 0) {
        const wire::ResourceLimit limit = wire::take_limit(cbor::next(request.limits));
        const ResourceRow* row = nullptr;
        for (const ResourceRow& candidate : resources) {
            if (equal_without_case(limit.resource, candidate.name)) row = &candidate;
        }
        if (row == nullptr) return refuse("a resource limit with an unknown name");
        if (limit.soft > limit.hard) return refuse("a soft limit above its hard limit");
        limits_[plan.limit_count++] = {row->number, {limit.soft, limit.hard}};
    }
    plan.limits = limits_.data();
    return {};
}

Spawner::Refusal Spawner::prepare_candidates(std::string_view path, ChildPlan& plan) {
    const bool direct = command_.find('/') != std::string_view::npos;
    std::uint32_t count = 2;
    for (const char letter : path)
        count += letter == ':' ? 1 : 0;
    char** candidates = memory_.pointers(direct ? 2 : count);
    const SpawnFailure too_big{"bad_args", name(SpawnStage::prepare), {}, E2BIG};
    if (candidates == nullptr) return {true, too_big};
    std::uint32_t used = 0;
    if (direct) candidates[used++] = const_cast<char*>(command_.data());
    while (!direct && !path.empty()) {
        const std::size_t stop = path.find(':');
        const std::string_view directory = path.substr(0, stop);
        path = stop == std::string_view::npos ? std::string_view{} : path.substr(stop + 1);
        // An empty part means the current directory, and so does ".".
        char* candidate = memory_.text(directory.empty() ? "." : directory, "/", command_);
        if (candidate == nullptr) return {true, too_big};
        candidates[used++] = candidate;
    }
    candidates[used] = nullptr;
    plan.candidates = candidates;
    return {};
}

}  // namespace pronto::agent
