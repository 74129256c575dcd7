// SPDX-License-Identifier: Apache-2.0
#include "io/unix_socket.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace pronto::io {
namespace {

class UnixSocket : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = "/tmp/pronto-test-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        directory_ = name;
        path_ = directory_ + "/socket";
    }
    void TearDown() override {
        std::error_code error;
        std::filesystem::remove_all(directory_, error);
    }

    std::string directory_, path_;
};

TEST_F(UnixSocket, ConnectsToItsListenerAndKnowsThePeer) {
    OwnedFd listener;
    ASSERT_TRUE(listen_unix(path_, listener).ok());
    OwnedFd client;
    ASSERT_TRUE(connect_unix(path_, client).ok());
    const OwnedFd server(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ASSERT_TRUE(server.valid());
    const Result<uid_t> user = peer_user(server.get());
    ASSERT_TRUE(user.ok());
    EXPECT_EQ(user.value(), geteuid());
    EXPECT_NE(fcntl(client.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(client.get(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(fcntl(listener.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(UnixSocket, IsForItsOwnerOnlyWhateverTheMask) {
    const mode_t before = umask(0);
    OwnedFd listener;
    EXPECT_TRUE(listen_unix(path_, listener).ok());
    EXPECT_EQ(umask(before), 0U) << "the mask was not put back";
    struct stat found;
    ASSERT_EQ(stat(path_.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0600U);
}

TEST_F(UnixSocket, OfAGoneOwnerIsReplaced) {
    OwnedFd first;
    ASSERT_TRUE(listen_unix(path_, first).ok());
    first.reset();
    OwnedFd second;
    EXPECT_TRUE(listen_unix(path_, second).ok());
    OwnedFd client;
    EXPECT_TRUE(connect_unix(path_, client).ok());
}

TEST_F(UnixSocket, OfALiveOwnerIsLeftAlone) {
    OwnedFd first;
    ASSERT_TRUE(listen_unix(path_, first).ok());
    OwnedFd second;
    const Status refused = listen_unix(path_, second);
    EXPECT_EQ(refused.system_errno, EADDRINUSE);
    EXPECT_FALSE(second.valid());
    OwnedFd client;
    EXPECT_TRUE(connect_unix(path_, client).ok());
}

TEST_F(UnixSocket, NeverReplacesAFileOfAnotherKind) {
    std::ofstream(path_) << "precious";
    OwnedFd listener;
    EXPECT_EQ(listen_unix(path_, listener).system_errno, EEXIST);
    EXPECT_EQ(remove_socket(path_).system_errno, EEXIST);
    std::string content;
    std::ifstream(path_) >> content;
    EXPECT_EQ(content, "precious");
}

TEST_F(UnixSocket, SaysWhyNobodyIsThere) {
    OwnedFd client;
    EXPECT_EQ(connect_unix(path_, client).system_errno, ENOENT);
    OwnedFd listener;
    ASSERT_TRUE(listen_unix(path_, listener).ok());
    listener.reset();
    EXPECT_EQ(connect_unix(path_, client).system_errno, ECONNREFUSED);
    EXPECT_TRUE(remove_socket(path_).ok());
    EXPECT_EQ(remove_socket(path_).system_errno, ENOENT);
}

TEST_F(UnixSocket, RefusesPathsThatDoNotFit) {
    OwnedFd fd;
    EXPECT_EQ(listen_unix("", fd).code, Code::bad_argument);
    EXPECT_EQ(listen_unix(std::string(108, 'p'), fd).code, Code::bad_argument);
    EXPECT_EQ(connect_unix(std::string(500, 'p'), fd).code, Code::bad_argument);
    const std::string longest = directory_ + "/" + std::string(107 - directory_.size() - 1, 'p');
    EXPECT_TRUE(listen_unix(longest, fd).ok());
}

TEST_F(UnixSocket, ShutDownEndsBothSides) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const OwnedFd left(ends[0]);
    const OwnedFd right(ends[1]);
    ASSERT_EQ(send(left.get(), "x", 1, 0), 1);
    shut_down(left.get());
    char byte = 0;
    EXPECT_EQ(recv(right.get(), &byte, 1, 0), 1) << "what was sent still arrives";
    EXPECT_EQ(recv(right.get(), &byte, 1, 0), 0);
    EXPECT_EQ(send(right.get(), "x", 1, MSG_NOSIGNAL), -1);
    shut_down(-1);  // no error
}

TEST_F(UnixSocket, IsToldFromOtherDescriptors) {
    OwnedFd listener;
    ASSERT_TRUE(listen_unix(path_, listener).ok());
    const OwnedFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
    EXPECT_TRUE(is_socket(listener.get()));
    EXPECT_FALSE(is_socket(null.get()));
    EXPECT_FALSE(is_socket(-1));
}

TEST_F(UnixSocket, BuffersGrow) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const OwnedFd left(ends[0]);
    const OwnedFd right(ends[1]);
    int before = 0;
    int after = 0;
    socklen_t bytes = sizeof before;
    getsockopt(left.get(), SOL_SOCKET, SO_SNDBUF, &before, &bytes);
    grow_buffers(left.get(), before * 2);
    getsockopt(left.get(), SOL_SOCKET, SO_SNDBUF, &after, &bytes);
    EXPECT_GE(after, before);
}

TEST_F(UnixSocket, NonBlockingIsSetOnce) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    const OwnedFd left(ends[0]);
    const OwnedFd right(ends[1]);
    EXPECT_TRUE(set_nonblocking(left.get()).ok());
    EXPECT_TRUE(set_nonblocking(left.get()).ok());
    EXPECT_NE(fcntl(left.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(set_nonblocking(-1).system_errno, EBADF);
}

}  // namespace
}  // namespace pronto::io
