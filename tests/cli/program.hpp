// SPDX-License-Identifier: Apache-2.0
// The built `pronto`, run as a user runs it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "io/owned_fd.hpp"

namespace pronto::test {

struct Ran {
    int exit_code = -1;  ///< 128 + N for death by signal N; -1: it did not end in time
    std::string output;
    std::string errors;
};

struct Invocation {
    std::vector<std::string> arguments;
    std::string input;
    std::vector<std::string> environment;  ///< added to ours; KEY=VALUE
};

/// The path of a program of this build.
std::string built(const std::string& name);

/// Runs it to its end, at most 30 s.
Ran pronto(const Invocation& invocation);
/// The same for the usual case.
Ran pronto(std::initializer_list<std::string> arguments);

/// A `pronto` that runs beside the test.
class Background {
  public:
    /// `on_terminal`: its streams are a new terminal, whose other end is `fd`; else pipes, of which
    /// `fd` is its stdout.
    Background(const Invocation& invocation, bool on_terminal);
    ~Background();
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;

    pid_t pid() const { return pid_; }
    int fd() const { return fd_.get(); }
    /// Reads until this text has come, or 10 s have passed. Returns all that was read so far.
    std::string read_until(const std::string& text);
    /// The exit code, as in Ran.
    int wait();

  private:
    pid_t pid_ = -1;
    io::OwnedFd fd_;
    std::string read_;
};

}  // namespace pronto::test
