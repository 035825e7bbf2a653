# Rewrites Rust for xgettext's C reader, which knows no Rust before gettext 0.24 and silently loses texts: those
# beside a lifetime, those on a line with an attribute, and long ones. Lines keep their numbers. Run with LC_ALL=C.

BEGIN {
    for (i = 0; i < 16; i++) HEX[substr("0123456789abcdef", i + 1, 1)] = HEX[substr("0123456789ABCDEF", i + 1, 1)] = i
    IN_CODE = 0; IN_TEXT = 1; IN_RAW = 2; IN_COMMENT = 3
    state = IN_CODE
}

function utf8(digits,    code, i) {
    for (i = 1; i <= length(digits); i++) code = code * 16 + HEX[substr(digits, i, 1)]
    if (code < 128) return sprintf("%c", code)
    if (code < 2048) return sprintf("%c%c", 192 + int(code / 64), 128 + code % 64)
    if (code < 65536) return sprintf("%c%c%c", 224 + int(code / 4096), 128 + int(code / 64) % 64, 128 + code % 64)
    return sprintf("%c%c%c%c", 240 + int(code / 262144), 128 + int(code / 4096) % 64,
        128 + int(code / 64) % 64, 128 + code % 64)
}

# Takes what `rest` begins with, that many bytes long.
function take(count,    taken) {
    taken = substr(rest, 1, count)
    rest = substr(rest, count + 1)
    return taken
}

function code(    hashes) {
    if (match(rest, /^[A-Za-z0-9_]+/)) {
        if (rest !~ /^b?r#*"/) return take(RLENGTH)
        match(rest, /#*"/)
        raw_end = "\"" substr(rest, RSTART, RLENGTH - 1)
        take(RSTART + RLENGTH - 1)
        state = IN_RAW
        return "\""
    }
    if (match(rest, /^\/\/.*/)) return take(RLENGTH)
    if (rest ~ /^\/\*/) { take(2); depth = 1; state = IN_COMMENT; return "" }
    if (rest ~ /^"/) { state = IN_TEXT; return take(1) }
    # Characters, then lifetimes and labels.
    if (match(rest, /^'[\001-\177]'/) || match(rest, /^'[\200-\377]+'/) || match(rest, /^'\\.[^']*'/)) {
        take(RLENGTH)
        return "' '"
    }
    return (take(1) ~ /['#]/) ? " " : last
}

function text() {
    if (match(rest, /^\\u\{[0-9A-Fa-f]+\}/)) return utf8(substr(take(RLENGTH), 4, RLENGTH - 4))
    if (rest == "\\") { take(1); spliced = 1; return "\\" }
    if (rest ~ /^\\/) return take(2)
    if (rest ~ /^"/) state = IN_CODE
    return take(1)
}

function raw() {
    if (substr(rest, 1, length(raw_end)) == raw_end) { take(length(raw_end)); state = IN_CODE; return "\"" }
    return (rest ~ /^["\\]/ ? "\\" : "") take(1)
}

function comment() {
    if (rest ~ /^\/\*/) { take(2); depth++; return "" }
    if (rest ~ /^\*\//) { take(2); if (--depth == 0) state = IN_CODE; return "" }
    take(1)
    return ""
}

{
    rest = $0
    if (spliced) sub(/^[ \t]+/, "", rest)
    spliced = 0
    line = ""
    while (rest != "") {
        last = substr(rest, 1, 1)
        if (state == IN_CODE) line = line code()
        else if (state == IN_TEXT) line = line text()
        else if (state == IN_RAW) line = line raw()
        else line = line comment()
    }
    # A text that goes on in the next line has a line break there, unless a backslash took it away.
    if ((state == IN_TEXT && !spliced) || state == IN_RAW) line = line "\\n\\"
    print line
}
