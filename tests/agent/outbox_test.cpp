// SPDX-License-Identifier: Apache-2.0
#include "agent/outbox.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "agent/op_kind.hpp"
#include "core/wire/frame.hpp"

namespace pronto::agent {
namespace {

using wire::Message;

class OutboxTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(uring_.open({}).ok());
        ASSERT_TRUE(arena_->open(uring_).ok());
        ASSERT_TRUE(outbox_->open(*arena_, 6).ok());
        std::array<int, 2> ends{};
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()),
                  0);
        port_ = {io::OwnedFd(ends[0]), true};
        host_ = io::OwnedFd(ends[1]);
        ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
        program_end_ = io::OwnedFd(ends[1]);
        our_end_ = io::OwnedFd(ends[0]);
    }

    /// An output frame of `text`, read from a pipe as a program's output is.
    void send_output(std::uint32_t id, const std::string& text) {
        arena_->replenish();
        ASSERT_EQ(write(program_end_.get(), text.data(), text.size()),
                  static_cast<ssize_t>(text.size()));
        uring_.read_selected(our_end_.get(), OutputArena::group, limits::output_data_bytes,
                             make_op(OpKind::output_read));
        const io::Completion read = complete();
        ASSERT_TRUE(read.has_buffer);
        arena_->taken(read.buffer);
        outbox_->send_output({.id = id,
                              .slot = read.buffer,
                              .byte_count = static_cast<std::size_t>(read.result),
                              .owner = {id, 1}});
    }

    io::Completion complete() {
        std::array<io::Completion, 1> one{};
        EXPECT_TRUE(uring_.enter(1, 10 * ns_per_s).ok());
        EXPECT_EQ(uring_.reap(one), 1U);
        return one[0];
    }

    /// One write to its end; the ids of sessions whose output left.
    std::vector<std::uint32_t> write_once() {
        outbox_->start(uring_, port_, make_op(OpKind::port_write));
        EXPECT_TRUE(outbox_->in_flight());
        std::span<const OutputDone> done;
        if (outbox_->quiet()) {
            EXPECT_TRUE(uring_.enter(0, 0).ok());
            EXPECT_FALSE(uring_.has_completions());
            done = outbox_->completed_quietly();
        } else {
            done = outbox_->completed(complete().result);
        }
        std::vector<std::uint32_t> ids;
        for (const OutputDone& each : done)
            ids.push_back(each.session);
        return ids;
    }

    /// "message id" of every frame the host got.
    std::vector<std::string> heard() {
        std::vector<std::uint8_t> bytes(8 * MiB);
        const ssize_t count = recv(host_.get(), bytes.data(), bytes.size(), 0);
        std::vector<std::string> frames;
        Bytes rest = Bytes(bytes).first(count > 0 ? static_cast<std::size_t>(count) : 0);
        while (!rest.empty()) {
            const wire::Scanned scanned = wire::scan_frame(rest);
            if (scanned.outcome != wire::Scan::frame) {
                frames.emplace_back("half");
                break;
            }
            wire::Envelope envelope;
            EXPECT_TRUE(wire::decode_envelope(scanned.frame.body, envelope).ok());
            frames.push_back(std::string(envelope.type_name.substr(5)) + " " +
                             std::to_string(scanned.frame.id));
            rest = rest.subspan(static_cast<std::size_t>(scanned.wire_bytes));
        }
        return frames;
    }

    io::Uring uring_;
    std::unique_ptr<OutputArena> arena_ = std::make_unique<OutputArena>();
    std::unique_ptr<Outbox> outbox_ = std::make_unique<Outbox>();
    io::SerialPort port_;
    io::OwnedFd host_, program_end_, our_end_;
};

using Frames = std::vector<std::string>;

TEST_F(OutboxTest, KeepsTheOrderOfALane) {
    for (std::uint32_t id = 1; id <= 5; ++id)
        outbox_->send_empty(Message::pong, id);
    EXPECT_TRUE(write_once().empty());
    EXPECT_EQ(heard(), (Frames{"pong 1", "pong 2", "pong 3", "pong 4", "pong 5"}));
    EXPECT_TRUE(outbox_->idle());
}

