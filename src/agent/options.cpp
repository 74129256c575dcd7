// SPDX-License-Identifier: Apache-2.0
#include "agent/options.hpp"

#include <string.h>

#include "agent/console.hpp"
#include "agent/line_reader.hpp"

namespace pronto::agent {

const char* const help_text =
    "Usage: pronto-agent [OPTIONS]\n"
    "The init and agent of a microVM: sets the system up, reports ready, runs commands for its "
    "host.\n"
    "\n"
    "  --port PATH        speak over this character device or stream socket\n"
    "  --port-fd N        speak over this descriptor\n"
    "                     (neither: the virtio port named \"agent\")\n"
    "  --profile NAME     wire profile of the host: 0.6 (default)\n"
    "  --exit             as PID 1, end the process at shutdown instead of powering off\n"
    "  --help, --version\n"
    "\n"
    "As PID 1 it mounts what a system needs, reaps orphans and powers off at the end; as any other "
    "process it does\n"
    "neither. Exit status: 0 after an orderly shutdown, 1 when it cannot go on, 2 for a wrong "
    "command line.\n";

namespace {

bool set_profile(std::string_view value, Options& options) {
    const std::optional<wire::Profile> found = wire::find_profile(value);
    const bool served = found.has_value() && found->name == wire::profile_default.name;
    if (served) {
        options.profile = *found;
        return true;
    }
    print(Line() << "error: --profile " << value << ": this agent speaks profile "
                 << wire::profile_default.name);
    return false;
}

bool set_value(std::string_view name, const char* value, Options& options) {
    if (name == "--port") {
        options.port_path = value;
        return true;
    }
    if (name == "--profile") return set_profile(value, options);
    std::uint32_t number = 0;
    if (parse_number(value, number) && number <= 0x7fff'ffff) {
        options.port_fd = static_cast<int>(number);
        return true;
    }
    print(Line() << "error: --port-fd " << value << ": not a descriptor number");
    return false;
}

}  // namespace

Options parse_options(int count, char** words, bool as_init) {
    Options options;
    for (int index = 1; index < count; ++index) {
        const std::string_view word = words[index];
        const bool takes_value = word == "--port" || word == "--port-fd" || word == "--profile";
        if (takes_value && index + 1 < count) {
            if (!set_value(word, words[++index], options)) options.action = Options::Action::usage;
        } else if (word == "--exit") {
            options.exit_when_done = true;
        } else if (word == "--help" || word == "-h") {
            options.action = Options::Action::help;
        } else if (word == "--version") {
            options.action = Options::Action::version;
        } else {
            print(Line() << (as_init ? "warning" : "error") << ": \"" << word
                         << (takes_value ? "\" needs a value" : "\" is not an option; see --help"));
            if (!as_init) options.action = Options::Action::usage;
        }
    }
    return options;
}

}  // namespace pronto::agent
