// SPDX-License-Identifier: Apache-2.0
// What the command says about itself, and to those who hold it wrong.
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/failure.hpp"
#include "cli/state.hpp"
#include "tests/cli/program.hpp"
#include "tests/cli/scripted_guest.hpp"

namespace pronto::test {
namespace {

TEST(Usage, HelpNamesEveryCommand) {
    const Ran ran = pronto({"--help"});
    EXPECT_EQ(ran.exit_code, 0);
    for (const char* command : {"up", "down", "ps", "run", "exec", "shell", "ping"}) {
        EXPECT_NE(ran.output.find(std::string("\n  ") + command + " "), std::string::npos)
            << command;
        EXPECT_EQ(pronto({command, "--help"}).exit_code, 0) << command;
    }
}

TEST(Usage, VersionIsOneLine) {
    const Ran ran = pronto({"--version"});
    EXPECT_EQ(ran.exit_code, 0);
    EXPECT_EQ(ran.output, "pronto " PRONTO_VERSION "\n");
}

TEST(Usage, MistakesAreOurFailureNotTheCommands) {
    for (const auto& arguments : std::vector<std::vector<std::string>>{{},
                                                                       {"fly"},
                                                                       {"exec"},
                                                                       {"exec", "guest"},
                                                                       {"exec", "--nope"},
                                                                       {"run"},
                                                                       {"up"},
                                                                       {"ping", "-c", "0", "x"}}) {
        const Ran ran = pronto(Invocation{arguments, {}, {}});
        EXPECT_EQ(ran.exit_code, 125);
        EXPECT_NE(ran.errors, "");
    }
}

TEST(Usage, MissingGuestIsNamedWithAWayOut) {
    const TempDirectory directory;
    const Ran ran = pronto(
        Invocation{{"exec", "nobody", "--", "true"}, {}, {"PRONTO_STATE_DIR=" + directory.path()}});
    EXPECT_EQ(ran.exit_code, 125);
    EXPECT_NE(ran.errors.find("there is no guest \"nobody\""), std::string::npos);
    EXPECT_NE(ran.errors.find("pronto up nobody"), std::string::npos);
    EXPECT_EQ(pronto({"ping", "--socket", directory.path() + "/none"}).exit_code, 125);
}

TEST(Usage, NoGuestsIsAnEmptyList) {
    const TempDirectory directory;
    const Ran ran =
        pronto(Invocation{{"ps", "--json"}, {}, {"PRONTO_STATE_DIR=" + directory.path()}});
    EXPECT_EQ(ran.exit_code, 0);
    EXPECT_EQ(nlohmann::json::parse(ran.output), nlohmann::json::array());
}

TEST(State, NamesOfGuests) {
    for (const char* good : {"a", "0", "demo", "a_b.c-d", "9lives"})
        EXPECT_TRUE(cli::is_guest_name(good)) << good;
    for (const char* bad : {"", ".", "..", "-a", "_a", ".a", "A", "a/b", "a b", "\xc3\xa4"}) {
        EXPECT_FALSE(cli::is_guest_name(bad)) << bad;
    }
    EXPECT_TRUE(cli::is_guest_name(std::string(63, 'a')));
    EXPECT_FALSE(cli::is_guest_name(std::string(64, 'a')));
    EXPECT_FALSE(cli::is_guest_name(std::string_view("a\0b", 3)));
}

TEST(State, PathTooLongForASocketIsSaidBeforeAnythingStarts) {
    const TempDirectory directory;
    const std::string deep = directory.path() + "/" + std::string(60, 'd');
    const Ran ran = pronto(Invocation{
        {"up", std::string(20, 'n'), "--backend", "namespace"}, {}, {"PRONTO_STATE_DIR=" + deep}});
    EXPECT_EQ(ran.exit_code, 125);
    EXPECT_NE(ran.errors.find("the system takes 107"), std::string::npos) << ran.errors;
    EXPECT_NE(ran.errors.find("PRONTO_STATE_DIR"), std::string::npos);
}

TEST(State, DirectoryOfAnotherKindIsRefused) {
    const Ran ran = pronto(Invocation{{"ps"}, {}, {"PRONTO_STATE_DIR=/dev/null"}});
    EXPECT_EQ(ran.exit_code, 125);
    EXPECT_NE(ran.errors.find("is not a directory of yours"), std::string::npos);
}

TEST(State, DirectoryOthersCanWriteToIsRefused) {
    const TempDirectory directory;
    std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
    const Ran ran = pronto(Invocation{{"ps"}, {}, {"PRONTO_STATE_DIR=" + directory.path()}});
    EXPECT_EQ(ran.exit_code, 125);
    EXPECT_NE(ran.errors.find("others can write"), std::string::npos);
}

TEST(Backend, UnknownOneIsRefused) {
    const TempDirectory directory;
    const Ran ran = pronto(Invocation{
        {"up", "x", "--backend", "cloud"}, {}, {"PRONTO_STATE_DIR=" + directory.path()}});
    EXPECT_EQ(ran.exit_code, 125);
    EXPECT_NE(ran.errors.find("backends are: qemu, namespace"), std::string::npos);
}

}  // namespace
}  // namespace pronto::test
