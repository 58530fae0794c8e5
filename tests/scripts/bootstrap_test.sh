#!/usr/bin/env bash
# scripts/bootstrap with a made-up system around it: installs what is missing and nothing else, starts no service, leaves
# nothing behind, and says what to do where it can't. Nothing is really installed here.
# shellcheck source=tests/scripts/harness.sh disable=SC2317
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

bin=$work/bin
policy=$work/policy-rc.d
mkdir "$bin"
for tool in bash sh cat sort sed grep rm chmod flock env; do ln -s "$(command -v "$tool")" "$bin/$tool"; done
fake() { # fake NAME: its body from stdin
    { printf '#!/bin/bash\n'; cat; } >"$bin/$1"
    chmod +x "$bin/$1"
}
# The packages in the file `missing` are not installed; apt-get installs what it is told to.
fake dpkg-query <<<'for p in "${@:4}"; do grep -qx "$p" "'"$work"'/missing" || echo "$p installed"; done'
fake apt-get <<CODE
echo "\$*" >>"$work/apt"
[[ " \$* " == *" install "* ]] || exit 0
"$policy" postgresql start; echo "policy \$?" >>"$work/apt"
[[ ! -e "$work/broken" ]] || exit 100
for p in "\$@"; do sed -i "/^\$p\\\$/d" "$work/missing"; done
CODE
fake id <<<'cat "'"$work"'/uid"'
printf 'ID=debian\nVERSION_ID=12\nPRETTY_NAME="Debian 12"\n' >"$work/debian"
printf 'ID=fedora\nVERSION_ID=40\nPRETTY_NAME="Fedora 40"\n' >"$work/fedora"

system() { # system UID MISSING...: a fresh one
    rm -f "$work/apt" "$work/broken" "$policy" "$bin/sudo"
    touch "$work/apt"
    printf '%s\n' "$1" >"$work/uid"
    shift
    printf '%s\n' "$@" >"$work/missing"
}
bootstrap() { PATH=$bin REHEARSE_OS_RELEASE=${os:-$work/debian} REHEARSE_POLICY_FILE=$policy "$bin/bash" "$repo/scripts/bootstrap" "$@"; }
apt_was_told() { grep -qF -- "$1" "$work/apt" || { cat "$work/apt"; return 1; }; }

system 0
promise "a complete system: success" bootstrap
promise "and apt is not even asked" not test -s "$work/apt"
began=$EPOCHREALTIME
bootstrap
ended=$EPOCHREALTIME
promise "within a second" test $(((${ended/./} - ${began/./}) / 1000)) -lt 1000

system 0 nginx-light ccache
promise "what is missing is installed" bootstrap
promise "that and nothing else" apt_was_told "install --no-install-recommends ccache nginx-light"
promise "services were kept from starting meanwhile" apt_was_told "policy 101"
promise "and nothing keeps them from it later" not test -e "$policy"
system 0 nginx-light ccache
bootstrap build >/dev/null 2>&1
promise "a group is installed without the others" apt_was_told "install --no-install-recommends ccache"

system 0 ccache
touch "$work/broken"
promise "an installation that fails says so" refuses_saying "apt-get could not install: ccache" bootstrap
promise "and leaves no policy behind" not test -e "$policy"
system 0 ccache
printf '#!/bin/sh\nexit 0\n' >"$policy"
chmod +x "$policy"
bootstrap >/dev/null 2>&1
promise "somebody else's policy stays" test -x "$policy"
system 0 ccache
printf '#!/bin/sh\n# written by scripts/bootstrap of Rehearse for the time of one installation\nexit 101\n' >"$policy"
bootstrap >/dev/null 2>&1
promise "one that a killed run left is taken away" not test -e "$policy"

system 1000 ccache
promise "without root and sudo it says which command root must run" refuses_saying "as root: apt-get install ccache" bootstrap
fake sudo <<<'printf "sudo %s\n" "$*" >>"'"$work"'/apt"'
promise "without root it takes sudo" bootstrap build
promise "for the same groups" apt_was_told "scripts/bootstrap build"
system 0 ccache
os=$work/fedora
promise "another system is named, with what is missing" refuses_saying "this is Fedora 40, not Debian 12; not installed: ccache" bootstrap
os=
rm "$bin/dpkg-query"
promise "a system without dpkg is told so" refuses_saying "there is no dpkg here" bootstrap
promise "an unknown group is refused" refuses_saying "unknown group: everything" bootstrap everything
conclude
