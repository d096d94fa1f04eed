# Where the command will run: the host's own Python, an environment of wheels, or a sealed one; sourced by ../../invasio.
# Sets python (host and wheels), wheels or tree (sealed), and reason. INVASIO_ENVIRONMENT=host, =wheels or =sealed forces one of them.

suite=trixie # Debian 13; another release has another DOLFINx

profile_packages() {
  awk -v wanted="$1" '/^[a-z]/ && ($1 == wanted || wanted == "test") { print $2 }' "$environment_folder/packages.txt"
}

# A tree is named after everything that shapes it, so that checkouts share it and a changed list makes a new one.
tree_of() {
  sum=$({ profile_packages "$1"; cat "$environment_folder/customize.sh"; sed /unstable/d "$environment_folder/stream.sh"; } | sha256sum)
  kind=$1
  [ $suite = trixie ] || kind=$1-$suite
  printf '%s/%s-%.12s' "$environments" "$kind" "$sum"
}

# The environment of wheels is named after its list.
tree_of_wheels() {
  sum=$(cat "$environment_folder/wheels.txt" "$environment_folder/install.sh" | sha256sum)
  printf '%s/wheels-%.12s' "$environments" "$sum"
}

# Uses it, made if need be; 1 where this machine cannot have it (`lacking` says why), or where it could not be made.
find_wheels() {
  wheels=$(tree_of_wheels) lacking=
  if [ ! -e "$wheels/.complete" ] || [ ! -x "$wheels/bin/python3" ]; then
    . "$environment_folder/wheels.sh"
    check_wheels && build_wheels || { wheels='' && return 1; }
  fi
  python=$wheels/bin/python3
}

under_a_launcher() {
  [ -n "${OMPI_COMM_WORLD_SIZE-}${PMIX_RANK-}${PMI_RANK-}${PMI_SIZE-}" ] || [ "${SLURM_STEP_NUM_TASKS:-1}" != 1 ]
}

# The host's Python if it imports everything. The answer is kept until one of Python's folders changes.
host_python() {
  candidate=$(command -v python3) || return 1
  key="$candidate|${VIRTUAL_ENV-}|${CONDA_PREFIX-}|${PYENV_VERSION-}|${PYTHONPATH-}|"
  note=$cache/host-python
  answer=
  if [ -r "$note" ]; then
    {
      read -r noted_key || :
      read -r answer || :
      set --
      while read -r folder; do set -- "$@" "$folder"; done
    } < "$note"
    [ "$noted_key" = "$key" ] && changed=$(find "$@" "$environment_folder/probe.py" -prune -newer "$note" 2>&1) && [ -z "$changed" ] || answer=
  fi
  if [ -z "$answer" ]; then
    lines=$("$candidate" "$environment_folder/probe.py" 2> /dev/null < /dev/null) || lines=
    answer=${lines%%"
"*}
    answer=${answer:--}
    # Many ranks at once: the probe has not initialised MPI, and nobody writes the note.
    if [ -n "$lines" ] && ! under_a_launcher && mkdir -p "$cache"; then
      printf '%s\n%s\n' "$key" "$lines" > "$note.$$" && mv "$note.$$" "$note"
    fi
  fi
  [ "$answer" != - ] || return 1
  python=$answer
}

find_environment() {
  python='' tree='' wheels='' lacking=''
  reason="INVASIO_ENVIRONMENT=${INVASIO_ENVIRONMENT-}"
  case ${INVASIO_ENVIRONMENT:-auto} in
    auto)
      reason="the system's Python imports everything that is needed"
      host_python && return 0
      reason="the system's Python does not import everything that is needed"
      ;;
    host)
      host_python && return 0
      fail "INVASIO_ENVIRONMENT=host, but python3 here does not import everything:
$(python3 "$environment_folder/probe.py" missing 2>&1)"
      ;;
    wheels)
      find_wheels && return 0
      [ -z "$lacking" ] || fail "INVASIO_ENVIRONMENT=wheels, but here $lacking"
      exit 1
      ;;
    sealed) ;;
    *) fail "INVASIO_ENVIRONMENT is '$INVASIO_ENVIRONMENT'; it may be auto, host, wheels or sealed" ;;
  esac
  tree=$(tree_of test)
  [ ! -e "$tree/.complete" ] || return 0
  [ "$profile" = test ] || tree=$(tree_of "$profile")
  [ ! -e "$tree/.complete" ] || return 0
  . "$environment_folder/build.sh"
  build_environment
}
