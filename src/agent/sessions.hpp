// SPDX-License-Identifier: Apache-2.0
// Exec sessions: started, fed, read, ended. Written in four files: sessions.cpp (start, requests,
// end), session_output.cpp, session_input.cpp, session_exit.cpp (reaping and draining). One thread.
#pragma once

#include "agent/client_windows.hpp"
#include "agent/deferred_close.hpp"
#include "agent/op_kind.hpp"
#include "agent/outbox.hpp"
#include "agent/output_arena.hpp"
#include "agent/session_table.hpp"
#include "agent/spare_stdio.hpp"
#include "agent/spawn.hpp"
#include "agent/stdin_pool.hpp"

namespace pronto::agent {

/// Wire bytes of stdin a session takes before its first credit; leaves half of its queue for hosts
/// that overshoot.
constexpr std::uint32_t stdin_window_bytes = limits::stdin_session_bytes_max / 2;

class Sessions {
  public:
    /// What sessions work with; all outlive them.
    struct Surroundings {
        io::Uring* uring = nullptr;
        Outbox* outbox = nullptr;
        OutputArena* arena = nullptr;
        ClientWindows* windows = nullptr;
        rlimit descriptors{};  ///< what programs get
    };
    Status open(const Surroundings& surroundings);

    // Requests of the host. An unknown id is answered with core.error, once per request.
    void start(std::uint32_t id, wire::ExecRequest& request, Nanoseconds received_ns);
    void take_input(std::uint32_t id, ByteView data, std::size_t wire_bytes);
    void resize(std::uint32_t id, const wire::ExecResize& size);
    void signal(std::uint32_t id, std::int32_t number);
    /// A relay client left: its sessions are killed, their output is dropped.
    void client_gone(const wire::ClientDisconnected& range);
    void credited(const wire::Credit& credit);

    // Completions.
    void output_read(const io::Completion& completion);
    void stdin_written(const io::Completion& completion);
    void output_left(std::span<const OutputDone> done);

    /// Collects ended children, its own and orphans; true when there may be more than one turn's
    /// worth.
    bool reap();
    /// Once a turn: parked streams, grace periods, owed credit.
    void pump(Nanoseconds now_ns);
    /// When `pump` has to run at the latest, monotonic; 0: not before something happens.
    Nanoseconds next_deadline() const;

    /// All of them, whatever their client.
    void signal_all(std::int32_t number);
    /// The host has left: all are killed, and the next host hears nothing of them.
    void abandon_all();

    /// One piece of work for an idle moment; false when there is none.
    bool do_chore();
    bool has_closing() const { return !closing_.empty(); }
    bool worth_trimming() const;
    void trim();

    /// Whether frames that can wait, or that answer more input, may take a control slot: every
    /// verdict has one kept.
    bool has_spare_control() const {
        return with_.outbox->control_free() > limits::control_frames_reserve + live_count();
    }
    std::uint32_t live_count() const { return table_.live_count(); }
    std::uint64_t started_count() const { return started_count_; }

  private:
    struct Ends;

    Status make_stdio(std::uint32_t slot, const wire::ExecRequest& request, Ends& ends);
    void refuse_start(std::uint32_t id, const SpawnFailure& failure);
    void report_error(std::uint32_t id, wire::ErrorKind kind, std::string_view message);

    // session_output.cpp
    void read_output(std::uint32_t stream);
    void park(std::uint32_t stream);
    void forward_output(std::uint32_t stream, std::uint32_t buffer, std::size_t byte_count);
    void close_stream(std::uint32_t stream);
    void close_terminal(std::uint32_t slot);
    void unpark();

    // session_input.cpp
    void write_input(std::uint32_t slot);
    void end_input(std::uint32_t slot);
    void close_input(std::uint32_t slot);
    void report_input_error(std::uint32_t slot, std::int32_t number, std::string_view message);
    void give_credit(std::uint32_t slot);

    // session_exit.cpp
    void leader_ended(std::uint32_t slot, std::int32_t wait_status, const rusage& usage);
    void stop_draining(std::uint32_t slot);
    void expire_grace(Nanoseconds now_ns);
    void finish_if_done(std::uint32_t slot);
    void signal_slot(std::uint32_t slot, std::int32_t number);
    bool oom_kill_happened();

    Surroundings with_;
    SessionTable table_;
    StdinPool pool_;
    Spawner spawner_;
    SpareStdio spares_;
    DeferredClose closing_;

    Fifo<std::uint32_t, SessionTable::capacity * 2> parked_;
    std::array<bool, SessionTable::capacity * 2>
        is_parked_{};  ///< in `parked_`, whatever the stream's state is now
    std::array<std::uint32_t, limits::stdin_slots> stdin_owner_{};
    std::uint32_t draining_count_ = 0;
    std::uint64_t started_count_ = 0;
    std::uint64_t orphans_count_ = 0;
    std::uint64_t oom_kills_seen_ = 0;
    bool oom_kills_known_ = false;
    bool unpark_due_ = false;
    bool credit_due_ = false;
};

}  // namespace pronto::agent
