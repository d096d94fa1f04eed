# Where the command will run: the host's own Python, an environment of wheels, or a sealed one; sourced by ../../invasio.
# Sets kind (host, wheels or sealed), python (host and wheels), wheels or tree (sealed), and reason.
# INVASIO_ENVIRONMENT=host, =wheels or =sealed forces one of them.

suite=trixie # Debian 13; another release has another DOLFINx

profile_packages() {
  awk -v wanted="$1" '/^[a-z]/ && ($1 == wanted || wanted == "test") { print $2 }' "$environment_folder/packages.txt"
}

# A tree is named after everything that shapes it, so that checkouts share it and a changed list makes a new one.
tree_of() {
  sum=$({ profile_packages "$1"; cat "$environment_folder/customize.sh" "$environment_folder/stream.sh"; } | sha256sum)
  printf '%s/%s-%.12s' "$environments" "$1" "$sum"
}

# The environment of wheels is named after its lists.
tree_of_wheels() {
  sum=$(cat "$environment_folder/wheels.txt" "$environment_folder/wheels-test.txt" "$environment_folder/install.sh" | sha256sum)
  printf '%s/wheels-%.12s' "$environments" "$sum"
}

# The environment of wheels, if it has been made.
wheels_there() {
  wheels=$(tree_of_wheels)
  python=$wheels/bin/python3
  [ ! -e "$wheels/.complete" ] || [ ! -x "$python" ] || return 0
  wheels='' python=''
  return 1
}

# What tests need besides, where it has been put beside.
tests_there() { [ -e "$wheels/tests/.complete" ]; }

# A sealed environment that will do, if one has been built.
sealed_there() {
  tree=$(tree_of test)
  [ ! -e "$tree/.complete" ] || return 0
  [ "$profile" = test ] || tree=$(tree_of "$profile")
  [ ! -e "$tree/.complete" ] || return 0
  tree=''
  return 1
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
    if [ -n "$lines" ] && ! under_a_launcher && mkdir -p "$cache" 2> /dev/null && [ -w "$cache" ]; then
      printf '%s\n%s\n' "$key" "$lines" > "$note.$$" && mv "$note.$$" "$note"
    fi
  fi
  [ "$answer" != - ] || return 1
  python=$answer
}

# Decides which environment it is, and sets `ready` where that is there; builds nothing.
choose_environment() {
  python='' tree='' wheels='' lacking='' ready=1
  kind=${INVASIO_ENVIRONMENT:-auto}
  reason="INVASIO_ENVIRONMENT=$kind"
  case $kind in
    auto) choose_automatically ;;
    host) host_python || fail "INVASIO_ENVIRONMENT=host, but python3 here does not import everything:
$(python3 "$environment_folder/probe.py" missing 2>&1)" ;;
    wheels) wheels_there || ready='' ;;
    sealed) sealed_there || ready='' ;;
    *) fail "INVASIO_ENVIRONMENT is '$kind'; it may be auto, host, wheels or sealed" ;;
  esac
}

# What is there already, so that runs of one machine agree; else wheels, which take a minute; else the sealed one.
choose_automatically() {
  kind=host reason="the system's Python imports everything that is needed"
  ! host_python || return 0
  reason="the system's Python does not import everything that is needed"
  if sealed_there; then
    kind=sealed
  elif wheels_there; then
    kind=wheels
  else
    ready='' kind=sealed
    . "$environment_folder/wheels.sh"
    if [ -e "$(tree_of run)/.complete" ]; then # tests, where runs are in the sealed one
      return 0
    elif check_wheels; then
      kind=wheels reason="$reason; $base can have wheels"
    else
      reason="$reason, and wheels cannot be had: $lacking"
    fi
  fi
}

# The environment for commands that compute: made if need be.
find_environment() {
  choose_environment
  [ "$kind,$profile" != wheels,test ] || [ -z "$ready" ] || tests_there || ready=''
  [ -z "$ready" ] || return 0
  if [ "$kind" = wheels ]; then
    . "$environment_folder/wheels.sh"
    wheels_there || check_wheels || unavailable "INVASIO_ENVIRONMENT=wheels, but here $lacking"
    wheels_there || build_wheels
    [ "$profile" != test ] || build_tests
  else
    tree=$(tree_of "$profile")
    . "$environment_folder/build.sh"
    build_environment
  fi
}

# One for commands that only read: what is there, at the least a Python with the packages that reading needs.
find_reader() {
  [ "${INVASIO_ENVIRONMENT:-auto}" = auto ] || { find_environment; return; }
  choose_environment
  [ -z "$ready" ] || return 0
  python=$(python3 "$environment_folder/probe.py" reading 2> /dev/null < /dev/null) || python=''
  case $kind in
    wheels) plan="an environment of wheels ($reason)" ;;
    *) plan="the sealed environment ($reason)" ;;
  esac
  reason="enough for commands that only read; a run would first make $plan"
  [ -z "$python" ] || return 0
  [ "$1" = doctor ] || say "'$1' computes nothing, and nothing is built for it; what it needs is not here:"
  say "python3 lacks $(python3 "$environment_folder/probe.py" missing reading 2> /dev/null || echo "everything, it does not run")."
  say "A run would first make $plan."
  fail "./invasio env build makes it now; or give this python3 (3.11 or newer) what it lacks:  pip install $here"
}
