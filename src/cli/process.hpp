// SPDX-License-Identifier: Apache-2.0
// Processes that outlive us: started in their own session, named so that a reused pid is never
// taken for them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/units.hpp"
#include "io/owned_fd.hpp"

namespace pronto::cli {

/// A pid and when its process began, in the kernel's ticks since its start. {0, 0} is nobody.
struct ProcessName {
    pid_t pid = 0;
    std::uint64_t start_ticks = 0;
};

class Process {
  public:
    Process() = default;
    Process(ProcessName name, io::OwnedFd pidfd) : name_(name), pidfd_(std::move(pidfd)) {}

    bool valid() const { return pidfd_.valid(); }
    ProcessName name() const { return name_; }
    /// Readable once the process has ended, child of ours or not.
    int pidfd() const { return pidfd_.get(); }

    bool ended() const { return wait_until(0); }
    /// True when it ended before the deadline on the monotonic clock. A child of ours is reaped.
    bool wait_until(Nanoseconds deadline_ns) const;
    /// To the one process; no error when it has ended.
    void signal(int number) const;
    /// KILL, and waits for the end.
    void kill() const;
    /// How it ended, for a child of ours that was not reaped yet: "exit code 1", "SIGKILL"; else
    /// empty.
    std::string ending() const;

  private:
    ProcessName name_;
    io::OwnedFd pidfd_;
};

/// When a process began; 0 when there is none.
std::uint64_t start_ticks_of(pid_t pid);

/// Invalid when that process is no more.
Process find_process(ProcessName name);

struct SpawnPlan {
    std::vector<std::string>
        argv;              ///< argv[0] is the path of the program unless `executable_fd` is one
    std::vector<int> fds;  ///< become 3, 4, ... in the child, which inherits no others
    std::string log_path;  ///< standard output and error, appended; standard input is /dev/null
    std::vector<std::string>
        environment;  ///< only used with `executable_fd`; else ours is inherited
    int executable_fd = -1;
    std::uint64_t clone_flags = 0;  ///< new namespaces
    std::function<void()>
        before_exec;  ///< runs in the child; what it throws as Failure, `spawn` throws
};

/// Throws when the program cannot be executed.
Process spawn(const SpawnPlan& plan);

/// A program of ours: $VARIABLE when set, else the file beside our own executable. Throws when it
/// is not there.
std::string sibling_program(const char* name, const char* variable);
/// The directory our own executable is in.
std::string own_directory();

}  // namespace pronto::cli
