#!/bin/sh
# Turns fresh mount and PID namespaces into a machine on which one person has just logged in, and runs that person's
# systemd user manager. Whatever is mounted here is seen in this namespace alone.
#
# enter.sh ROOT USER UID GROUP REALTIME MANAGER VARIABLE=VALUE...
#   ROOT      folder that is laid over the machine's own: see the binds
#   GROUP     name of the control group that everything here is in
#   REALTIME  yes: there is a system bus, with RTKit on it
set -eu
root=$1 user=$2 uid=$3 group=$4 realtime=$5 manager=$6
shift 6

bind() { mount --bind "$root/$1" "$2"; }

# system/ tells that systemd runs the machine; without the others, units with sandboxes do not start.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/system /run/systemd/unit-root /run/systemd/mount-rootfs /run/systemd/inaccessible \
    /run/systemd/incoming /run/systemd/propagate "/run/user/$uid"
bind run "/run/user/$uid"

bind passwd /etc/passwd
bind group /etc/group
bind units /etc/systemd/user
bind local /usr/local
mount -t tmpfs -o mode=755 tmpfs /home
mkdir "/home/$user"
bind home "/home/$user"
mount -t tmpfs -o mode=755 tmpfs /opt
mkdir /opt/testkit
bind kit /opt/testkit

# A manager that is not root's needs a pure version 2 tree, and a group of its own in it.
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir "/sys/fs/cgroup/$group"
chown -R "$uid:$uid" "/sys/fs/cgroup/$group"
echo $$ >"/sys/fs/cgroup/$group/cgroup.procs"

# Tests talk to the bus from outside, where they are root.
mount -t tmpfs -o mode=755 tmpfs /etc/dbus-1/session.d
cat >/etc/dbus-1/session.d/testkit.conf <<'END'
<busconfig><policy context="default"><allow user="*"/></policy></busconfig>
END

if [ "$realtime" = yes ]; then
    # Nobody sits at this machine, which is what RTKit's own rule asks for.
    mount -t tmpfs -o mode=755 tmpfs /etc/polkit-1/rules.d
    cat >/etc/polkit-1/rules.d/50-testkit.rules <<'END'
polkit.addRule(function (action) {
    if (action.id.indexOf("org.freedesktop.RealtimeKit1.") === 0) return polkit.Result.YES;
});
END
    # RTKit takes priorities away from a machine that is busy, and from who asks often: tests do and are both.
    services=/usr/share/dbus-1/system-services
    cp "$services"/org.freedesktop.RealtimeKit1.service "$services"/org.freedesktop.PolicyKit1.service /run
    mount -t tmpfs -o mode=755 tmpfs "$services"
    mv /run/org.freedesktop.*.service "$services"
    sed -i 's/^Exec=.*/& --no-canary --actions-per-burst-max=1000 --threads-per-user-max=1000/' \
        "$services/org.freedesktop.RealtimeKit1.service"
    mkdir /run/dbus
    dbus-daemon --system --fork --nopidfile
    for name in PolicyKit1 RealtimeKit1; do
        busctl --system call org.freedesktop.DBus / org.freedesktop.DBus StartServiceByName su "org.freedesktop.$name" 0 \
            >/dev/null
    done
fi

# Last, as ROOT itself is likely to be in it.
mount -t tmpfs -o mode=1777 tmpfs /tmp
cd /

# Not exec: this shell stays as the first process, which must wait for whoever loses its parent.
setpriv --reuid="$uid" --regid="$uid" --clear-groups --inh-caps=-all env -i "$@" "$manager" --user
