#!/usr/bin/env bash
# Makes the private environment .venv of this checkout; instantaneous when nothing has changed.
#   bash scripts/setup.sh          to use the project
#   bash scripts/setup.sh dev      to test it as well
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
extra="${1:-}"
stamp=.venv/.idr-neus-setup

say() { echo "[setup] $*"; }
fail() { echo "[setup] $*" >&2; exit 1; }

# The checkout's own path belongs to the fingerprint, because an environment does not survive being moved.
fingerprint() { { pwd; cat pyproject.toml scripts/constraints.txt scripts/setup.sh; } | sha256sum | cut -d' ' -f1; }

is_ready() {
    [ -x .venv/bin/ns-train ] && [ -f "$stamp" ] || return 1
    local installed
    read -r installed <"$stamp"
    [ "$installed" = "$(fingerprint) dev" ] || [ "$installed" = "$(fingerprint) ${extra:-plain}" ]
}

find_python() {
    local name
    for name in python3 python3.12 python3.11 python3.10; do
        if "$name" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    fail "No Python 3.10, 3.11 or 3.12 found (nerfstudio 1.1.5 needs one of them). Install one, for example" \
        "'apt-get install python3' on Debian 12 or Ubuntu 22.04-24.04, or python3.12 by pyenv or uv, and run again."
}

has_library() { { /sbin/ldconfig -p || ldconfig -p; } 2>/dev/null | grep -F "$1" >/dev/null; }
has_headers() { "$1" -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null; }

# One line per system package that is missing, with what needs it beside each probe.
missing_packages() {
    local python="$1"
    command -v ffmpeg >/dev/null || echo ffmpeg            # ns-render writes videos with it
    has_library libusb-1.0.so.0 || echo libusb-1.0-0       # open3d, imported by ns-export
    has_library libGL.so.1 || echo libgl1                  # open3d, pymeshlab
    has_library libEGL.so.1 || echo libegl1                # open3d
    has_library libOpenGL.so.0 || echo libopengl0          # pymeshlab
    has_library libgomp.so.1 || echo libgomp1              # numba's threads
    "$python" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    # nerfstudio requires pyliblzfse, which has no wheel for Linux and is compiled during installation.
    command -v gcc >/dev/null || echo gcc libc6-dev
    has_headers "$python" || echo python3-dev
}

find_browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

# Ubuntu's packages of chromium only point to a snap, which does not run in containers: there the test is skipped.
wanted_browser() {
    [ "$extra" = dev ] && ! find_browser >/dev/null && grep -qx 'ID=debian' /etc/os-release 2>/dev/null && echo chromium
    return 0
}

apt_install() { DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >/dev/null; }

install_packages() {
    local missing="$1" browser="$2"
    [ -z "$missing$browser" ] && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "Installing system packages:" $missing $browser
        apt-get update -qq || say "apt-get update failed; trying with the package lists at hand."
        # shellcheck disable=SC2086  # package names are words
        [ -z "$missing" ] || apt_install $missing || fail "apt-get could not install:" $missing
        [ -z "$browser" ] || apt_install "$browser" || say "No $browser; the viewer's browser test will be skipped."
    elif [ -n "$missing" ]; then
        fail "These system packages are missing. Install them and run again:" \
            $'\n\n' "   sudo apt-get install" $missing $browser $'\n'
    else
        say "No $browser found; the viewer's browser test will be skipped (sudo apt-get install $browser)."
    fi
}

is_ready && exit 0
wanted="$(fingerprint)"  # before the installation, in case the checkout changes meanwhile
python="$(find_python)"
install_packages "$(missing_packages "$python" | xargs)" "$(wanted_browser)"
python="$(find_python)"

say "Installing into .venv with $("$python" --version); the first time takes some minutes."
rm -f "$stamp"
# Without --clear an interrupted installation goes on where it stopped; another Python version starts anew.
.venv/bin/python -c 'import sys, pip; print(sys.version)' 2>/dev/null \
    | cmp -s - <("$python" -c 'import sys; print(sys.version)') || "$python" -m venv --clear .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint scripts/constraints.txt \
    --editable ".${extra:+[$extra]}" || fail "pip could not install the project; its message is above."
# Torch and torchvision from different sources do not fit together; a missing system library shows here as well.
.venv/bin/python -c 'import torchvision, open3d, pymeshlab' >/dev/null || fail "The installed packages do not load" \
    "(message above). Remove .venv and let pip take torch and torchvision from one and the same index."
echo "$wanted ${extra:-plain}" >"$stamp"
say "Ready: .venv/bin holds ns-train, ns-viewer, ns-export, ns-render, ns-eval and idr-neus."
