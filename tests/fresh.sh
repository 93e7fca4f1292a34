#!/bin/bash
# fresh.sh [COMMAND...]: makes a bare Debian 12, puts the committed tree into it and proves the two
# commands of the README there; or runs COMMAND there instead. Needs root, debootstrap, a free port
# 8080, and some 3 GB in TMPDIR. Of this machine it takes only what packages need to be had: Debian's
# sources, proxies, certificates, npm's settings. All of it, mounts and processes, ends with it.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${FRESH_ALONE-}" != yes ]; then
    [ "$(id -u)" = 0 ] || { echo "fresh.sh: only root can make a Debian" >&2; exit 1; }
    export FRESH_ALONE=yes # in its own mounts and processes, which end with it whatever happens
    exec env --default-signal=INT unshare --mount --propagation private --pid --fork --kill-child --mount-proc "$0" "$@"
fi

say() {
    echo "fresh: $*"
}

away() {
    local status=$? mounted
    trap - EXIT
    for mounted in dev/shm dev/pts sys proc; do
        ! mountpoint -q "$root/$mounted" || umount -l "$root/$mounted"
    done
    rm -rf --one-file-system "$root" "$root.log"
    exit $status
}

root=$(mktemp -d "${TMPDIR:-/tmp}/fresh-XXXXXX")
chmod 755 "$root"
trap away EXIT
trap 'exit 130' INT TERM HUP

# --- a bare Debian ---

# Only what comes from Debian itself; without such a source, its usual addresses.
sources=$(apt-get indextargets --format '$(ORIGIN) deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    sed -n 's/^Debian \(deb [^ ]* bookworm.*\)/\1/p' | sort -u)
[ -n "$sources" ] || sources="deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main"
mirror=$(awk '$3 == "bookworm" { print $2; exit }' <<<"$sources")
say "making a bare Debian 12 from $mirror"
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 || { tail -n 20 "$root.log"; exit 1; }

echo "$sources" >"$root/etc/apt/sources.list"
apt-config dump | grep -E '^Acquire::(https?|Check|Retries)' >"$root/etc/apt/apt.conf.d/90host" || true
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
[ ! -e ~/.npmrc ] || cp ~/.npmrc "$root/root/"
for file in /usr/local/share/ca-certificates/*.crt /etc/ssl/certs/ca-certificates.crt; do
    [ ! -e "$file" ] || install -D -m 644 "$file" "$root$file"
done
mapfile -t settings < <(env | grep -iE '^([a-z]+_proxy|npm_config_[a-z_]+|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR))=' || true)

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mkdir -p "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mkdir "$root/root/freshet"
git archive HEAD | tar -x -C "$root/root/freshet"

# In the tree, as on a machine where nothing is set.
inside=(chroot "$root" /usr/bin/env -i HOME=/root TERM=dumb LANG=C.UTF-8
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${settings[@]}"
    /bin/sh -c 'cd ~/freshet && exec "$@"' -)

if [ $# -gt 0 ]; then
    "${inside[@]}" "$@"
    exit
fi

# --- the two commands ---

within() { # within SECONDS COMMAND...: whether it comes true
    local end=$((SECONDS + $1))
    until "${@:2}" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.5
    done
}

healthy() {
    curl -fs --noproxy '*' --max-time 2 http://127.0.0.1:8080/health || ! kill -0 $run
}

sees_event() {
    grep -m 1 '^data: *{' < <("${inside[@]}" timeout 5 curl -sN --noproxy '*' http://127.0.0.1:8080/events/metrics)
}

nothing_left() {
    ! pgrep -g $run && ! pgrep -x 'freshet|system-metrics'
}

! curl -s --noproxy '*' -o /dev/null http://127.0.0.1:8080 || { say "port 8080 is taken on this machine"; exit 1; }
say "./dev run"
set -m # a process group of its own, as in a terminal
"${inside[@]}" ./dev run &
run=$!
set +m
within 600 healthy && kill -0 $run || { say "./dev run does not get healthy"; exit 1; }
within 15 sees_event || { say "no event on /events/metrics"; exit 1; }
say "an event is seen on /events/metrics; now Ctrl-C"
kill -INT -- -$run
within 20 nothing_left || { say "Ctrl-C leaves something:"; ps -e -o pid,ppid,pgid,args; exit 1; }
wait $run || { say "./dev run ended with $?"; exit 1; }

say "./dev test"
"${inside[@]}" ./dev test </dev/null
say "both commands work on a bare Debian 12"
