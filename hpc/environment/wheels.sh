# Building the environment of wheels, a virtual environment from wheels.txt, and within it another of what only tests need, from
# wheels-test.txt; sourced by find.sh only when there is none yet.
# Sets base, the Python that it is made with, and installer, what puts pip at its disposal: pip, or ensurepip.

. "$environment_folder/building.sh"

# What pip says where there is no way to the index, where that has not all files, and where the disk is full.
no_network='Retrying \(Retry|Max retries exceeded|Read timed out|ProxyError|Connection broken|Incomplete ?Read|incomplete-download|Connection reset|HTTP error (40[137]|5[0-9][0-9])|40[137] Client Error|5[0-9][0-9] Server Error'
not_there='\(from versions: [^)]*\)|No matching distribution|HTTP error 404|404 Client Error'
no_room='No space left on device|Disk quota exceeded|\[Errno (28|122)\]'

stage() { sed -n 's/^Collecting \([^ =<>]*\).*/fetching \1/p; s/^Installing collected.*/unpacking/p; s/^Importing/compiling/p' "$log.2" "$log" 2> /dev/null | tail -n 1; }

# Sets `lacking` and returns 1 where the wheels cannot be had on this machine.
check_wheels() {
  lacking=
  for tool in flock sha256sum awk setsid; do
    command -v $tool > /dev/null || lacking="the program '$tool' is missing"
  done
  command -v cc > /dev/null || command -v gcc > /dev/null || lacking="a C compiler is needed (Debian, Ubuntu: gcc libc6-dev)"
  [ -z "$lacking" ] || return 1
  find_base
}

