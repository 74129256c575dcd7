// SPDX-License-Identifier: Apache-2.0
// The agent as a whole: owns the ring, the link to the host and the sessions, and turns the one
// loop. One thread; all memory is reserved in `open`.
#pragma once

#include "agent/boot.hpp"
#include "agent/host_link.hpp"
#include "agent/sessions.hpp"
#include "agent/shutdown.hpp"
#include "core/wire/envelope.hpp"
#include "core/wire/profile.hpp"
#include "io/signal_source.hpp"

namespace pronto::agent {

class Agent {
  public:
    struct Options {
        wire::Profile profile;
        const char* reconnect_path =
            nullptr;           ///< of a socket that is connected to again when it ends
        bool as_init = false;  ///< PID 1: every process is ours to reap and to end
        rlimit program_descriptors{};
    };

    Status open(const Options& options, io::SerialPort port, const BootTimes& times);

    /// Turns the loop until the agent was asked to end, or its host is gone for good. The loop's
    /// own failure is an error.
    Status run();

  private:
    Status turn();
    void dispatch(const io::Completion& completion);
    void dispatch_signals(std::int32_t result);
    void link_changed(LinkChange change);
    void begin_shutdown();
    Nanoseconds next_deadline() const;
    void rest(Nanoseconds now_ns);

    // handshake.cpp
    void greet();
    void send_ready();

    // frames.cpp
    void take_frames();
    void take_frame(const wire::Frame& frame);
    void report_bad(std::uint32_t id, wire::ErrorKind kind, Error error);
    using Handler = Status (Agent::*)(const wire::Frame&, Bytes payload);
    static Handler handler_of(wire::Message message);
    Status on_credit(const wire::Frame& frame, Bytes payload);
    Status on_clock_sync(const wire::Frame& frame, Bytes payload);
    Status on_client_disconnected(const wire::Frame& frame, Bytes payload);
    Status on_exec_request(const wire::Frame& frame, Bytes payload);
    Status on_exec_stdin(const wire::Frame& frame, Bytes payload);
    Status on_exec_resize(const wire::Frame& frame, Bytes payload);
    Status on_exec_signal(const wire::Frame& frame, Bytes payload);
    Status on_init_ack(const wire::Frame& frame, Bytes payload);
    Status on_ping(const wire::Frame& frame, Bytes payload);
    Status on_touch(const wire::Frame& frame, Bytes payload);
    Status on_shutdown(const wire::Frame& frame, Bytes payload);

    Options options_;
    BootTimes times_{};
    io::Uring uring_;
    io::SignalSource signals_;
    OutputArena arena_;
    ClientWindows windows_;
    HostLink link_;
    Sessions sessions_;
    Shutdown shutdown_;

    std::array<io::Completion, 64> completions_;
    Nanoseconds ack_deadline_ns_ = 0;   ///< 0: not waiting for init.ack
    Nanoseconds trim_deadline_ns_ = 0;  ///< 0: nothing to give back
    std::uint64_t activity_count_ = 0;
    std::uint32_t spawns_left_ = 0;     ///< in this turn
    std::uint8_t host_generation_ = 0;  ///< of the last frame that could be read
    bool ready_sent_ = false;
    bool reap_due_ = false;
    bool frames_due_ = false;  ///< the last turn's budget ended before the input did
    bool output_due_ = false;  ///< the host is gone: drop what was queued for it
    bool chores_due_ = true;
};

}  // namespace pronto::agent