TEST_F(OutboxTest, LetsControlOvertakeBulk) {
    send_output(1, "first");
    send_output(1, "second");
    outbox_->send_empty(Message::pong, 9);
    const std::vector<std::uint32_t> done = write_once();
    EXPECT_EQ(heard(), (Frames{"pong 9", "exec.stdout 1", "exec.stdout 1"}));
    EXPECT_EQ(done, (std::vector<std::uint32_t>{1, 1}));
    EXPECT_TRUE(arena_->all_free());
}

TEST_F(OutboxTest, PutsAVerdictBehindItsOutputWhenAsked) {
    send_output(1, "output");
    outbox_->send(Message::exec_exited, 1, wire::ExecExited{}, Lane::bulk);
    outbox_->send_empty(Message::pong, 2);
    write_once();
    EXPECT_EQ(heard(), (Frames{"pong 2", "exec.stdout 1", "exec.exited 1"}));
}

TEST_F(OutboxTest, CommitsLittleBulkSoThatControlCanStillOvertake) {
    for (int index = 0; index < 10; ++index)
        send_output(1, "bulk");
    outbox_->start(uring_, port_, make_op(OpKind::port_write));
    outbox_->send_empty(Message::pong, 2);
    (void)outbox_->completed(complete().result);
    const std::size_t first_write = heard().size();
    EXPECT_LE(first_write, 4U);
    write_once();
    EXPECT_EQ(heard().at(0), "pong 2");
}

TEST_F(OutboxTest, FinishesAFrameThatHasBegunBeforeAnythingElse) {
    send_output(1, std::string(60'000, 'x'));
    outbox_->start(uring_, port_, make_op(OpKind::port_write));
    (void)complete();
    // As if the port had taken a part only: the rest goes first, whatever else there is. The host
    // side sees the whole once and the rest again.
    const std::vector<std::string> whole = heard();
    ASSERT_EQ(whole, (Frames{"exec.stdout 1"}));
    (void)outbox_->completed(1000);
    EXPECT_FALSE(outbox_->idle());
    outbox_->send_empty(Message::pong, 2);
    EXPECT_EQ(write_once(), (std::vector<std::uint32_t>{1}));
    std::vector<char> bytes(100'000);
    const ssize_t count = recv(host_.get(), bytes.data(), bytes.size(), 0);
    ASSERT_GT(count, 59'000);
    EXPECT_EQ(bytes[0], 'x') << "the rest of the frame comes first";
}

TEST_F(OutboxTest, RepeatsAWriteThatCouldNotBeMade) {
    outbox_->send_empty(Message::pong, 1);
    outbox_->start(uring_, port_, make_op(OpKind::port_write));
    ASSERT_TRUE(uring_.enter(0, 0).ok());
    (void)heard();
    EXPECT_TRUE(outbox_->completed(-EAGAIN).empty());
    EXPECT_FALSE(outbox_->idle());
    write_once();
    EXPECT_EQ(heard(), (Frames{"pong 1"}));
}

TEST_F(OutboxTest, GivesEverythingBackWhenItIsDropped) {
    const std::uint32_t free_before = outbox_->control_free();
    for (int index = 0; index < 6; ++index)
        send_output(3, "bulk");
    outbox_->send_empty(Message::pong, 1);
    outbox_->send(Message::exec_exited, 3, wire::ExecExited{}, Lane::bulk);
    EXPECT_EQ(outbox_->control_free(), free_before - 2);
    EXPECT_EQ(outbox_->drop_all().size(), 6U);
    EXPECT_TRUE(outbox_->idle());
    EXPECT_EQ(outbox_->control_free(), free_before);
    EXPECT_TRUE(arena_->all_free());
}

TEST_F(OutboxTest, WritesOneFrameOfBulkAtATimeToADevice) {
    // A pipe stands for the device: what counts is that it is no socket.
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    const io::OwnedFd reader(ends[0]);
    port_ = {io::OwnedFd(ends[1]), false};
    for (int index = 0; index < 3; ++index)
        send_output(1, "bulk");
    EXPECT_EQ(write_once().size(), 1U);
    EXPECT_EQ(write_once().size(), 1U);
}

}  // namespace
}  // namespace pronto::agent
