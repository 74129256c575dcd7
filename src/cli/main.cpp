// SPDX-License-Identifier: Apache-2.0
// The `pronto` command: reads the command line and hands over to the file of the command.
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/bench_command.hpp"
#include "cli/down_command.hpp"
#include "cli/failure.hpp"
#include "cli/ping_command.hpp"
#include "cli/ps_command.hpp"
#include "cli/run_command.hpp"
#include "cli/shell_command.hpp"
#include "cli/up_command.hpp"

namespace {

namespace cli = pronto::cli;

/// What stands on the command line: our words, and behind "--" the command's, which are never
/// looked at.
struct Words {
    std::vector<std::string> ours;
    std::vector<std::string> command;
};

Words split(int argc, char** argv) {
    Words words;
    bool behind = false;
    for (int index = 1; index < argc; ++index) {
        const std::string word = argv[index];
        if (!behind && word == "--") {
            behind = true;
        } else {
            (behind ? words.command : words.ours).push_back(word);
        }
    }
    return words;
}

using Action = std::function<int()>;

struct Program {
    CLI::App app{"Starts small guests and runs commands in them.", "pronto"};
    Words words;
    Action action;
    std::vector<std::string> plain;  ///< positional words in front of "--"
};

/// The library would write the positional words in its own way; a command says itself how it is
/// used.
class UsageFormatter : public CLI::Formatter {
  public:
    explicit UsageFormatter(std::string usage) : usage_(std::move(usage)) {}
    std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override {
        return "usage: pronto " + usage_ + "\n";
    }
    std::string make_positionals(const CLI::App* /*app*/) const override { return {}; }

  private:
    std::string usage_;
};

struct Text {
    const char* name;
    const char* description;
    const char* usage;
};

template <typename Options>
std::pair<CLI::App*, std::shared_ptr<Options>> add_command(Program& program, const Text& text) {
    CLI::App* app = program.app.add_subcommand(text.name, text.description);
    app->formatter(std::make_shared<UsageFormatter>(text.usage));
    return {app, std::make_shared<Options>()};
}

void add_target(CLI::App* app, cli::Target& target) {
    app->add_option("--socket", target.socket_path, "Path of an agent.sock, instead of NAME")
        ->type_name("PATH");
}

/// The first positional word, unless a socket was given.
void take_name(Program& program, cli::Target& target) {
    if (!target.socket_path.empty()) return;
    if (program.plain.empty())
        cli::fail("which guest? There is no NAME and no --socket PATH", "--help says more");
    target.name = program.plain.front();
    program.plain.erase(program.plain.begin());
}

/// The positional words that are left, and those behind "--".
void take_command(Program& program, cli::CommandLine& command) {
    command.words = program.plain;
    command.words.insert(command.words.end(), program.words.command.begin(),
                         program.words.command.end());
    if (command.words.empty())
        cli::fail("there is no command to run", "put it at the end, behind --");
}

void add_command_options(CLI::App* app, cli::ExecOptions& options) {
    cli::CommandLine& command = options.command;
    app->add_flag("-i,--interactive", command.interactive, "Give the command our standard input");
    app->add_flag("-t,--tty", command.tty, "Run it on a terminal");
    app->add_option("-u,--user", command.user, "User to run as: name, uid, name:group or uid:gid")
        ->type_name("USER");
    app->add_option("-w,--cwd", command.working_directory, "Directory to run in")->type_name("DIR");
    app->add_option("-e,--env", command.environment, "Add to its environment; may be given again")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false)
        ->check([](const std::string& word) {
            const bool good = word.find('=') != std::string::npos && word.front() != '=';
            return good ? std::string() : fmt::format("\"{}\" is not KEY=VALUE", word);
        });
    app->add_option("--timeout", command.timeout_seconds,
                    "TERM it after so long, KILL it 2 s later; exit code 124")
        ->type_name("SECONDS")
        ->check(CLI::PositiveNumber);
    app->add_flag("--json", options.json, "Print one JSON object with the verdict and the output");
}

void add_guest_options(CLI::App* app, cli::GuestOptions& options) {
    app->add_option("--backend", options.backend,
                    "qemu: a microVM; namespace: the agent on this kernel, no VM (root)")
        ->type_name("NAME");
    app->add_option("--rootfs", options.rootfs,
                    "Directory with the guest's root; it is not written to")
        ->type_name("DIR");
    app->add_option("--kernel", options.kernel, "Kernel of the VM")->type_name("PATH");
    app->add_option("--initrd", options.initrd, "Archive to use as it is, with /init in it")
        ->type_name("PATH");
    app->add_option("--accel", options.acceleration,
                    "kvm or tcg; default: kvm where a guest really boots under it")
        ->type_name("NAME")
        ->check(CLI::IsMember({"kvm", "tcg"}));
    app->add_option("--memory", options.memory_mib, "Memory of the VM")
        ->check(CLI::Range(64, 1 << 20))
        ->type_name("MIB")
        ->capture_default_str();
    app->add_option("--cpus", options.cpus, "Processors of the VM")
        ->check(CLI::Range(1, 64))
        ->type_name("N")
        ->capture_default_str();
}

