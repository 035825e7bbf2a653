
# Names that the service knows.
complete -c headroom -n "__fish_seen_subcommand_from app; and __fish_seen_subcommand_from set show unset forget" -f -a "(headroom completions --names apps 2>/dev/null)"
complete -c headroom -n "__fish_seen_subcommand_from explain volume" -f -a "(headroom completions --names apps 2>/dev/null)"
complete -c headroom -n "__fish_seen_subcommand_from profile; and __fish_seen_subcommand_from use show" -f -a "(headroom completions --names profiles 2>/dev/null)"
complete -c headroom -n "__fish_seen_subcommand_from schedule; and __fish_seen_subcommand_from set unset" -f -a "(headroom completions --names profiles 2>/dev/null)"
complete -c headroom -n "__fish_seen_subcommand_from get set reset; and not __fish_seen_subcommand_from app device schedule" -f -a "(headroom completions --names settings 2>/dev/null)"
