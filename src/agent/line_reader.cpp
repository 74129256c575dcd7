// SPDX-License-Identifier: Apache-2.0
#include "agent/line_reader.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

namespace pronto::agent {

Status LineReader::open(const char* path) {
    fd_ = io::OwnedFd(::open(path, O_RDONLY | O_CLOEXEC));
    begin_ = end_ = 0;
    skipping_ = at_end_ = false;
    return fd_.valid() ? Status{} : system_error(errno);
}

bool LineReader::fill() {
    if (begin_ > 0) {
        memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (end_ == buffer_.size()) {
        skipping_ = true;
        end_ = 0;
    }
    const ssize_t count = ::read(fd_.get(), buffer_.data() + end_, buffer_.size() - end_);
    if (count <= 0) {
        at_end_ = true;
        return false;
    }
    end_ += static_cast<std::size_t>(count);
    return true;
}

bool LineReader::next(std::string_view& line) {
    for (;;) {
        const auto* newline =
            static_cast<const char*>(memchr(buffer_.data() + begin_, '\n', end_ - begin_));
        if (newline == nullptr && !at_end_) {
            (void)fill();
            continue;
        }
        if (newline == nullptr && begin_ == end_) return false;
        const std::size_t stop =
            newline != nullptr ? static_cast<std::size_t>(newline - buffer_.data()) : end_;
        line = {buffer_.data() + begin_, stop - begin_};
        begin_ = newline != nullptr ? stop + 1 : end_;
        if (!skipping_) return true;
        skipping_ = false;  // that was the rest of a line too long to look at
    }
}

std::string_view take_field(std::string_view& line, char separator) {
    const std::size_t stop = line.find(separator);
    const std::string_view field = line.substr(0, stop);
    line = stop == std::string_view::npos ? std::string_view{} : line.substr(stop + 1);
    return field;
}

bool parse_number(std::string_view text, std::uint32_t& out) {
    if (text.empty() || text.size() > 10) return false;
    std::uint64_t value = 0;
    for (const char digit : text) {
        if (digit < '0' || digit > '9') return false;
        value = value * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    if (value > 0xffff'ffff) return false;
    out = static_cast<std::uint32_t>(value);
    return true;
}

}  // namespace pronto::agent
