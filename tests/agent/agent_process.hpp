// SPDX-License-Identifier: Apache-2.0
// The built agent as a process: beside the test, or as PID 1 of namespaces of its own. It ends with
// the object, and a disorderly end fails the test.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/units.hpp"
#include "io/owned_fd.hpp"

namespace pronto::test {

#ifdef PRONTO_SANITIZED
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

/// How long anything may take before a test calls it stuck.
constexpr Nanoseconds patience_ns = (sanitized ? 90 : 30) * ns_per_s;

/// A directory that goes away with the object.
class ScratchDirectory {
  public:
    ScratchDirectory();
    ~ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

struct AgentOptions {
    std::string binary{};                    ///< empty: the agent of this build
    std::vector<std::string> environment{};  ///< KEY=VALUE, added to ours
    /// Instead of a socket pair's end as descriptor 3: `--port PATH`.
    std::string port_path{};
    /// PID 1 of new pid, mount, network, uts and ipc namespaces. Its root is this machine's,
    /// read-only, with private /dev, /run, /proc, and with memory on /mnt. Needs root.
    bool isolated = false;
    /// Isolated only: what programs see as /etc/passwd and /etc/group; empty: this machine's.
    std::string passwd{}, group{};
};

bool is_root();

class AgentProcess {
  public:
    explicit AgentProcess(const AgentOptions& options = {});
    ~AgentProcess();
    AgentProcess(const AgentProcess&) = delete;
    AgentProcess& operator=(const AgentProcess&) = delete;

    pid_t pid() const { return pid_; }
    /// The host's end of the socket pair.
    io::OwnedFd take_port() { return std::move(port_); }
    /// Closes our end if it was not taken, and waits: the exit status, or 128 + a signal's number.
    int wait();
    /// What it printed so far.
    std::string log() const;

    std::uint64_t resident_bytes() const;
    std::size_t open_descriptors() const;
    std::uint64_t context_switches() const;  ///< voluntary ones: how often it was woken

  private:
    std::string status_field(const std::string& name) const;

    pid_t pid_ = -1;
    io::OwnedFd port_;
    io::OwnedFd log_;
    bool by_path_;
    ScratchDirectory stage_;
};

/// A field of /proc/PID/status, without blanks around it; empty when there is none.
std::string status_of(pid_t pid, const std::string& name);

/// What a program named in programs.cpp is started with: agent_test itself plays them.
std::vector<std::string> program(const std::string& name, std::vector<std::string> arguments = {});
/// The same for an isolated agent, where it has another path.
std::vector<std::string> isolated_program(const std::string& name,
                                          std::vector<std::string> arguments = {});

}  // namespace pronto::test

#define PRONTO_NEEDS_ROOT()                                                                      \
 do {                                                                                            \
  if (!pronto::test::is_root()) GTEST_SKIP() << "needs root to make namespaces or switch users"; \
 } while (false)
