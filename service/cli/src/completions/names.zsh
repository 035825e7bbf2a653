
# Names that the service knows.
_headroom_names() {
    local -a names
    names=("${(@f)$(headroom completions --names $1 2>/dev/null)}")
    compadd -a names
}
