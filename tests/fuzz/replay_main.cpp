// SPDX-License-Identifier: Apache-2.0
// Drives a fuzzer without libFuzzer: every corpus file as it is, then mutations of them. A mutation
// is a function of seed and number alone, so `--seed=S --only=N` repeats one.
#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byte_count);

namespace {

using Input = std::vector<std::uint8_t>;

struct Options {
    std::uint64_t seed = 1;
    std::uint64_t mutations = 20'000;
    std::uint64_t only = UINT64_MAX;  // none
    std::vector<std::filesystem::path> paths;
};

// What runs now, for the message of a crash.
std::array<char, 256> current{};

void describe_crash(int signal) {
    std::fprintf(stderr, "signal %d in %s\n", signal, current.data());
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

// splitmix64.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9e37'79b9'7f4a'7c15;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11eb;
        return mixed ^ (mixed >> 31);
    }
    std::size_t below(std::size_t bound) { return bound == 0 ? 0 : next() % bound; }

  private:
    std::uint64_t state_;
};

// First bytes of heads that make a difference: indefinite forms, breaks, tags, wide arguments,
// nulls, floats.
constexpr std::array<std::uint8_t, 28> interesting{
    0x00, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x20, 0x38, 0x40, 0x5b, 0x5f, 0x60, 0x7b, 0x7f,
    0x80, 0x81, 0x9b, 0x9f, 0xa0, 0xbb, 0xbf, 0xc2, 0xd8, 0xf4, 0xf6, 0xf7, 0xf9, 0xff};

std::uint8_t any_byte(Random& random) {
    if (random.below(2) == 0) return interesting[random.below(interesting.size())];
    return static_cast<std::uint8_t>(random.next());
}

Input slice(const Input& from, Random& random) {
    const std::size_t start = random.below(from.size());
    const std::size_t bytes = random.below(from.size() - start + 1);
    const auto first = from.begin() + static_cast<std::ptrdiff_t>(start);
    return {first, first + static_cast<std::ptrdiff_t>(bytes)};
}

void mutate(Input& input, const Input& other, Random& random) {
    const auto at = input.begin() + static_cast<std::ptrdiff_t>(random.below(input.size()));
    const auto rest = static_cast<std::size_t>(input.end() - at);
    switch (input.empty() ? 2 : random.below(7)) {
        case 0: *at = static_cast<std::uint8_t>(*at ^ (1U << random.below(8))); break;
        case 1: *at = any_byte(random); break;
        case 2: input.insert(at, any_byte(random)); break;
        case 3: input.erase(at, at + static_cast<std::ptrdiff_t>(random.below(rest + 1))); break;
        case 4: input.insert(at, 1 + random.below(200), any_byte(random)); break;
        case 5: input.resize(random.below(input.size())); break;
        default: {
            const Input piece = slice(other, random);
            input.insert(at, piece.begin(), piece.end());
        }
    }
}

Input mutated(const std::vector<Input>& corpus, std::uint64_t seed, std::uint64_t number) {
    Random random(seed * 0x1'0000'0000 + number);
    random.next();
    Input input = corpus[random.below(corpus.size())];
    for (std::size_t left = 1 + random.below(5); left > 0; --left) {
        mutate(input, corpus[random.below(corpus.size())], random);
    }
    return input;
}

void run(const Input& input) {
    // A copy without spare capacity, so that AddressSanitizer sees a read past the end.
    const Input exact(input.begin(), input.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

bool parse_number(std::string_view argument, std::string_view name, std::uint64_t& value) {
    if (!argument.starts_with(name)) return false;
    argument.remove_prefix(name.size());
    const auto result = std::from_chars(argument.data(), argument.data() + argument.size(), value);
    return result.ec == std::errc{} && result.ptr == argument.data() + argument.size();
}

Options parse(int count, char** arguments) {
    Options options;
    for (int index = 1; index < count; ++index) {
        const std::string_view argument = arguments[index];
        if (parse_number(argument, "--seed=", options.seed)) continue;
        if (parse_number(argument, "--mutations=", options.mutations)) continue;
        if (parse_number(argument, "--only=", options.only)) continue;
        options.paths.emplace_back(argument);
    }
    return options;
}

void load_file(const std::filesystem::path& path, std::vector<Input>& corpus) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "cannot read %s\n", path.c_str());
        std::exit(2);
    }
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    std::snprintf(current.data(), current.size(), "%s", path.c_str());
    run(corpus.back());
}

std::vector<Input> load(const Options& options) {
    std::vector<std::filesystem::path> files;
    for (const auto& path : options.paths) {
        if (!std::filesystem::is_directory(path)) {
            files.push_back(path);
            continue;
        }
        for (const auto& entry : std::filesystem::directory_iterator(path))
            files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    std::vector<Input> corpus;
    for (const auto& file : files)
        load_file(file, corpus);
    return corpus;
}

void run_mutation(const std::vector<Input>& corpus, std::uint64_t seed, std::uint64_t number) {
    std::snprintf(current.data(), current.size(), "mutation: --seed=%llu --only=%llu",
                  static_cast<unsigned long long>(seed), static_cast<unsigned long long>(number));
    run(mutated(corpus, seed, number));
}

}  // namespace

int main(int count, char** arguments) {
    for (const int signal : {SIGILL, SIGTRAP, SIGSEGV, SIGABRT})
        std::signal(signal, describe_crash);
    const Options options = parse(count, arguments);
    const std::vector<Input> corpus = load(options);
    if (corpus.empty()) {
        std::fprintf(stderr, "usage: %s [--seed=S] [--mutations=N | --only=N] CORPUS...\n",
                     arguments[0]);
        return 2;
    }
    if (options.only != UINT64_MAX) {
        run_mutation(corpus, options.seed, options.only);
        return 0;
    }
    for (std::uint64_t number = 0; number < options.mutations; ++number)
        run_mutation(corpus, options.seed, number);
    std::printf("%zu corpus files, %llu mutations, seed %llu\n", corpus.size(),
                static_cast<unsigned long long>(options.mutations),
                static_cast<unsigned long long>(options.seed));
    return 0;
}
