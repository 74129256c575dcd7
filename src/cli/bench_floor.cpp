// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_floor.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <vector>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "io/clock.hpp"
#include "io/owned_fd.hpp"
#include "io/stdio_pipes.hpp"
#include "io/unix_socket.hpp"

namespace pronto::cli {

namespace {

constexpr std::size_t ping_bytes = 25;  // the frame of core.ping is as long
constexpr std::size_t chunk_bytes = 64 * KiB;

struct EchoEnd {
    int fd;
    std::atomic<pid_t>* thread;
};

void* echo(void* argument) {
    const EchoEnd end = *static_cast<EchoEnd*>(argument);
    const int fd = end.fd;
    // The other side waits for this one before `argument` goes.
    end.thread->store(gettid(), std::memory_order_release);
    std::array<char, 64> buffer;
    for (;;) {
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count <= 0 || ::write(fd, buffer.data(), static_cast<std::size_t>(count)) != count)
            return nullptr;
    }
}

// Between fork and exit: only system calls.
[[noreturn]] void copy_stream(int from, int to) {
    static std::array<char, chunk_bytes> buffer;
    for (;;) {
        const ssize_t count = ::read(from, buffer.data(), buffer.size());
        if (count <= 0) _exit(0);
        for (ssize_t done = 0; done < count;) {
            const ssize_t written =
                ::write(to, buffer.data() + done, static_cast<std::size_t>(count - done));
            if (written <= 0) _exit(1);
            done += written;
        }
    }
}

pid_t start_dd(std::uint64_t byte_count, int output) {
    const std::string count = fmt::format("count={}", byte_count / chunk_bytes);
    std::array<const char*, 6> words{"busybox", "dd",          "if=/dev/zero",
                                     "bs=64k",  count.c_str(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    pid_t pid = 0;
    const int result =
        posix_spawnp(&pid, words[0], &actions, nullptr, const_cast<char**>(words.data()), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (result != 0) fail("busybox cannot be started", "ci/setup installs it");
    return pid;
}

}  // namespace

std::string empty_program() {
    // ELF64 header, one program header, and: mov $60, %al; xor %edi, %edi; syscall
    static constexpr std::array<unsigned char, 128> image{
        0x7f, 'E',  'L',  'F', 2,  1, 1,  0, 0,    0,    0,    0,    0,    0,    0,    0,  //
        2,    0,    62,   0,   1,  0, 0,  0, 0x78, 0,    0x40, 0,    0,    0,    0,    0,  //
        64,   0,    0,    0,   0,  0, 0,  0, 0,    0,    0,    0,    0,    0,    0,    0,  //
        0,    0,    0,    0,   64, 0, 56, 0, 1,    0,    0,    0,    0,    0,    0,    0,  //
        1,    0,    0,    0,   5,  0, 0,  0, 0,    0,    0,    0,    0,    0,    0,    0,  //
        0,    0,    0x40, 0,   0,  0, 0,  0, 0,    0,    0x40, 0,    0,    0,    0,    0,  //
        0x80, 0,    0,    0,   0,  0, 0,  0, 0x80, 0,    0,    0,    0,    0,    0,    0,  //
        0,    0x10, 0,    0,   0,  0, 0,  0, 0xb0, 0x3c, 0x31, 0xff, 0x0f, 0x05, 0x0f, 0x0b};
    return {image.begin(), image.end()};
}

Nanoseconds spawn_once(const std::string& program) {
    std::array<char*, 2> words{const_cast<char*>(program.c_str()), nullptr};
    const Nanoseconds begin = io::monotonic_ns();
    pid_t pid = 0;
    if (posix_spawn(&pid, program.c_str(), nullptr, nullptr, words.data(), environ) != 0)
        fail_errno(fmt::format("start {}", program));
    int status = 0;
    waitpid(pid, &status, 0);
    return io::monotonic_ns() - begin;
}

PingFloor::PingFloor() {
    std::array<int, 2> fds;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0)
        fail_errno("make a socket pair");
    near_ = fds[0];
    far_ = fds[1];
    EchoEnd end{far_, &other_};
    if (pthread_create(&thread_, nullptr, echo, &end) != 0) fail("cannot start a thread");
    while (other_.load(std::memory_order_acquire) == 0)
        sched_yield();
}

PingFloor::~PingFloor() {
    shutdown(near_, SHUT_RDWR);
    pthread_join(thread_, nullptr);
    close(near_);
    close(far_);
}

Nanoseconds PingFloor::round_trip() {
    std::array<char, 64> buffer{};
    const Nanoseconds begin = io::monotonic_ns();
    if (::write(near_, buffer.data(), ping_bytes) != static_cast<ssize_t>(ping_bytes) ||
        ::read(near_, buffer.data(), buffer.size()) != static_cast<ssize_t>(ping_bytes)) {
        fail_errno("exchange a ping between threads");
    }
    return io::monotonic_ns() - begin;
}

double stream_floor(std::uint64_t byte_count) {
    std::array<int, 2> pipe_fds;
    std::array<int, 2> socket_fds;
    if (pipe2(pipe_fds.data(), O_CLOEXEC) != 0) fail_errno("make a pipe");
    io::OwnedFd pipe_read(pipe_fds[0]);
    io::OwnedFd pipe_write(pipe_fds[1]);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socket_fds.data()) != 0)
        fail_errno("make a socket pair");
    io::OwnedFd far(socket_fds[0]);
    io::OwnedFd near(socket_fds[1]);
    (void)io::grow_pipe(pipe_read.get(), io::output_pipe_bytes);
    io::grow_buffers(far.get(), 1 << 20);

    const Nanoseconds begin = io::monotonic_ns();
    const pid_t source = start_dd(byte_count, pipe_write.get());
    pipe_write.reset();
    const pid_t copier = fork();
    if (copier < 0) fail_errno("fork");
    if (copier == 0) copy_stream(pipe_read.get(), far.get());
    pipe_read.reset();
    far.reset();
    std::vector<char> buffer(4 * chunk_bytes);
    std::uint64_t received = 0;
    for (ssize_t count = 0; (count = ::read(near.get(), buffer.data(), buffer.size())) > 0;)
        received += static_cast<std::uint64_t>(count);
    const Nanoseconds elapsed = io::monotonic_ns() - begin;
    int status = 0;
    waitpid(source, &status, 0);
    waitpid(copier, &status, 0);
    if (received != byte_count) fail("the floor of the stream benchmark lost bytes");
    return static_cast<double>(received) * static_cast<double>(ns_per_s) /
           static_cast<double>(elapsed);
}

}  // namespace pronto::cli