void add_up(Program& program) {
    auto [app, options] = add_command<cli::UpOptions>(
        program, {"up", "Start a guest that stays", "up [OPTIONS] NAME"});
    app->add_option("NAME", options->name)->required();
    add_guest_options(app, options->guest);
    app->add_flag("-v,--verbose", options->verbose, "Print the times of the agent's start");
    app->add_flag("--json", options->json, "Print one JSON object");
    app->callback([&program, options = options] {
        program.action = [options] { return cli::up_command(*options); };
    });
}

void add_down(Program& program) {
    auto [app, options] = add_command<cli::DownOptions>(
        program, {"down", "Shut a guest down and clean up", "down [OPTIONS] NAME"});
    app->add_option("NAME", options->name)->required();
    app->add_option("--timeout", options->timeout_seconds, "Kill it when it takes longer")
        ->type_name("SECONDS")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    app->callback([&program, options = options] {
        program.action = [options] { return cli::down_command(*options); };
    });
}

void add_ps(Program& program) {
    auto [app, options] =
        add_command<cli::PsOptions>(program, {"ps", "List the guests", "ps [--json]"});
    app->add_flag("--json", options->json, "Print a JSON array");
    app->callback([&program, options = options] {
        program.action = [options] { return cli::ps_command(*options); };
    });
}

void add_run(Program& program) {
    auto [app, options] =
        add_command<cli::RunOptions>(program, {"run", "Start a guest, run one command, clean up",
                                               "run [OPTIONS] [--] COMMAND [ARGUMENT...]"});
    add_guest_options(app, options->guest);
    add_command_options(app, options->exec);
    app->add_option("words", program.plain);
    app->callback([&program, options = options] {
        program.action = [&program, options] {
            take_command(program, options->exec.command);
            return cli::run_command(*options);
        };
    });
}

void add_exec(Program& program) {
    auto [app, options] = add_command<cli::ExecOptions>(
        program,
        {"exec", "Run a command in a guest", "exec [OPTIONS] NAME [--] COMMAND [ARGUMENT...]"});
    add_target(app, options->target);
    add_command_options(app, *options);
    app->add_option("words", program.plain);
    app->callback([&program, options = options] {
        program.action = [&program, options] {
            take_name(program, options->target);
            take_command(program, options->command);
            return cli::exec_command(*options);
        };
    });
}

void add_shell(Program& program) {
    auto [app, options] = add_command<cli::ExecOptions>(
        program, {"shell", "Open a shell in a guest", "shell [OPTIONS] NAME"});
    add_target(app, options->target);
    app->add_option("-u,--user", options->command.user,
                    "User to run as: name, uid, name:group or uid:gid")
        ->type_name("USER");
    app->add_option("NAME", program.plain);
    app->callback([&program, options = options] {
        program.action = [&program, options] {
            take_name(program, options->target);
            return cli::shell_command(*options);
        };
    });
}

void add_ping(Program& program) {
    auto [app, options] = add_command<cli::PingOptions>(
        program, {"ping", "Measure round trips to a guest's agent", "ping [OPTIONS] NAME"});
    add_target(app, options->target);
    app->add_option("NAME", program.plain);
    app->add_option("-c,--count", options->count, "How many")
        ->type_name("N")
        ->capture_default_str()
        ->check(CLI::Range(1, 1'000'000));
    app->add_flag("--json", options->json, "Print one JSON object");
    app->callback([&program, options = options] {
        program.action = [&program, options] {
            take_name(program, options->target);
            return cli::ping_command(*options);
        };
    });
}

void add_bench(Program& program) {
    auto [app, options] = add_command<cli::BenchOptions>(
        program, {"bench", "Measure agent and relay beside their floors",
                  "bench [OPTIONS] [exec] [ping] [stdout] [stall]"});
    app->add_option("MEASURE", options->measures);
    app->add_option("--path", options->path, "port: the agent directly; relay: through the relay")
        ->type_name("NAME")
        ->check(CLI::IsMember({"port", "relay"}));
    app->add_option("--rounds", options->rounds, "Rounds whose medians are taken")
        ->type_name("N")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000));
    app->add_option("--iterations", options->iterations, "Round trips in each round")
        ->type_name("N")
        ->capture_default_str()
        ->check(CLI::Range(1, 1'000'000));
    app->add_flag("--check", options->check, "Exit with 1 when a goal was missed");
    app->add_flag("--json", options->json, "Print one JSON object");
    app->callback([&program, options = options] {
        program.action = [options] { return cli::bench_command(*options); };
    });
}

int run(int argc, char** argv) {
    Program program;
    program.words = split(argc, argv);
    program.app.set_version_flag("--version", "pronto " PRONTO_VERSION);
    program.app.require_subcommand(1);
    program.app.footer(
        "`pronto COMMAND --help` says more. Exit codes: the command's own, 128 + N for death by "
        "signal N,\n"
        "124 its time was up, 125 pronto failed, 126 it cannot be executed, 127 it was not found.");
    for (const auto add :
         {add_up, add_run, add_exec, add_shell, add_ping, add_ps, add_down, add_bench})
        add(program);
    std::vector<std::string> reversed(program.words.ours.rbegin(), program.words.ours.rend());
    try {
        program.app.parse(reversed);
    } catch (const CLI::ParseError& error) {
        return program.app.exit(error) == 0 ? 0 : cli::exit_failed;
    }
    return program.action();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const cli::Failure& failure) {
        cli::note(failure.message);
        if (!failure.hint.empty()) fmt::print(stderr, "        {}\n", failure.hint);
        return failure.exit_code;
    }
}
