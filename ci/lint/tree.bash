# Sourced by every lint: which tree is checked, which files it has, and how findings are reported.
# A lint is called as `ci/lint/NAME [TREE]`; TREE is a git work tree, this project unless given.
# shellcheck shell=bash

lint=$(basename "$0")
lint_directory=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
findings=0

fail() {
    printf '%s: %s\n' "$lint" "$1" >&2
    exit 2
}

enter_tree() {
    cd "${1:-$lint_directory/../..}" || fail "no such tree: ${1:-}"
    tree=$(pwd -P)
}

# Sets `files` to the files under git, or new and not ignored, that match the patterns. None is an error:
# a lint that has looked at nothing must not pass.
find_files() {
    local listed
    # A checkout may belong to another user than the one who tests it; reading the list is safe.
    listed=$(git -c safe.directory="$tree" ls-files --cached --others --exclude-standard -- "$@" | sort -u) ||
        fail "git cannot list the files of $tree"
    files=()
    local path
    while IFS= read -r path; do
        # Deleted in the work tree but not in the index yet.
        if [ -f "$path" ]; then files+=("$path"); fi
    done <<<"$listed"
    [ ${#files[@]} -gt 0 ] || fail "no file matches: $*"
}

finding() {
    findings=$((findings + 1))
    printf '%s: %s\n' "$lint" "$1"
}

# Reports each line of its argument as a finding. Callers fill a variable first: set -e sees a failure there only.
report() {
    [ -n "$1" ] || return 0
    local line
    while IFS= read -r line; do finding "$line"; done <<<"$1"
}

# grep, but finding nothing is a success and only a broken search fails.
search() {
    grep "$@" || [ $? -eq 1 ]
}

# Prints `path:line: code` for every line of the files, with comments and the insides of string literals blanked,
# so that a rule about code never trips over prose.
code_lines() {
    awk '
        FNR == 1 { in_comment = 0 }
        {
            line = $0; code = ""
            while (line != "") {
                if (in_comment) {
                    end = index(line, "*/")
                    if (end == 0) { line = ""; break }
                    line = substr(line, end + 2); in_comment = 0
                } else if (match(line, /\/\/|\/\*|"([^"\\]|\\.)*"|\047([^\047\\]|\\.)+\047/)) {
                    token = substr(line, RSTART, RLENGTH)
                    code = code substr(line, 1, RSTART - 1)
                    rest = substr(line, RSTART + RLENGTH)
                    if (token == "//") rest = ""
                    else if (token == "/*") in_comment = 1
                    else if (substr(token, 1, 1) == "\"") code = code "\"\""
                    # A quote between digits is a separator (1\0474 is not a literal); keep what follows it.
                    else if (code ~ /[0-9a-fA-F]$/) { code = code "\047"; rest = substr(line, RSTART + 1) }
                    else code = code "\047\047"
                    line = rest
                } else { code = code line; line = "" }
            }
            print FILENAME ":" FNR ": " code
        }' "$@"
}

verdict() {
    if [ "$findings" -gt 0 ]; then
        echo "$lint: $findings findings in ${#files[@]} files" >&2
        exit 1
    fi
    echo "$lint: ${#files[@]} files, nothing found"
}
