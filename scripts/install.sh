#!/bin/sh
{
# Installs session-memory for this user: one file, no root, no change to a shell's start-up file.
#
#   curl -fsSL https://github.com/session-memory/session-memory/releases/latest/download/install.sh | sh
#   … | sh -s -- --version 0.2.0 --to ~/bin
#
# The braces around it all: a shell reads them to their end before it runs a word, so a download that was cut runs nothing.
set -eu

repository=https://github.com/session-memory/session-memory

say() { printf 'session-memory: %s\n' "$*" >&2; }
fail() {
  say "$*"
  say 'nothing was installed'
  exit 1
}
usage() {
  cat >&2 <<'END'
usage: install.sh [--version VERSION] [--to FOLDER]

  --version VERSION   that one; otherwise the latest
  --to FOLDER         where the program goes; otherwise $XDG_BIN_HOME or ~/.local/bin

SESSION_MEMORY_BASE_URL names another place that has the releases.
END
}

# get URL FILE
get() {
  if command -v curl >/dev/null 2>&1; then
    # A page that leads elsewhere must not lead to plain HTTP, but where that was asked for.
    case $1 in http:*) protocols='=http,https' ;; *) protocols='=https' ;; esac
    curl -fsSL --proto "$protocols" --retry 2 -o "$2" "$1" || return 1
  elif command -v wget >/dev/null 2>&1; then
    wget -q -O "$2" "$1" || return 1
  else
    fail 'needs curl or wget'
  fi
}

# Sets $sum.
sha256() {
  if command -v sha256sum >/dev/null 2>&1; then
    sum=$(sha256sum "$1")
  elif command -v shasum >/dev/null 2>&1; then
    sum=$(shasum -a 256 "$1")
  elif command -v openssl >/dev/null 2>&1; then
    sum=$(openssl dgst -sha256 -r "$1")
  else
    fail 'needs sha256sum, shasum or openssl to check the download'
  fi
  sum=${sum%% *}
}

# Musl's ldd names it. A loader in /lib tells less: musl's is also there where only its package is.
has_musl() {
  said=$(ldd --version 2>&1 || true)
  case $said in
    *musl*) return 0 ;;
    *GNU* | *GLIBC* | *glibc*) return 1 ;;
  esac
  for loader in /lib*/ld-linux*; do [ -e "$loader" ] && return 1; done
  for loader in /lib/ld-musl-*; do [ -e "$loader" ] && return 0; done
  return 1
}

# Sets $target.
find_target() {
  case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) fail "there is no executable for $(uname -s) here; for Windows take the zip of $repository/releases" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) cpu=x64 ;;
    aarch64 | arm64) cpu=arm64 ;;
    *) fail "there is no executable for a $(uname -m)" ;;
  esac
  # A shell under Rosetta on Apple silicon calls itself x86_64.
  if [ $os-$cpu = darwin-x64 ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || echo 0)" = 1 ]; then cpu=arm64; fi
  target=$os-$cpu
  if [ $os = linux ] && has_musl; then target=$target-musl; fi
}

# Into $box, checked. Sets $name.
download() {
  get "$from/SHA256SUMS" "$box/SHA256SUMS" || fail "could not download $from/SHA256SUMS: see the message above, if any; is there such a version, and room in $box?"
  # The one line of this platform: 64 digits, and a name without a folder.
  line=$(sed -n "s/^\([0-9a-f]\{64\}\)  \(session-memory-[0-9][^/ ]*-$target\.tar\.gz\)\$/\1 \2/p" "$box/SHA256SUMS" | head -n 1)
  [ -n "$line" ] || fail "$from has no archive for $target"
  want=${line%% *}
  name=${line#* }
  get "$from/$name" "$box/$name" || fail "could not download $from/$name: see the message above, if any; is there room in $box?"
  sha256 "$box/$name"
  [ "$sum" = "$want" ] || fail "$name is damaged: its checksum is not the one in SHA256SUMS; try again"
  tar -xzf "$box/$name" -C "$box" "${name%.tar.gz}/session-memory" || fail "$name could not be unpacked in $box: is there room?"
}

# Beside its place, tried there, then renamed: whoever starts it meanwhile gets the old one or the new one, whole.
put_in_place() {
  if ! mkdir -p "$folder"; then fail "cannot make $folder: name another folder with --to"; fi
  [ ! -d "$folder/session-memory" ] || fail "$folder/session-memory is a folder: name another place with --to"
  beside=$folder/.session-memory.$$
  if ! cp "$box/${name%.tar.gz}/session-memory" "$beside"; then fail "cannot write to $folder: is there room, and the right? Name another folder with --to"; fi
  chmod 755 "$beside" || fail "cannot make $beside executable"
  if ! version=$("$beside" --version 2>"$box/error"); then
    sed 's/^/  /' "$box/error" >&2
    case $target in
      *-musl) fail 'the program does not run here: it needs the packages libstdc++ and libgcc' ;;
      *) fail 'the program does not run here' ;;
    esac
  fi
  mv -f "$beside" "$folder/session-memory" || fail "cannot write $folder/session-memory"
}

tell() {
  say "installed $(printf '%s\n' "$version" | head -n 1) as $folder/session-memory"
  case ":$PATH:" in
    *":$folder:"*) ;;
    *) say "$folder is not on your PATH; add it:  export PATH=\"$folder:\$PATH\"" ;;
  esac
  first=$(command -v session-memory 2>/dev/null || true)
  if [ -n "$first" ] && [ "$first" != "$folder/session-memory" ]; then say "another one comes first on your PATH: $first"; fi
}

main() {
  wanted=
  folder=
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h)
        usage
        exit 0
        ;;
      --version | --to)
        if [ $# -lt 2 ] || [ -z "$2" ]; then
          usage
          fail "$1 needs a value"
        fi
        if [ "$1" = --to ]; then folder=$2; else wanted=${2#v}; fi
        shift 2
        ;;
      *)
        usage
        fail "there is no $1"
        ;;
    esac
  done
  [ -n "$folder" ] || folder=${XDG_BIN_HOME:-${HOME:?}/.local/bin}
  case $folder in /*) ;; *) folder=$(pwd)/$folder ;; esac
  base=${SESSION_MEMORY_BASE_URL:-$repository/releases}
  if [ -n "$wanted" ]; then from=$base/download/v$wanted; else from=$base/latest/download; fi
  find_target
  beside=
  box=$(mktemp -d) || fail 'cannot make a folder for the download'
  trap 'rm -rf "$box" ${beside:+"$beside"}' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  download
  put_in_place
  tell
}

main "$@"
}
