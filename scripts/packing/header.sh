#!/bin/sh
# klink @VERSION@: one file. At its first start it unpacks what follows this script into a folder
# of its user's, and from then on it only runs what is there: the same process, nothing to clean
# up after a kill. The folder is, by what comes first, under
#   $KLINK_UNPACK_DIR, $CACHE_DIRECTORY (systemd), $XDG_CACHE_HOME/klink, $HOME/.cache/klink,
#   ${TMPDIR:-/tmp}/klink-UID
set -eu
umask 077
build=@SHA256@

fail() { printf 'klink: %s\n' "$*" >&2; exit 1; }

# A folder is of use if it is there or can be made, is ours alone, and can be written.
usable() {
    mkdir -p "$1" 2>/dev/null && [ -O "$1" ] && [ ! -L "$1" ] && [ -w "$1" ] || return 1
    case $(ls -ld "$1") in d????-??-*) return 0 ;; *) return 1 ;; esac
}

choose() {
    if [ -n "${KLINK_UNPACK_DIR:-}" ]; then
        usable "$KLINK_UNPACK_DIR" || fail "cannot unpack into KLINK_UNPACK_DIR=$KLINK_UNPACK_DIR:" \
            "it must be a folder that this user owns and nobody else may write"
        folder=$KLINK_UNPACK_DIR
        return
    fi
    for folder in "${CACHE_DIRECTORY:-}" "${XDG_CACHE_HOME:+$XDG_CACHE_HOME/klink}" \
            "${HOME:+$HOME/.cache/klink}" "${TMPDIR:-/tmp}/klink-$(id -u)"; do
        case $folder in /*) ! usable "$folder" || return 0 ;; esac
    done
    fail "found no folder to unpack into; set KLINK_UNPACK_DIR to one that can be written"
}

folder=""
choose
home=$folder/$build
if [ ! -x "$home/klink" ]; then
    payload() { tail -n +@LINES@ "$0"; }
    [ "$(payload | sha256sum | cut -c 1-64)" = @SHA256@ ] ||
        fail "$0 is damaged or not whole; get it again"
    # Whole or not at all, also when several start at once.
    new=$(mktemp -d "$folder/unpacking.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    payload | gzip -dc | tar -xf - -C "$new" --no-same-owner ||
        fail "cannot unpack into $folder: is there room for 70 MB?"
    "$new/klink/klink" --version >/dev/null ||
        fail "cannot run what is in $folder: is it on a file system mounted noexec?" \
            "Set KLINK_UNPACK_DIR to another folder"
    mv "$new/klink" "$home" 2>/dev/null || [ -x "$home/klink" ] || fail "cannot write $home"
    rm -rf "$new"
    trap - EXIT
fi
exec "$home/klink" "$@"
