# Building the environment of wheels, a virtual environment from wheels.txt; sourced by find.sh only when there is none yet.
# Sets base, the Python that it is made with, and installer, what puts pip at its disposal: pip, or ensurepip.

. "$environment_folder/building.sh"

# What pip says where there is no way to the index.
no_network='Retrying \(Retry|Max retries exceeded|Read timed out|ProxyError|\(from versions: none\)|HTTP error (40[37]|5[0-9][0-9])'

stage() { sed -n 's/^Collecting \([^ =<>]*\).*/fetching \1/p; s/^Installing collected.*/unpacking/p' "$log" "$log.2" 2> /dev/null | tail -n 1; }

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
    answer=$("$candidate" "$environment_folder/wheels_probe.py" 2> /dev/null < /dev/null) || continue
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
  megabytes=1900
  free=$(free_megabytes "$environments") temporary=${TMPDIR:-/tmp}
  if [ "$free" -lt $megabytes ] || [ "$(free_megabytes "$temporary")" -lt 400 ]; then
    fail "too little disk space for the environment of wheels: $environments needs $megabytes MB (it has $free), $temporary 400 MB.
  Free some, or point INVASIO_CACHE (and TMPDIR) at a folder on a larger disk."
  fi
  # Nobody else builds while we hold the lock: what lies here was left by an interrupted build. A virtual environment cannot be
  # moved, so it is made in its place, and counts only with its marker.
  rm -f "$wheels/.complete"
  remove_tree "$wheels"
  part=$wheels log=$wheels.log
  say "building the environment (wheels of DOLFINx for $base, $megabytes MB in $wheels);"
  say "this happens once and takes about a minute on two cores, longer on a slow network"
  began=$(date +%s)
  rm -f "$log.2"
  base=$base installer=$installer part=$part log=$log environment_folder=$environment_folder \
    setsid sh "$environment_folder/install.sh" > "$log" 2>&1 < /dev/null 9>&- &
  builder=$!
  trap 'abandon_build' INT TERM HUP
  progress $builder
  code=0
  wait $builder || code=$?
  trap - INT TERM HUP
  if [ $code != 0 ]; then
    remove_tree "$part"
    unreachable=$(grep -h -i -E "$no_network" "$log" "$log.2" 2> /dev/null | head -n 1 | cut -c 1-300)
    rm -f "$log.2"
    [ -z "$unreachable" ] || unavailable "the Python package index cannot be reached, so the environment of wheels was not built ($unreachable).
  pip's own settings help (a proxy or a mirror: PIP_PROXY, PIP_INDEX_URL); the whole log is $log"
    tail -n 12 "$log" >&2
    fail "building the environment of wheels failed; the whole log is $log
  INVASIO_ENVIRONMENT=sealed builds one from Debian's packages."
  fi
  rm -f "$log.2"
  printf 'profile wheels\nbuilt %s\n' "$(date -u +%Y-%m-%dT%H:%MZ)" > "$wheels/.complete"
  say "the environment is ready after $(($(date +%s) - began)) s"
}
