# shellcheck shell=bash
# What the tests of packages share: a copy of this machine's root, a user who is logged in there, and what is to be heard.
# Sourced after common.sh, never run. Exit code 77: nothing failed, but a part could not be checked here, which is said.

NOT_CHECKED=77
UNCHECKED=0
BUS_NAME=com.example.Headroom
SERVICE_USER=listener
SERVICE_UID=47110
# The copy, and its root.
COPY='' ROOT=''

not_checked() {
    UNCHECKED=$((UNCHECKED + 1))
    say "NOT CHECKED: $*"
}
passed() { say "ok: $*"; }

# is_absent FILE..., is_present FILE...
is_absent() {
    local file
    for file; do [ ! -e "$file" ] || die "$file should not be there"; done
}
is_present() {
    local file
    for file; do [ -e "$file" ] || die "$file is missing"; done
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
    local seconds=$1 what=$2 until
    shift 2
    until=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$until" ] || die "not within $seconds s: $what"
        sleep 0.1
    done
}

# in_namespaces COMMAND...: root's namespaces, which end with the command, and every process and mount in them does too.
in_namespaces() {
    if [ "$EUID" != 0 ] || ! unshare --mount --ipc --pid --fork true 2>/dev/null; then return "$NOT_CHECKED"; fi
    unshare --mount --ipc --pid --fork --kill-child -- "$@"
}

# make_copy FOLDER: FOLDER/root is this machine's root, to be written to. What is written is in FOLDER/upper, in memory.
make_copy() {
    local root=$1/root
    COPY=$1 ROOT=$root
    mount -t tmpfs -o mode=755 tmpfs "$1" && mkdir "$1"/{upper,work,root} &&
        mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$root" &&
        mount -t proc proc "$root/proc" &&
        mount --rbind /dev "$root/dev" &&
        mount --rbind /sys "$root/sys" &&
        mount -t tmpfs -o mode=755 tmpfs "$root/run" &&
        mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
}

