// SPDX-License-Identifier: Apache-2.0
// agent_test is also the programs that its agents run: `agent_test --program NAME ARGUMENTS`.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include <gtest/gtest.h>

#include "tests/agent/pattern.hpp"

namespace pronto::test {
namespace {

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = write(fd, text.data(), text.size());
        if (count <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

std::size_t number(const char* word) { return strtoul(word, nullptr, 10); }

/// SEED STDOUT_BYTES STDERR_BYTES CODE: both streams in turns, in pieces of changing length.
int play_pattern(char** words) {
    std::uint64_t random = number(words[0]);
    Pattern output(random);
    Pattern errors(random + 1);
    std::size_t output_left = number(words[1]);
    std::size_t errors_left = number(words[2]);
    while (output_left + errors_left > 0) {
        const std::size_t piece = 1 + next_random(random) % 20'000;
        const std::size_t from_output = std::min(piece, output_left);
        const std::size_t from_errors = std::min(piece / 2 + 1, errors_left);
        if (!write_all(1, output.take(from_output))) return 97;
        if (!write_all(2, errors.take(from_errors))) return 97;
        output_left -= from_output;
        errors_left -= from_errors;
    }
    return static_cast<int>(number(words[3]));
}

/// Every open descriptor's number.
int play_descriptors(char**) {
    std::string numbers;
    for (int fd = 0; fd < 4096; ++fd) {
        if (fcntl(fd, F_GETFD) >= 0) numbers += std::to_string(fd) + " ";
    }
    return write_all(1, numbers) ? 0 : 1;
}

/// COUNT: so many orphans, each ended at once.
int play_orphans(char** words) {
    for (std::size_t left = number(words[0]); left > 0; --left) {
        const pid_t child = fork();
        if (child < 0) return 1;
        if (child == 0) _exit(fork() < 0 ? 1 : 0);
        int status = 0;
        if (waitpid(child, &status, 0) != child || status != 0) return 2;
    }
    return 0;
}

/// SIGNAL: says "ready", and "got" and ends with 0 once the signal has come.
int play_catch(char** words) {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, static_cast<int>(number(words[0])));
    sigprocmask(SIG_BLOCK, &wanted, nullptr);
    if (!write_all(1, "ready\n")) return 1;
    int got = 0;
    sigwait(&wanted, &got);
    return write_all(1, "got\n") ? 0 : 1;
}

struct Program {
    const char* name;
    int argument_count;
    int (*play)(char**);
};
constexpr std::array programs{
    Program{"pattern", 4, play_pattern},
    Program{"descriptors", 0, play_descriptors},
    Program{"orphans", 1, play_orphans},
    Program{"catch", 1, play_catch},
};

int play(int count, char** words) {
    for (const Program& program : programs) {
        if (strcmp(words[0], program.name) == 0 && count - 1 == program.argument_count)
            return program.play(words + 1);
    }
    return 96;
}

}  // namespace
}  // namespace pronto::test

int main(int count, char** words) {
    if (count > 2 && strcmp(words[1], "--program") == 0)
        return pronto::test::play(count - 2, words + 2);
    testing::InitGoogleTest(&count, words);
    signal(SIGPIPE, SIG_IGN);
    return RUN_ALL_TESTS();
}
