// SPDX-License-Identifier: Apache-2.0
// Our own terminal: its size, and raw mode for as long as an object lives.
#pragma once

#include <termios.h>

#include <cstdint>

namespace pronto::cli {

struct TerminalSize {
    std::uint16_t rows = 24;
    std::uint16_t columns = 80;
};

/// The size of the terminal behind `fd`, or the usual one where there is none.
TerminalSize terminal_size(int fd);

/// Raw mode, undone on destruction. Does nothing where `fd` is no terminal.
class RawTerminal {
  public:
    explicit RawTerminal(int fd);
    ~RawTerminal();
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

    bool active() const { return active_; }

  private:
    int fd_;
    bool active_ = false;
    termios before_{};
};

}  // namespace pronto::cli
