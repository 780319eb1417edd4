# shellcheck shell=sh
# What start, test, build and release share: where the project is, the one Bun it is built with, its
# packages and its executable. Sourced with $self set to the caller's real path. Whatever is said here
# goes to stderr: stdout belongs to the program that is started.
set -eu
# Where a function's failure is asked for (`if`, `||`), the shell ignores -e inside it: a step whose failure
# matters therefore ends with `|| fail`.

root=$(cd "$(dirname "$self")/.." && pwd -P)
binary=$root/dist/session-memory
# package.json is the one place where Bun is pinned; read without Bun, for there may be none yet.
bun_version=$(sed -n 's/.*"packageManager": *"bun@\([^"]*\)".*/\1/p' "$root/package.json")
own_bun=$root/.bun/$bun_version/bun

say() { printf 'session-memory: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

# Everything that decides the executable's bytes. A folder is newer when a file in it was removed.
fresh() {
  [ -x "$binary" ] || return 1
  cd "$root"
  [ -z "$(find src scripts/build.ts package.json bun.lock tsconfig.json -newer "$binary" -print -quit)" ]
}

# One that was made for another C library is there and cannot run.
runs() { [ -x "$1" ] && [ "$("$1" --version 2>/dev/null)" = "$bun_version" ]; }

# Sets $bun: the one fetched earlier, else one of exactly that version on PATH, else one from npm.
find_bun() {
  bun=$own_bun
  runs "$bun" && return
  bun=$(command -v bun 2>/dev/null || true)
  [ -n "$bun" ] && runs "$bun" && return
  fetch_bun
  bun=$own_bun
}

# Programs of this machine that surely run, the first one first: the shell that reads this.
running_programs() { printf '%s\n' "/proc/$$/exe" /bin/sh "$(command -v env)" "$(command -v node)"; }

# `musl` or `glibc`, by the loader that a program names in its header; nothing where it names none: a script, or linked with
# its library in it. A loader that lies in /lib tells nothing: musl's is also there where only its package is.
libc_of() {
  [ -r "$1" ] || return 0
  loader=$(LC_ALL=C tr -c '!-~' '\n' <"$1" 2>/dev/null | sed -n '/^\/.*\/ld-musl-[^/]*$/{p;q;};/^\/.*\/ld-linux[^/]*$/{p;q;}')
  case $loader in
    */ld-musl-*) echo musl ;;
    */ld-linux*) echo glibc ;;
  esac
}

# What the programs of this machine are linked to.
libc_here() {
  for program in $(running_programs); do
    libc=$(libc_of "$program")
    [ -z "$libc" ] || break
  done
  # No program says: then the loaders are asked after all, and glibc's wins.
  if [ -z "${libc:-}" ]; then
    libc=glibc
    for loader in /lib/ld-musl-*; do [ -e "$loader" ] && libc=musl; done
    for loader in /lib*/ld-linux*; do [ -e "$loader" ] && libc=glibc; done
  fi
  echo "$libc"
}

# The platform's own package is asked for by name: it holds the program itself, where the package
# `bun` would need its install script to run.
fetch_bun() {
  case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) fail "$(uname -s) cannot build session-memory with these scripts: take a released executable" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) cpu=x64 ;;
    aarch64 | arm64) cpu=aarch64 ;;
    *) fail "there is no Bun for a $(uname -m)" ;;
  esac
  suffix=
  if [ $os = linux ] && [ "$(libc_here)" = musl ]; then suffix=-musl; fi
  package=@oven/bun-$os-$cpu$suffix@$bun_version
  mkdir -p "$root/.bun"
  box=$(mktemp -d "$root/.bun/fetch.XXXXXX")
  printf '{"private":true}\n' >"$box/package.json"
  if command -v npm >/dev/null 2>&1; then
    say "fetching Bun $bun_version ($package)"
    (cd "$box" && npm install --ignore-scripts --no-audit --no-fund --no-package-lock \
      --no-update-notifier --loglevel=error "$package") >&2 ||
      fail "npm could not get $package: see its message above"
  elif [ -n "$bun" ]; then
    say "fetching Bun $bun_version ($package)"
    (cd "$box" && "$bun" add --exact --ignore-scripts "$package") >&2 ||
      fail "bun could not get $package: see its message above"
  else
    fail "needs Bun $bun_version and found neither it nor npm: install Node.js, or Bun from https://bun.com"
  fi
  mkdir -p "$root/.bun/$bun_version"
  fetched=$box/node_modules/${package%@*}/bin/bun
  chmod +x "$fetched" && mv -f "$fetched" "$own_bun" || fail "$package holds no Bun"
  runs "$own_bun" || fail "$package does not run on this machine: $("$own_bun" --version 2>&1 | head -n 1)"
  rm -rf "$box"
}

# A copy of the lock file inside node_modules tells which one was installed. It is a new file each time: a copy of the folder that
# shares its files by hard links (`cp -al`) would else be told of packages that only this one has.
install_packages() {
  cmp -s "$root/bun.lock" "$root/node_modules/.installed-lock" && return
  say 'installing packages'
  (cd "$root" && "$bun" install --frozen-lockfile --ignore-scripts) >&2 ||
    fail 'the packages could not be installed: see the message above'
  rm -f "$root/node_modules/.installed-lock"
  cp "$root/bun.lock" "$root/node_modules/.installed-lock"
}

# Into a folder of its own, then one rename: a running program keeps its file, and the outfile's name,
# which is part of its bytes, stays the same. The time set is that from before the build, so that a
# source saved meanwhile counts as newer.
build_binary() {
  mkdir -p "$root/dist"
  box=$(mktemp -d "$root/dist/.build.XXXXXX")
  : >"$box/started"
  (cd "$root" && "$bun" scripts/build.ts "$box/session-memory") >&2 ||
    fail 'the build failed: see the message above'
  touch -r "$box/started" "$box/session-memory"
  mv -f "$box/session-memory" "$binary" || fail "could not write $binary"
  rm -rf "$box"
}

# One at a time: a symlink that names its holder is made in one step, and outlives a killed holder
# only until the next one looks. (Should two find it dead at once, both build, which does no harm.)
take_turn() {
  mkdir -p "$root/.bun" && [ -w "$root/.bun" ] || fail "cannot write to $root/.bun"
  turn=$root/.bun/turn
  while ! ln -s "$$" "$turn" 2>/dev/null; do
    holder=$(readlink "$turn" || true)
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then rm -f "$turn"; fi
    sleep 0.1
  done
  box=
  trap 'rm -rf "$turn" ${box:+"$box"}' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

# Bun and packages; for test, release and the first half of a start.
prepare_tools() {
  (
    take_turn
    find_bun
    install_packages
  ) || exit 1
  find_bun
}

# Bun, packages and executable.
prepare_binary() {
  (
    take_turn
    find_bun
    install_packages
    if ! fresh; then
      say 'building'
      build_binary
    fi
  ) || exit 1
}
