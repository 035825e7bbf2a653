# shellcheck shell=bash
# What the scripts of this folder share. Sourced, never run: it changes to the top of the tree.
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit 1
export LC_ALL=C.UTF-8
unset LANGUAGE

say() { printf '%s\n' "$*"; }
die() {
    printf '%s: %s\n' "po/${0##*/}" "$*" >&2
    exit 1
}
languages() { sed 's/#.*//' po/LINGUAS | xargs -n 1; }
