#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The routes of truecause-sources(7): copies that a job pushes into a drop folder,
# whole, again, slowly; and a share that is opened for each read, and hangs.
# The share is a FUSE mount by bindfs; without it that half is left out.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
tools=$TEST_BUILDDIR/integration
mkdir drop server share local

# The mount goes when the test does, however it ends.
SHARE_PID=
share_end() {
    [ "$SHARE_PID" ] || return 0
    kill -CONT "$SHARE_PID" 2>/dev/null
    umount "$SCRATCH/share" 2>/dev/null || umount -l "$SCRATCH/share" 2>/dev/null
    SHARE_PID=
}
share_there_or_dead() {
    [ -e share/despool.log ] || daemon_dead "$SHARE_PID"
}
trap 'share_end; test_end' EXIT

records() { # FROM TO: numbered lines as a despooler writes them
    i=$1
    stamp=$(LC_ALL=C TZ=UTC date '+%a %b %d %H:%M:%S %Y')
    while [ "$i" -le "$2" ]; do
        printf '~record number %05d of the test  $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n' "$i" "$stamp"
        i=$((i + 1))
    done
}
archived() { # how many different records, and how many in all
    grep -o 'record number [0-9]* of' events.xml >numbers 2>/dev/null
    echo "$(sort -u numbers | wc -l) $(wc -l <numbers)"
}
archived_is() {
    [ "$(archived)" = "$1 $1" ]
}
soon() { # N: so many records are in the archive, each once
    wait_until 20 archived_is "$1" && return 0
    echo "want: $1 $1, got: $(archived)"
    tail -n 5 daemon.err
    return 1
}
status_has() {
    "$TRUECAUSE" status -c truecause.xml >status 2>&1
    grep -q -- "$1" status
}
same_number() { # FILE TEXT N
    [ "$(grep -cF -- "$2" "$1")" -gt "$3" ]
}
no_gap() {
    "$TRUECAUSE" alarms -c truecause.xml list >alarms 2>&1
    ! grep -F self:GAP alarms
}

cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state">
  <source name="drop" format="sms-log" path="$SCRATCH/drop/despool*.log" host="ANFIELD" zone="UTC" poll="50ms"/>
  <source name="share" format="sms-log" path="$SCRATCH/share/despool.log" host="WEMBLEY" zone="UTC" poll="50ms"/>
  <source name="local" format="sms-log" path="$SCRATCH/local/despool.log" host="BOBCAT" zone="UTC" poll="50ms"/>
  <target name="archive" type="xml" path="$SCRATCH/events.xml"/>
</truecause>
END
records 1 10 >local/despool.log
mkfifo ear
"$tools/notify_listen" "$SCRATCH/notify" <ear >notify.out 2>&1 &
DAEMON_PIDS="$DAEMON_PIDS $!"
exec 8>ear
wait_until 10 test -S notify
with_share=no
if command -v bindfs >/dev/null 2>&1 && records 101 110 >server/despool.log; then
    # A command by itself: of a list in the background $! may be the shell's.
    bindfs -f -r "$SCRATCH/server" "$SCRATCH/share" >share.err 2>&1 &
    SHARE_PID=$!
    wait_until 60 share_there_or_dead
    [ ! -e share/despool.log ] || with_share=yes
fi
NOTIFY_SOCKET=$SCRATCH/notify WATCHDOG_USEC=2000000 "$TRUECAUSE" forward -c truecause.xml >daemon.out 2>>daemon.err &
DAEMON=$!
DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
n=10
[ "$with_share" = no ] || n=20
check "what is there is read" soon "$n"

# --- push --------------------------------------------------------------------
# Under a temporary name, then renamed: the pattern matches only the last name.
records 201 300 >job
cp job drop/copy.tmp && mv drop/copy.tmp drop/Despool.log
n=$((n + 100))
check "a copy that is renamed into place" soon "$n"
# The next whole copy is longer and begins as the first: another inode, nothing twice.
records 301 350 >>job
cp job drop/copy.tmp && mv drop/copy.tmp drop/Despool.log
n=$((n + 50))
check "a newer whole copy" soon "$n"
# Copied over in place: truncated, then written from its beginning again.
records 351 400 >>job
cp job drop/Despool.log
n=$((n + 50))
check "a copy over the last one" soon "$n"
# Slowly, under its last name, cut anywhere.
records 401 500 >slow
size=$(wc -c <slow)
at=0
while [ "$at" -lt "$size" ]; do
    tail -c +$((at + 1)) slow | head -c 1777 >>drop/DESPOOL2.LOG
    at=$((at + 1777))
    sleep 0.06
done
n=$((n + 100))
check "a copy that arrives slowly" soon "$n"
check "nothing was lost on the way" no_gap

# --- pull ----------------------------------------------------------------------
if [ "$with_share" = no ]; then
    echo "left out: the share (needs bindfs and /dev/fuse)"
    finish
fi
check "the share is known as remote" wait_until 20 status_has 'share: 1 log.*, remote'
for i in 1 2 3 4 5 6 7 8 9 10; do
    records $((500 + i)) $((500 + i)) >>server/despool.log
    sleep 0.03
done
n=$((n + 10))
check "a log on it is followed" soon "$n"
not_open() {
    [ "$(ls -l "/proc/$DAEMON/fd" | grep -cF "$SCRATCH/share/")" -eq 0 ]
}
for i in 1 2 3; do
    check "and not held open between two looks ($i)" wait_until 20 not_open
done

# The file server hangs: every call on the share waits.
kill -STOP "$SHARE_PID"
records 601 610 >>local/despool.log
n=$((n + 10))
check "a hung share: the other sources go on" soon "$n"
before=$(grep -c WATCHDOG=1 notify.out)
check "so does the sign of life" wait_until 10 same_number notify.out WATCHDOG=1 $((before + 3))
check "status says which hangs" wait_until 20 status_has '^  hung  *share: .*no answer for'
records 611 611 >>local/despool.log
n=$((n + 1))
check "still" soon "$n"
records 511 520 >>server/despool.log
kill -CONT "$SHARE_PID"
n=$((n + 10))
check "when it is back, it is read on" soon "$n"
check "and followed" wait_until 10 status_has '^  followed  *share'

# It hangs while the daemon is asked to end.  The kernel may keep a process until
# its call on a FUSE mount is back; the daemon's own work must be over before.
kill -STOP "$SHARE_PID"
sleep 0.3
kill -TERM "$DAEMON"
check "the daemon ends its work even so" wait_until 30 has daemon.err "truecause: ended"
check "the archive is closed" same '</events>' "$(tail -n 1 events.xml)"
kill -CONT "$SHARE_PID"
check "and is gone" wait_until 10 daemon_dead "$DAEMON"
wait "$DAEMON"
check "with 0" same 0 $?
finish
