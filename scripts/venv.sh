# Sourced by the other scripts: finds a Python, makes .venv, installs klink into it.
# Bash, to be read from the project's root with `set -euo pipefail` in force.

say() { printf '%s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# Sets PYTHON to a Python 3.11 or newer that can make a virtual environment.
# Fails with PYTHON_LACKS_VENV set to one that is new enough but cannot (Debian packs venv apart).
find_python() {
    local candidate candidates=(python3 python3.14 python3.13 python3.12 python3.11 python)
    [[ -z ${KLINK_PYTHON:-} ]] || candidates=("$KLINK_PYTHON")
    PYTHON="" PYTHON_LACKS_VENV=""
    for candidate in "${candidates[@]}"; do
        # A version manager's stand-in may be on the PATH and fail, so each is really run.
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue
        if "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
            PYTHON=$candidate
            return 0
        fi
        PYTHON_LACKS_VENV=${PYTHON_LACKS_VENV:-$candidate}
    done
    return 1
}

python_minor() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }

explain_no_python() {
    if [[ -n $PYTHON_LACKS_VENV ]]; then
        say "klink: $PYTHON_LACKS_VENV lacks the venv module, which makes virtual environments."
        die "On Debian and Ubuntu: apt-get install python$(python_minor "$PYTHON_LACKS_VENV")-venv"
    fi
    say "klink: Python 3.11 or newer is needed, and none was found."
    die "Install one, or name it: KLINK_PYTHON=/path/to/python3 $0"
}

# install_klink [EXTRA]: makes .venv hold klink (and its EXTRA), at once when it already does.
# The stamp says what was installed: in which folder, of which pyproject.toml, with which extra.
install_klink() {
    local extra=${1:-} stamp=.venv/.klink-installed sum stamped=("" "")
    [[ ! -f $stamp ]] || mapfile -t stamped <"$stamp"
    # The programs in a virtual environment hold its path: one that was moved is of no use.
    if [[ -n ${stamped[0]} && ${stamped[0]} != "$PWD" ]] || ! .venv/bin/python -c \
            'import pip, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        find_python || explain_no_python
        say "klink: making .venv with $("$PYTHON" --version)"
        "$PYTHON" -m venv --clear .venv
        stamped=("" "")
    fi
    sum=$(.venv/bin/python -c \
        'import hashlib; print(hashlib.sha256(open("pyproject.toml", "rb").read()).hexdigest())')
    # What the tests need holds all that running needs.
    [[ ${stamped[1]} != "$sum ${extra:-run}" && ${stamped[1]} != "$sum dev" ]] || return 0
    say "klink: installing it into .venv (the first time takes a minute)"
    rm -f "$stamp"
    .venv/bin/python -m pip install -qq --no-input --disable-pip-version-check \
        --editable ".${extra:+[$extra]}" >&2 \
        || die "klink: installing failed; the lines above say why"
    printf '%s\n' "$PWD" "$sum ${extra:-run}" >"$stamp"
}
