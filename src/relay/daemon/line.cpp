// SPDX-License-Identifier: Apache-2.0
#include "relay/daemon/line.hpp"

#include <string.h>

#include <charconv>

#include "core/bytes.hpp"
#include "io/write_whole.hpp"

namespace pronto::relay {

Line& Line::operator<<(std::string_view text) {
    const std::size_t room = buffer_.size() - 1 - used_;  // the newline's place is kept
    if (text.size() > room) text = text.substr(0, room);
    if (!text.empty()) std::memcpy(buffer_.data() + used_, text.data(), text.size());
    used_ += text.size();
    return *this;
}

Line& Line::operator<<(std::uint64_t number) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return *this << std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

Line& Line::operator<<(Error error) {
    if (error.code != Code::system) *this << describe(error.code);
    if (error.system_errno == 0) return *this;
    if (error.code != Code::system) *this << ": ";
    const char* text = strerrordesc_np(error.system_errno);
    return *this << (text == nullptr ? std::string_view("unknown errno") : std::string_view(text));
}

Line& Line::quoted(std::string_view text) {
    *this << "\"";
    for (const char& character : text) {
        if (character == '"' || character == '\\') *this << "\\";
        // Control characters have no place in a path; a script is better off without them than with
        // a broken line.
        if (static_cast<unsigned char>(character) >= 0x20) *this << std::string_view(&character, 1);
    }
    return *this << "\"";
}

void Line::print(int fd) {
    buffer_[used_] = '\n';
    (void)io::write_whole(fd, {buffer_.data(), used_ + 1});
}

}  // namespace pronto::relay