in_copy() { chroot "$ROOT" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
as_listener() {
    in_copy setpriv --reuid=$SERVICE_UID --regid=$SERVICE_UID --clear-groups env HOME=/home/$SERVICE_USER \
        USER=$SERVICE_USER XDG_RUNTIME_DIR=/run/user/$SERVICE_UID \
        DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$SERVICE_UID/bus "$@"
}

# log_in: a user manager as after a login, in a control group of its own.
log_in() {
    mkdir -p "$ROOT"/run/systemd/{system,unit-root,mount-rootfs,inaccessible,incoming,propagate}
    install -d -m 700 -o $SERVICE_UID -g $SERVICE_UID "$ROOT/run/user/$SERVICE_UID"
    umount -R "$ROOT/sys/fs/cgroup" 2>/dev/null || true
    mount -t cgroup2 cgroup2 "$ROOT/sys/fs/cgroup" 2>/dev/null || return "$NOT_CHECKED"
    GROUP=$ROOT/sys/fs/cgroup/headroom-package.${COPY##*.}
    mkdir "$GROUP" 2>/dev/null || return "$NOT_CHECKED"
    chown -R $SERVICE_UID "$GROUP"
    (
        echo "$BASHPID" >"$GROUP/cgroup.procs"
        as_listener /lib/systemd/systemd --user
    ) >"$COPY/manager.log" 2>&1 &
    disown
    wait_for 20 "the session of a user" as_listener systemctl --user show-environment
}

log_out() {
    [ -n "${GROUP:-}" ] || return 0
    as_listener timeout 20 systemctl --user exit 2>/dev/null || true
    ! [ -e "$GROUP/cgroup.kill" ] || echo 1 >"$GROUP/cgroup.kill"
    # Only this is of the machine itself: it must not stay.
    wait_for 20 "the control group is empty" grep -x 'populated 0' "$GROUP/cgroup.events"
    find "$GROUP" -depth -type d -exec rmdir {} +
    GROUP=''
}

# Hostile, and long enough: noise at full scale, as a Sun audio file, whose header is one line.
write_noise() {
    printf '.snd\0\0\0\x18\xff\xff\xff\xff\0\0\0\x03\0\0\xbb\x80\0\0\0\x02' >"$1"
    head -c 24M /dev/urandom >>"$1"
}

links_of() { as_listener timeout 5 pw-link -l | awk -v port="$1" 'index($0, port) == 1 { on = 1; next } /^[^ ]/ { on = 0 } on'; }
links_to() { links_of "$1" | grep -F "|-> $2" >/dev/null; }
# On the way to the device there is the application's own chain first, once it has one.
passes_headroom() { links_of "$1" | grep -E '\|-> headroom(\.app\.[0-9]+)?:' >/dev/null; }
service_runs() { in_copy pgrep -x headroom-servic; }
service_is_gone() { ! service_runs; }
service_process() { in_copy pgrep -o -x headroom-servic; }

play() {
    as_listener pw-play /tmp/noise.au 2>/dev/null &
    disown
    wait_for 20 "what plays is linked to Headroom" passes_headroom pw-play:output_FL
    wait_for 20 "Headroom is linked to the device" links_to headroom.output:output_FL device:playback_FL
}
# stop_all PROGRAM: of the listener's, who has none but the test's.
stop_all() {
    in_copy pkill --uid $SERVICE_UID -x "$1"
    wait_for 10 "$1 ends" in_copy sh -c "! pgrep --uid $SERVICE_UID -x $1"
}

# make_user: whoever logs in.
make_user() { in_copy useradd --uid $SERVICE_UID --user-group --create-home $SERVICE_USER; }

# tells_health FILE DEPLOYMENT SUPERVISOR
tells_health() {
    grep -F "\"deployment\" s \"$2\"" "$1" >/dev/null || die "Health does not say that it was installed as $2"
    grep -F "\"supervisor\" s \"$3\"" "$1" >/dev/null || die "Health does not say that $3 started it"
}

# test_stripped: symbols are for debuggers, which have packages of their own.
test_stripped() {
    local program sizes=''
    for program in "$ROOT"/usr/bin/headroom* "$ROOT"/usr/lib*/headroom-service "$ROOT"/usr/lib/headroom/headroom-service; do
        [ -e "$program" ] || continue
        ! readelf --sections "$program" | grep -F .symtab >/dev/null || die "$program is not stripped"
        sizes+=", ${program##*/} $(stat --format %s "$program")"
    done
    passed "what is installed is stripped; bytes: ${sizes#, }"
}

# test_plain_bus DEPLOYMENT: a session bus that knows of no systemd starts what is installed. No PipeWire is there.
test_plain_bus() {
    local object="$BUS_NAME /org/headroom/Control org.headroom.Control"
    install -d -m 700 -o $SERVICE_UID -g $SERVICE_UID "$ROOT/tmp/plain"
    as_listener env XDG_RUNTIME_DIR=/tmp/plain timeout 60 dbus-run-session -- sh -c "
        timeout 20 busctl --user get-property $object State && timeout 5 busctl --user call $object Health
        pkill -x headroom-servic" >"$COPY/plain" 2>&1 || true
    grep -x 's "waiting"' "$COPY/plain" >/dev/null || { cat "$COPY/plain" >&2 && die "a plain bus did not start the service"; }
    tells_health "$COPY/plain" "$1" bus
    wait_for 10 "the service ends" service_is_gone
    rm -rf "$ROOT/tmp/plain"
    passed "a call starts the installed service on a bus without systemd"
}

# make_device: what is played to.
make_device() {
    wait_for 20 "PipeWire answers" as_listener pw-cli info 0
    as_listener timeout 10 pw-cli create-node adapter '{ factory.name=support.null-audio-sink node.name=device
        media.class=Audio/Sink object.linger=true audio.position=[FL FR] monitor.channel-volumes=true }' >/dev/null
    write_noise "$ROOT/tmp/noise.au"
}

# tells_systemd DEPLOYMENT: a call is answered by the service, which systemd has started.
tells_systemd() {
    as_listener timeout 20 busctl --user call "$BUS_NAME" /org/headroom/Control org.headroom.Control Health >"$COPY/health"
    tells_health "$COPY/health" "$1" systemd
}

# What may differ afterwards: the books of package managers, the caches of others, and the user that this test made.
NOT_OURS='^(var/lib/(dpkg|pacman)|root/\.rpmdb|var/log|var/cache|etc/ld\.so\.cache|var/mail|etc/(passwd|group|g?shadow|subuid|subgid)-?'
NOT_OURS+='|etc/\.pwd\.lock|usr/share/icons/hicolor/icon-theme\.cache|usr/share/applications/mimeinfo\.cache'
NOT_OURS+="|home|tmp|run)(/|\$)"

test_nothing_left() {
    local path left=()
    while read -r path; do
        [[ ! $path =~ $NOT_OURS ]] || continue
        # A folder that was there before, or a file with the bytes of before, was only touched.
        if [ -d "$COPY/upper/$path" ] && [ -d "/$path" ]; then continue; fi
        if [ -f "$COPY/upper/$path" ] && cmp -s "$COPY/upper/$path" "/$path"; then continue; fi
        left+=("$path")
    done < <(cd "$COPY/upper" && find . -mindepth 1 -printf '%P\n')
    [ ${#left[@]} = 0 ] || die "left after purge: ${left[*]}"
    passed "after purge nothing is left on the system"
    say "in the user's home are, as the package says: $(cd "$COPY/upper/home/$SERVICE_USER" && find . -path '*headroom*' -type f -printf '%P ')"
}
