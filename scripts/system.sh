# Sourced by the other scripts: what the system's package manager can add.
# Bash, to be read after venv.sh.

as_root() {
    if [[ $EUID == 0 ]]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null && { [[ $EUID == 0 ]] || sudo -n true 2>/dev/null; }
}

apt_install() {
    say "klink: installing $* from the distribution's packages"
    as_root apt-get update -qq </dev/null >&2 || return 1
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "$@" </dev/null >&2
}

# make_root FILE: a tar of a small root file system of this machine's own distribution and release,
# by debootstrap, from where its packages come from. Without Python.
make_root() {
    local file=$1 folder mirror
    PATH=$PATH:/usr/sbin:/sbin command -v debootstrap >/dev/null ||
        { may_install && apt_install debootstrap; } ||
        die "klink: debootstrap is missing and could not be installed"
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)
    [[ -n $mirror ]] || die "klink: apt does not know where packages come from"
    say "klink: making a root file system of the distribution's packages"
    folder=$(mktemp -d)
    as_root env PATH="$PATH:/usr/sbin:/sbin" debootstrap --variant=minbase --include=ca-certificates \
        "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$folder/root" "$mirror" >"$file.log" ||
        die "klink: debootstrap failed; see $file.log"
    as_root tar -C "$folder/root" -cf "$file.new" .
    as_root rm -rf "$folder"
    mv "$file.new" "$file"
}
