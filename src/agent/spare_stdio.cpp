// SPDX-License-Identifier: Apache-2.0
#include "agent/spare_stdio.hpp"

#include <utility>

namespace pronto::agent {

Status SpareStdio::take(io::StdioPipes& out) {
    if (pipes_count_ > 0) {
        out = std::move(pipes_[--pipes_count_]);
        return {};
    }
    const Status opened = io::open_pipes(out);
    failed_ = !opened.ok();
    return opened;
}

Status SpareStdio::take(io::Pty& out) {
    terminals_wanted_ = true;
    if (ptys_count_ > 0) {
        out = std::move(ptys_[--ptys_count_]);
        return {};
    }
    const Status opened = io::open_pty(out);
    failed_ = !opened.ok();
    return opened;
}

bool SpareStdio::refill() {
    if (failed_) return false;
    if (pipes_count_ < pipes_max) {
        failed_ = !io::open_pipes(pipes_[pipes_count_]).ok();
        if (!failed_) ++pipes_count_;
        return !failed_;
    }
    if (terminals_wanted_ && ptys_count_ < ptys_max) {
        failed_ = !io::open_pty(ptys_[ptys_count_]).ok();
        if (!failed_) ++ptys_count_;
        return !failed_;
    }
    return false;
}

}  // namespace pronto::agent
