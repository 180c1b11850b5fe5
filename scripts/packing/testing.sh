# Sourced by scripts/test-binary and scripts/test-image: the live tests against what was packed.

ends=()
# at_the_end COMMAND...: run it when the script ends, the latest first.
at_the_end() { ends=("${*@Q}" "${ends[@]}"); }
trap 'for end in "${ends[@]}"; do eval "$end" >/dev/null || true; done' EXIT

# An empty folder, whatever an earlier run left; never with what is still mounted in it.
empty_root() {
    mkdir -p build
    ! grep -qF " $1" /proc/mounts || die "klink: something is mounted at $1; umount it first"
    rm -rf "$1"
    mkdir "$1"
}

# share_with ROOT: the tests' files lie below /tmp, and the system's below /dev and /proc.
share_with() {
    local folder
    for folder in /tmp /dev /proc; do
        mount --rbind "$folder" "$1$folder"
        at_the_end umount -l "$1$folder"
        mount --make-rslave "$1$folder"
    done
}

# What does not try a packed klink: the load beside all jobs has a server of its own; the thousands
# of clients wait for one whose patience was shortened; a disk that a test mounts is not seen below
# another root.
NOT_OF_PACKED=(
    --ignore=tests/live/test_week.py
    --deselect=tests/live/test_hostile.py::test_thousands_who_are_slow_silent_or_deaf_shut_nobody_out
    --deselect=tests/live/test_trouble.py::test_a_full_disk_stops_no_redirect_and_the_loss_is_told
)

# live_tests PROGRAM [arguments of pytest]
live_tests() {
    local program=$1
    shift
    export KLINK_TEST_PROGRAM=$program
    [[ -s build/geo/geo-whois-asn-country.mmdb ]] ||
        die "klink: run scripts/test first, which fetches what the tests need"
    .venv/bin/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder \
        -m "live and not alone" tests/live "${NOT_OF_PACKED[@]}" "$@"
    .venv/bin/python -m pytest -q -m "live and alone" tests/live "${NOT_OF_PACKED[@]}" "$@"
}
