// SPDX-License-Identifier: Apache-2.0
// Starting a program: everything is resolved before the clone, so that the child makes system calls
// and nothing else. The agent's thread waits until the program runs or a step has failed (vfork),
// and the child reports the step by writing to this very memory: no error pipe. One thread.
#pragma once

#include <sys/resource.h>

#include <string_view>

#include "agent/environment.hpp"
#include "agent/users.hpp"
#include "core/wire/exec.hpp"

namespace pronto::agent {

/// Steps of the child, in order; what failed is told by step, not guessed from an errno.
enum class SpawnStage : std::uint8_t {
    prepare,  ///< nothing was started yet
    clone,
    session,
    terminal,
    stdio,
    chdir,
    groups,
    gid,
    uid,
    rlimit,
    exec,
    done,
};

constexpr std::uint32_t rlimits_max = 16;

struct ChildLimit {
    std::uint32_t resource = 0;
    rlimit64 value{};
};

/// What the child reads, and the two words it writes. All pointers stay valid until the clone
/// returns.
struct ChildPlan {
    const char* const* candidates = nullptr;  ///< paths to try in order; terminated by null
    char* const* argv = nullptr;
    char* const* envp = nullptr;
    const char* working_directory = nullptr;  ///< null: the agent's own
    const Identity* identity = nullptr;       ///< null: stays root
    const ChildLimit* limits = nullptr;
    std::uint32_t limit_count = 0;
    int stdio[3] = {-1, -1, -1};
    bool tty = false;

    SpawnStage stage = SpawnStage::prepare;  ///< written by the child
    std::int32_t system_errno = 0;           ///< written by the child; 0: running
};

/// Clones and executes; the pid, or the errno of the clone itself. A child that failed reports in
/// `plan` and is a zombie then, like any other that ended.
Result<std::int32_t> clone_child(ChildPlan& plan);

/// Why a program could not be started, in the words of the protocol.
struct SpawnFailure {
    std::string_view kind;
    std::string_view stage;
    std::string_view detail;  ///< a static sentence; empty: the errno says it
    std::int32_t system_errno = 0;
};

std::string_view name(SpawnStage stage);
/// "ENOENT"; empty for numbers without a name here.
std::string_view errno_name(std::int32_t number);

class Spawner {
  public:
    /// `descriptors`: the limit of open files programs get unless a request names another.
    Status open(const rlimit& descriptors);

    struct Stdio {
        int input = -1, output = -1, error = -1;
    };
    struct Outcome {
        std::int32_t pid = 0;  ///< > 0: started, or a child that failed and will be reaped
        bool started = false;
        SpawnFailure failure;
    };
    /// Consumes the request: its texts are terminated in place.
    Outcome spawn(wire::ExecRequest& request, const Stdio& stdio);

    /// The command of the last request, for messages.
    std::string_view command() const { return command_; }

  private:
    struct Refusal {
        bool refused = false;
        SpawnFailure failure;
    };
    Refusal prepare(wire::ExecRequest& request, ChildPlan& plan);
    Refusal prepare_arguments(wire::ExecRequest& request, ChildPlan& plan);
    Refusal prepare_identity(wire::ExecRequest& request, ChildPlan& plan);
    Refusal prepare_limits(wire::ExecRequest& request, ChildPlan& plan);
    Refusal prepare_candidates(std::string_view path, ChildPlan& plan);

    SpawnMemory memory_;
    Identity identity_;
    std::array<ChildLimit, rlimits_max + 1> limits_;  ///< the first is the default of open files
    std::string_view command_;
};

}  // namespace pronto::agent
