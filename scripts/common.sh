# shellcheck shell=bash
# What the scripts of this folder share. Sourced, never run: it changes to the top of the tree and finds cargo.

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit 1

say() { printf '%s\n' "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
    warn "$*"
    exit 1
}
usage_error() {
    warn "$* (scripts/${0##*/} --help lists what there is)"
    exit 2
}
has_command() { command -v "$1" >/dev/null 2>&1; }

# version_at_least FOUND WANTED
version_at_least() {
    [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# Runs a command where there is no network, if this machine lets us make such a place.
offline() {
    if unshare --net true 2>/dev/null; then
        unshare --net -- "$@"
    else
        say "this machine has no network namespaces for us: only cargo is told to stay off the network"
        "$@"
    fi
}

# rustup puts cargo into the home folder, which a non-interactive shell or sudo may not have on PATH.
find_cargo() {
    has_command cargo && return
    local home
    for home in "${CARGO_HOME:-$HOME/.cargo}" "$(getent passwd "${SUDO_USER:-}" | cut -d: -f6)/.cargo"; do
        if [ -x "$home/bin/cargo" ]; then
            PATH="$home/bin:$PATH"
            return
        fi
    done
}
find_cargo
