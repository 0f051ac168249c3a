#!/usr/bin/env bash
# Install the Debian packages that pip cannot bring; or, without the right to, name them in one message.
#
#   system-packages.sh window    a napari window, with or without a screen; python's venv module
#   system-packages.sh browser   a Chromium, which drives the notebook panels in the tests
#
# dpkg is asked first, so a second run does nothing. PYTHON names the interpreter that makes the venv.
set -euo pipefail

wanted() {
    case "$1" in
        window)
            echo xvfb libegl1 libdbus-1-3 libfontconfig1 libglib2.0-0 libxkbcommon-x11-0 \
                libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0
            venv_package
            ;;
        browser) command -v chromium chromium-browser google-chrome >/dev/null || echo chromium ;;
        *) echo "usage: $0 window|browser" >&2 && exit 2 ;;
    esac
}

venv_package() { # Debian's own python3 comes without ensurepip
    [ -z "${PYTHON:-}" ] || "$PYTHON" -c '
import importlib.util, sys
if importlib.util.find_spec("ensurepip") is None:
    print(f"python3.{sys.version_info.minor}-venv")'
}

missing() { # of the names given, those that no installed package is or provides
    local installed
    installed=$(dpkg-query --show --showformat '${db:Status-Status} ${Package} ${Provides}\n' |
        sed -n 's/^installed //p' | tr -s ' ,' '\n')
    for package in "$@"; do
        grep -qxF -e "$package" <<<"$installed" || echo "$package"
    done
}

install() {
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || { say_what_is_missing "$@" && exit 1; }
        as_root=(sudo -n)
    fi
    echo "Installing system packages: $*"
    export DEBIAN_FRONTEND=noninteractive
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
    "${apt[@]}" update </dev/null || echo "The package lists could not be renewed; trying with the old ones."
    "${apt[@]}" install --yes --no-install-recommends "$@" </dev/null
}

say_what_is_missing() {
    cat >&2 <<MESSAGE
These system packages are missing, and this account may not install them:
    $*
Have them installed by
    apt-get update && apt-get install --no-install-recommends $*
and run make again. With a screen, and without xvfb alone, "make demo SYSTEM_PACKAGES=skip" works too.
MESSAGE
}

case "$(uname -s)" in
    Linux) ;;
    *) exit 0 ;; # macOS and Windows bring what Qt needs
esac
names=$(wanted "${1:-}")
if ! command -v dpkg-query apt-get >/dev/null; then
    command -v Xvfb >/dev/null || echo "Not a Debian system; this needs the equivalents of:" $names >&2
    exit 0
fi
needed=$(missing $names)
[ -z "$needed" ] || install $needed