# The first Python that can have them: sets base and installer, or lacking.
find_base() {
  for candidate in python3 python3.14 python3.13 python3.12 "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.1[2-4].*/bin/python3 \
    "${UV_PYTHON_INSTALL_DIR:-${XDG_DATA_HOME:-${HOME:-}/.local/share}/uv/python}"/cpython-3.1[2-4].*/bin/python3; do
    candidate=$(command -v "$candidate") || continue
    answer=$("$candidate" "$environment_folder/wheels_probe.py" 2> /dev/null < /dev/null) || answer="- $candidate does not run"
    case $answer in
      '- '*) lacking=${lacking:-${answer#- }} ;;
      *)
        base=${answer% *} installer=${answer##* } lacking=
        return 0
        ;;
    esac
  done
  lacking=${lacking:-no Python was found}
  return 1
}

build_wheels() {
  folder=$(tree_of_wheels)
  take_lock "$folder"
  ! wheels_there || return 0
  wheels=$folder python=$folder/bin/python3
  check_room 1200 "$environments" "the environment of wheels"
  say "building the environment (wheels of DOLFINx for $base, 1.1 GB in $wheels);"
  say "this happens once and takes half a minute on two cores, longer on a slow network"
  make_wheels "$wheels" "$wheels.log" '' "the environment of wheels was not built"
  say "the environment is ready after $(($(date +%s) - began)) s"
}

# What tests need besides, in a folder of its own within the environment, which finds it once it is whole.
build_tests() {
  exec 8< "$wheels.lock" # nobody removes it meanwhile
  flock -sn 8 || :
  take_lock "$wheels/tests"
  ! tests_there || return 0
  base=$(sed -n 's/^base //p' "$wheels/.complete") installer=$(sed -n 's/^installer //p' "$wheels/.complete")
  check_room 800 "$environments" "what tests need"
  say "adding what tests need (VTK, pytest and others, 600 MB in $wheels/tests)"
  make_wheels "$wheels/tests" "$wheels.log" beside "what tests need was not put in place"
}

# make_wheels FOLDER LOG BESIDE WHAT: a virtual environment; BESIDE: of what tests need; WHAT there is not where that fails.
make_wheels() {
  part=$1 log=$2 beside=$3 fetched='' began=$(date +%s)
  # Nobody else builds while we hold the lock: what lies here was left by an interrupted build. A virtual environment cannot be
  # moved, so it is made in its place, and counts only with its marker.
  rm -f "$part/.complete"
  remove_tree "$part"
  install_wheels "$(pinned "wheels${beside:+-test}.txt")" "$4"
  { [ -z "$beside" ] || printf '%s\n' "$part"/lib/python3.*/site-packages > "$(echo "$wheels"/lib/python3.*/site-packages)/tests.pth"; } &&
    printf 'profile wheels\nbuilt %s\nbase %s\ninstaller %s\n' "$(date -u +%Y-%m-%dT%H:%MZ)" "$base" "$installer" > "$part/.complete" || no_disk "$4"
}

# The lines of these lists that name a package.
pinned() { (cd "$environment_folder" && cat "$@") | grep '^[a-z]'; }

# check_room MEGABYTES FOLDER WHAT
check_room() {
  free=$(free_megabytes "$2") temporary=${TMPDIR:-/tmp}
  [ "$free" -ge "$1" ] && [ "$(free_megabytes "$temporary")" -ge 400 ] || fail "too little disk space for $3: $2 needs $1 MB (it has $free), $temporary 400 MB.
  Free some, or choose a folder on a larger disk (INVASIO_CACHE, TMPDIR)."
}

# install_wheels LIST WHAT: install.sh, with its progress; where it fails, nothing but its log is left, and it is said WHAT there is not.
install_wheels() {
  list=$1
  shift
  rm -f "$log.2"
  base=$base installer=$installer part=$part list=$list beside=$beside fetched=$fetched log=$log environment_folder=$environment_folder \
    setsid sh "$environment_folder/install.sh" > "$log" 2>&1 < /dev/null 9>&- &
  builder=$!
  trap 'abandon_build' INT TERM HUP
  progress $builder
  code=0
  wait $builder 2> /dev/null || code=$?
  trap - INT TERM HUP
  if [ $code = 0 ]; then
    rm -f "$log.2"
    return 0
  fi
  free=$(free_megabytes "$environments") # a full disk has no room for a log either
  remove_tree "$part"
  { cat "$log.2" >> "$log" && rm -f "$log.2"; } 2> /dev/null || :
  { ! said "$no_room" && [ "$free" -ge 10 ]; } || no_disk "$1"
  ! said "$no_network" || unavailable "the Python package index cannot be reached, or not to the end, so $1 ($found).
  pip's own settings help (a proxy or a mirror: PIP_PROXY, PIP_INDEX_URL), or files from elsewhere: ./invasio env export --wheels FILE,
  where there is a network; the whole log is $log"
  ! said "$not_there" || unavailable "the Python package index that pip is set up with does not hand out a file of the list, so $1 ($found).
  It lacks it, or refuses: another index or proxy may help (PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, PIP_PROXY).
  The lists are wheels*.txt in $environment_folder; the whole log is $log"
  { grep -A 6 '^ERROR' "$log" || tail -n 12 "$log"; } >&2
  ! said 'DO NOT MATCH THE HASHES' || fail "a file is not that of the list, so $1: it came cut short, or the index has another one.
  Try again, or another index (PIP_INDEX_URL); the whole log is $log"
  fail "$1; the whole log is $log
  INVASIO_ENVIRONMENT=sealed builds one from Debian's packages."
}

# Does the log say so? Sets found to the line.
said() {
  found=$(grep -h -i -E "$1" "$log" 2> /dev/null | head -n 1 | cut -c 1-300)
  [ -n "$found" ]
}

no_disk() {
  remove_tree "$part"
  fail "the disk is full, so $1 ($(free_megabytes "$environments") MB are free in $environments now, $(free_megabytes "${TMPDIR:-/tmp}") in ${TMPDIR:-/tmp}).
  Free some, or choose a folder on a larger disk (INVASIO_CACHE, TMPDIR)."
}

# Writes the files of the list, for the Python found here, to a tar: what `env build wheels` needs where there is no network.
export_wheels() {
  check_wheels || unavailable "files of wheels are fetched by a Python that they are for, but here $lacking"
  mkdir -p "$environments"
  fetched=$1.part part=$1.pip log=$environments/export.log beside=
  case $fetched in /*) ;; *) fetched=$PWD/$fetched part=$PWD/$part ;; esac
  remove_tree "$fetched" "$part"
  mkdir "$fetched" || fail "could not write $1"
  check_room 1000 "$fetched" "the files of wheels"
  say "fetching wheels of DOLFINx for $base (450 MB)"
  began=$(date +%s)
  trap 'remove_tree "$fetched" "$part"; rm -f "$1.tar.part"' EXIT
  install_wheels "$(pinned wheels.txt wheels-test.txt)" "$1 was not written"
  minor=$(sed -n 's/^version = \(3\.[0-9]*\).*/\1/p' "$part/pyvenv.cfg")
  tar -c -f "$1.tar.part" -C "$fetched" . && mv "$1.tar.part" "$1" || fail "could not write $1"
  say "for Python $minor on any Linux with glibc 2.34, from a checkout of this version:
  mkdir wheels && tar -xf ${1##*/} -C wheels && PIP_NO_INDEX=1 PIP_FIND_LINKS=\$PWD/wheels ./invasio env build wheels"
  echo "$1"
}
