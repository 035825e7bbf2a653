
# Names that the service knows; they are other people's words and never evaluated.
_headroom_with_names() {
    _headroom "$@"
    local kind= name typed="${COMP_WORDS[COMP_CWORD]}"
    case "$COMP_CWORD ${COMP_WORDS[1]} ${COMP_WORDS[2]}" in
        "3 app set" | "3 app show" | "3 app unset" | "3 app forget") kind=apps ;;
        "3 profile use" | "3 profile show" | "3 schedule set" | "3 schedule unset") kind=profiles ;;
        "2 explain "* | "2 volume "*) kind=apps ;;
        "2 get "* | "2 set "* | [2-9]" reset "*) kind=settings ;;
    esac
    [[ -n $kind && $typed != -* ]] || return 0
    while IFS= read -r name; do
        [[ $name == "$typed"* ]] && COMPREPLY+=("$(printf %q "$name")")
    done < <("$1" completions --names "$kind" 2>/dev/null)
}
complete -F _headroom_with_names -o bashdefault -o default headroom
