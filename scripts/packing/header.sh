#!/bin/sh
# klink @VERSION@: one file. At its first start it unpacks what follows this script into a folder
# of its user's, and from then on it only runs what is there: the same process, nothing to clean
# up after a kill. The folder is $KLINK_UNPACK_DIR, else the first of use of
#   $CACHE_DIRECTORY (systemd), $XDG_CACHE_HOME/klink, ~/.cache/klink, /var/cache/klink (root),
#   ${TMPDIR:-/tmp}/klink-UID
set -eu
mask=$(umask)
umask 077
build=@SHA256@
me=$(id -u)

fail() { printf 'klink: %s\n' "$*" >&2; exit 1; }

# A folder is of use if it is there or can be made, is ours alone, and can be written.
usable() {
    mkdir -p "$1" 2>/dev/null && [ -O "$1" ] && [ ! -L "$1" ] && [ -w "$1" ] || return 1
    case $(ls -ld "$1") in d????-??-*) return 0 ;; *) return 1 ;; esac
}

# Only root and we can put something else in its place, all the way up: in a folder that others may
# write, what is ours is safe if that one is sticky. Such is not so where root comes with the HOME of
# somebody else.
guarded() {
    at=$1
    while [ ! -e "$at" ]; do at=$(dirname "$at"); done
    at=$(cd -P "$at" 2>/dev/null && pwd -P) || return 1
    set -- /
    while [ -n "${at#/}" ]; do
        set -- "$@" "$at"
        at=${at%/*}
    done
    ls -ldn "$@" | while read -r mode _ owner _; do
        case $owner in 0 | "$me") ;; *) exit 1 ;; esac
        case $mode in d????-??-* | d????????[tT]*) ;; *) exit 1 ;; esac
    done
}

choose() {
    if [ -n "${KLINK_UNPACK_DIR:-}" ]; then
        guarded "$KLINK_UNPACK_DIR" && usable "$KLINK_UNPACK_DIR" || fail "cannot unpack into KLINK_UNPACK_DIR=$KLINK_UNPACK_DIR:" \
            "it must be a folder that this user owns, and that nobody else may write or put another in place of"
        folder=$KLINK_UNPACK_DIR
        return
    fi
    home=${HOME:-$(getent passwd "$me" 2>/dev/null | cut -d : -f 6)}
    system=""
    # What lies below /tmp is cleared away while it runs, on many systems.
    [ "$me" != 0 ] || system=/var/cache/klink
    for folder in "${CACHE_DIRECTORY:-}" "${XDG_CACHE_HOME:+$XDG_CACHE_HOME/klink}" \
            "${home:+$home/.cache/klink}" "$system" "${TMPDIR:-/tmp}/klink-$me"; do
        case $folder in /*) ! { guarded "$folder" && usable "$folder"; } || return 0 ;; esac
    done
    fail "found no folder to unpack into; set KLINK_UNPACK_DIR to one that can be written"
}

folder=""
choose
place=$folder/$build
if [ ! -f "$place/klink" ]; then
    payload() { tail -n +@LINES@ "$0"; }
    [ "$(payload | sha256sum | cut -c 1-64)" = @SHA256@ ] ||
        fail "$0 is damaged or not whole; get it again"
    # Whole or not at all, also when several start at once.
    new=$(mktemp -d "$folder/unpacking.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    payload | gzip -dc | tar -xf - -C "$new" --no-same-owner ||
        fail "cannot unpack into $folder: is there room for 70 MB?"
    "$new/klink/klink" --version >/dev/null ||
        fail "cannot run what is in $folder: is it on a file system mounted noexec?" \
            "Set KLINK_UNPACK_DIR to another folder"
    # Something may have deleted half of it.
    [ ! -d "$place" ] || [ -f "$place/klink" ] || mv "$place" "$new/broken"
    mv "$new/klink" "$place" 2>/dev/null || [ -f "$place/klink" ] || fail "cannot write $place"
    rm -rf "$new"
    trap - EXIT HUP INT TERM
fi
umask "$mask"
KLINK_STARTED_AS=$0
export KLINK_STARTED_AS
exec "$place/klink" "$@"
