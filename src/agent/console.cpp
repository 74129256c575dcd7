// SPDX-License-Identifier: Apache-2.0
#include "agent/console.hpp"

#include <string.h>
#include <sys/uio.h>

#include <algorithm>

namespace pronto::agent {

Line& Line::operator<<(std::string_view text) {
    const std::size_t count = std::min(text.size(), buffer_.size() - used_);
    memcpy(buffer_.data() + used_, text.data(), count);
    used_ += count;
    return *this;
}

Line& Line::operator<<(std::int64_t number) {
    std::array<char, 24> digits;
    char* end = digits.data() + digits.size();
    char* begin = end;
    std::uint64_t rest =
        number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
    do {
        *--begin = static_cast<char>('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0) *--begin = '-';
    return *this << std::string_view(begin, static_cast<std::size_t>(end - begin));
}

Line& Line::operator<<(Error error) {
    *this << describe(error.code);
    if (error.system_errno != 0) *this << ": " << std::string_view(strerror(error.system_errno));
    return *this;
}

void print(const Line& line) {
    static constexpr std::string_view prefix = "pronto-agent: ";
    const std::string_view text = line.text();
    const std::array<iovec, 3> parts{iovec{const_cast<char*>(prefix.data()), prefix.size()},
                                     iovec{const_cast<char*>(text.data()), text.size()},
                                     iovec{const_cast<char*>("\n"), 1}};
    (void)!writev(2, parts.data(), static_cast<int>(parts.size()));
}

}  // namespace pronto::agent
