// SPDX-License-Identifier: Apache-2.0
// The child's side of a spawn. It runs on its own stack in the agent's memory while the agent's
// thread is suspended, so it makes raw system calls and touches nothing but its plan: no libc
// state, no errno, no locks.
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "agent/spawn.hpp"
#include "io/memory.hpp"

#if !defined(__x86_64__)
# error "the clone below is written for x86-64; another machine needs its own few instructions"
#endif

// The sanitizers' run-time must not see this code: it runs twice on one thread's shadow.
#define PRONTO_CHILD __attribute__((no_sanitize("address", "thread", "undefined"), noinline))

namespace pronto::agent {

namespace {

constexpr std::size_t child_stack_bytes = 16 * KiB;

struct Arguments {
    long a = 0, b = 0, c = 0, d = 0;
};

PRONTO_CHILD long raw(long number, Arguments arguments) {
    long result;
    register long r10 __asm__("r10") = arguments.d;
    __asm__ __volatile__("syscall"
                         : "=a"(result)
                         : "a"(number), "D"(arguments.a), "S"(arguments.b), "d"(arguments.c),
                           "r"(r10)
                         : "rcx", "r11", "memory");
    return result;
}

template <typename Pointer>
PRONTO_CHILD long word(Pointer* pointer) {
    return reinterpret_cast<long>(pointer);
}

[[noreturn]] PRONTO_CHILD void fail(ChildPlan& plan, long result) {
    plan.system_errno = static_cast<std::int32_t>(-result);
    for (;;)
        raw(SYS_exit_group, {.a = 127});
}

PRONTO_CHILD void set_stdio(ChildPlan& plan) {
    plan.stage = SpawnStage::stdio;
    for (int fd = 0; fd < 3; ++fd) {
        const long result = raw(SYS_dup2, {.a = plan.stdio[fd], .b = fd});
        if (result < 0) fail(plan, result);
    }
    // Everything of ours is close-on-exec; this also covers what an inherited descriptor of ours
    // might not be.
    raw(SYS_close_range, {.a = 3, .b = static_cast<long>(~0U), .c = 0});
}

PRONTO_CHILD void set_session(ChildPlan& plan) {
    plan.stage = SpawnStage::session;
    const long result = raw(SYS_setsid, {});
    if (result < 0) fail(plan, result);
}

PRONTO_CHILD void set_terminal(ChildPlan& plan) {
    plan.stage = SpawnStage::terminal;
    const long result = raw(SYS_ioctl, {.a = 0, .b = TIOCSCTTY, .c = 0});
    if (result < 0) fail(plan, result);
}

PRONTO_CHILD void set_directory(ChildPlan& plan) {
    plan.stage = SpawnStage::chdir;
    const long result = raw(SYS_chdir, {.a = word(plan.working_directory)});
    if (result < 0) fail(plan, result);
}

PRONTO_CHILD void set_identity(ChildPlan& plan) {
    const Identity& identity = *plan.identity;
    plan.stage = SpawnStage::groups;
    long result =
        raw(SYS_setgroups, {.a = identity.group_count, .b = word(identity.groups.data())});
    if (result < 0) fail(plan, result);
    plan.stage = SpawnStage::gid;
    result = raw(SYS_setresgid, {.a = identity.gid, .b = identity.gid, .c = identity.gid});
    if (result < 0) fail(plan, result);
    plan.stage = SpawnStage::uid;
    result = raw(SYS_setresuid, {.a = identity.uid, .b = identity.uid, .c = identity.uid});
    if (result < 0) fail(plan, result);
}

PRONTO_CHILD void set_limits(ChildPlan& plan) {
    plan.stage = SpawnStage::rlimit;
    for (std::uint32_t index = 0; index < plan.limit_count; ++index) {
        const ChildLimit& limit = plan.limits[index];
        const long result =
            raw(SYS_prlimit64, {.a = 0, .b = limit.resource, .c = word(&limit.value), .d = 0});
        if (result < 0) fail(plan, result);
    }
}

/// Tries the candidates as execvp does: what is missing is passed over, "no permission" is
/// remembered.
[[noreturn]] PRONTO_CHILD void execute(ChildPlan& plan) {
    plan.stage = SpawnStage::exec;
    long worst = -ENOENT;
    const bool several = plan.candidates[0] != nullptr && plan.candidates[1] != nullptr;
    for (const char* const* candidate = plan.candidates; *candidate != nullptr; ++candidate) {
        // A look is several times cheaper than a failing execve.
        if (several && raw(SYS_access, {.a = word(*candidate), .b = 0}) < 0) continue;
        const long result =
            raw(SYS_execve, {.a = word(*candidate), .b = word(plan.argv), .c = word(plan.envp)});
        if (result == -EACCES) worst = -EACCES;
        const bool next = result == -ENOENT || result == -ENOTDIR || result == -EACCES;
        if (!next || !several) fail(plan, result);
    }
    fail(plan, worst);
}

[[noreturn]] PRONTO_CHILD void run_child(ChildPlan* plan) {
    set_session(*plan);
    set_stdio(*plan);
    if (plan->tty) set_terminal(*plan);
    if (plan->working_directory != nullptr) set_directory(*plan);
    if (plan->identity != nullptr) set_identity(*plan);
    if (plan->limit_count > 0) set_limits(*plan);
    // Dispositions are the defaults already (CLONE_CLEAR_SIGHAND; the agent ignores none); the mask
    // is the agent's.
    const std::uint64_t nothing_blocked = 0;
    raw(SYS_rt_sigprocmask,
        {.a = 2 /* SIG_SETMASK */, .b = word(&nothing_blocked), .c = 0, .d = 8});
    execute(*plan);
}

}  // namespace

Result<std::int32_t> clone_child(ChildPlan& plan) {
    static Bytes stack = io::reserve(child_stack_bytes);
    clone_args arguments{};
    arguments.flags = CLONE_VM | CLONE_VFORK | CLONE_CLEAR_SIGHAND;
    arguments.exit_signal = 17;  // SIGCHLD
    arguments.stack = reinterpret_cast<std::uint64_t>(stack.data());
    arguments.stack_size = stack.size();
    plan.stage = SpawnStage::clone;

    long result;
    register void (*entry)(ChildPlan*) __asm__("r12") = run_child;
    register ChildPlan* argument __asm__("r13") = &plan;
    // SAFETY: the child returns from the call on its own, empty stack and never leaves `entry`; the
    // parent goes on behind the jump once the child has executed or ended. "memory": the child
    // wrote to the plan.
    __asm__ __volatile__(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xor %%ebp, %%ebp\n\t"
        "mov %%r13, %%rdi\n\t"
        "call *%%r12\n\t"
        "ud2\n"
        "1:"
        : "=a"(result)
        : "a"(SYS_clone3), "D"(&arguments), "S"(sizeof arguments), "r"(entry), "r"(argument)
        : "rcx", "r11", "memory");
    if (result < 0) return system_error(static_cast<int>(-result));
    return static_cast<std::int32_t>(result);
}

}  // namespace pronto::agent
