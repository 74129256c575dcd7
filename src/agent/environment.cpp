// SPDX-License-Identifier: Apache-2.0
#include "agent/environment.hpp"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>

#include "core/checksum.hpp"
#include "io/memory.hpp"

namespace pronto::agent {

namespace {

std::string_view key_of(const char* entry) {
    return {entry, static_cast<std::size_t>(strchr(entry, '=') - entry)};
}

/// Keys seen so far, by hash: request lists can be long, and quadratic work is not theirs to ask
/// for.
class KeyIndex {
  public:
    KeyIndex(char** places, std::uint32_t mask, std::uint64_t seed)
        : places_(places), mask_(mask), seed_(seed) {}

    /// The place of `key`'s entry, or of the hole where it belongs.
    char*& place(std::string_view key) {
        std::uint32_t index = static_cast<std::uint32_t>(checksum(as_bytes(key), seed_)) & mask_;
        while (places_[index] != nullptr && key_of(places_[index]) != key)
            index = (index + 1) & mask_;
        return places_[index];
    }

  private:
    char** places_;
    std::uint32_t mask_;
    std::uint64_t seed_;
};

bool add_default(KeyIndex& keys, std::string_view key, std::string_view value,
                 SpawnMemory& memory) {
    char*& place = keys.place(key);
    if (place != nullptr) return true;
    place = memory.text(key, "=", value);
    return place != nullptr;
}

}  // namespace

Status SpawnMemory::open() {
    pointer_memory_ = io::reserve(limits::spawn_pointers_max * sizeof(char*));
    text_memory_ = io::reserve(limits::spawn_text_bytes);
    // SAFETY: the kernel puts sixteen random bytes there for every program.
    memcpy(&seed_, reinterpret_cast<const void*>(getauxval(AT_RANDOM)), sizeof seed_);
    return pointer_memory_.empty() || text_memory_.empty() ? Status{Code::limit, 0} : Status{};
}

void SpawnMemory::reset() {
    pointers_used_ = 0;
    text_used_ = 0;
}

char** SpawnMemory::pointers(std::uint32_t count) {
    if (count > limits::spawn_pointers_max - pointers_used_) return nullptr;
    // SAFETY: the memory is page-aligned and used for pointers only.
    char** result = reinterpret_cast<char**>(pointer_memory_.data()) + pointers_used_;
    pointers_used_ += count;
    return result;
}

char* SpawnMemory::text(std::string_view first, std::string_view second, std::string_view third) {
    const std::size_t byte_count = first.size() + second.size() + third.size() + 1;
    if (byte_count > text_memory_.size() - text_used_) return nullptr;
    char* result = reinterpret_cast<char*>(text_memory_.data() + text_used_);
    char* end = result;
    for (const std::string_view part : {first, second, third}) {
        if (!part.empty()) memcpy(end, part.data(), part.size());
        end += part.size();
    }
    *end = '\0';
    text_used_ += byte_count;
    return result;
}

Status build_environment(cbor::Array items, const EnvironmentDefaults& defaults,
                         SpawnMemory& memory, Environment& out) {
    constexpr std::uint32_t defaults_max = 3;
    std::uint32_t places = 16;
    while (places < 2 * (items.count + defaults_max))
        places *= 2;
    char** table = memory.pointers(places);
    if (table == nullptr) return system_error(E2BIG);
    memset(table, 0, places * sizeof *table);
    KeyIndex keys(table, places - 1, memory.seed());

    while (items.count > 0) {
        const std::string_view entry = cbor::take_text(cbor::next(items));
        if (memchr(entry.data(), '\0', entry.size()) != nullptr) return system_error(EINVAL);
        const std::size_t equals = entry.find('=');
        if (equals == std::string_view::npos || equals == 0) continue;
        keys.place(entry.substr(0, equals)) = const_cast<char*>(entry.data());
    }
    bool fits = add_default(keys, "PATH", path_default, memory);
    if (!defaults.home.empty()) fits = fits && add_default(keys, "HOME", defaults.home, memory);
    if (defaults.tty) fits = fits && add_default(keys, "TERM", "xterm", memory);
    if (!fits) return system_error(E2BIG);

    out.path = keys.place("PATH") + 5;
    // The entries are moved together: the table becomes the list.
    std::uint32_t used = 0;
    for (std::uint32_t index = 0; index < places; ++index) {
        if (table[index] != nullptr) table[used++] = table[index];
    }
    table[used] = nullptr;
    out.entries = table;
    return {};
}

}  // namespace pronto::agent
