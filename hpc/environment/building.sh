# What building an environment of either kind needs; sourced by build.sh and wheels.sh.
# Uses their variables: part (the folder that is removed when the build is interrupted), log, and builder (the process group that builds).

free_megabytes() { df -Pk "$1" | awk 'NR == 2 { print int($4 / 1024) }'; }

# One builder at a time for environment $1: the lock is held by file descriptor 9 until this process ends or becomes the command.
take_lock() {
  mkdir -p "$environments" 2> /dev/null && ( : >> "$1.lock" ) 2> /dev/null ||
    fail "environments cannot be kept in $environments; choose a folder that you may write to: INVASIO_CACHE=FOLDER"
  exec 9> "$1.lock"
  if ! flock -n 9; then
    say "another invasio is building this environment; waiting for it"
    flock 9
  fi
}

# One line for each stage, which `stage` prints; on a terminal the line is kept up to date.
progress() {
  started=$(date +%s) shown=
  while kill -0 "$1" 2> /dev/null; do
    sleep "${INVASIO_POLL:-1}"
    seconds=$(($(date +%s) - started))
    now=$(stage)
    line=$(printf '  %3d:%02d  %s' $((seconds / 60)) $((seconds % 60)) "$now")
    if [ -t 2 ]; then
      printf '\r\033[K%s' "$line" >&2
    elif [ "$now" != "$shown" ] || [ $((seconds % 60)) = 59 ]; then
      shown=$now
      printf '%s\n' "$line" >&2
    fi
  done
  [ ! -t 2 ] || printf '\r\033[K' >&2
}

abandon_build() {
  trap '' INT TERM HUP
  kill -TERM -$builder 2> /dev/null || :
  wait $builder || :
  remove_tree "$part"
  say "interrupted; run the same command again to start over"
  exit 130
}
