# Running a command in the sealed environment $tree with bubblewrap; sourced by ../../invasio.
# /usr, /etc and /var are the tree's, read-only; every other top-level folder is the host's, so paths mean the same inside and outside.

# Names of the environment variables that may pass.
passes() {
  case $1 in
    LC_*) return 1 ;;
    TERM | COLORTERM | NO_COLOR | FORCE_COLOR | COLUMNS | LINES | TZ | HOME | USER | LOGNAME | DISPLAY | XAUTHORITY | TMPDIR | CI | SSL_CERT_FILE | SSL_CERT_DIR) ;;
    REQUESTS_CA_BUNDLE | CURL_CA_BUNDLE | http_proxy | https_proxy | no_proxy | HTTP_PROXY | HTTPS_PROXY | NO_PROXY | MPLBACKEND | PETSC_OPTIONS) ;;
    SOURCE_DATE_EPOCH | PYTHONUNBUFFERED | PYTHONFAULTHANDLER | PYTHONHASHSEED) ;;
    INVASIO_* | SLURM_* | SRUN_* | PMIX_* | PMI_* | PMI2_* | OMPI_* | PRTE_* | OPAL_* | UCX_* | FI_* | OMP_* | OPENBLAS_* | NUMBA_* | HDF5_* | H5PY_*) ;;
    PIP_* | PYTEST_* | GIT_*) ;;
    *) return 1 ;;
  esac
}

# passwd or group ($1) of the tree and the host together, so that every user has a name. $2: the id that must be in it.
merged() {
  awk -F: '!seen[$1]++' "$tree/etc/$1" "/etc/$1"
  grep -q "^[^:]*:[^:]*:$2:" "/etc/$1" || getent "$1" "$2" || :
}

# Prepare the mount points for folder $1 where it lies under /usr, /etc or /var and the tree has no such folder:
# each level above it becomes a fresh folder with the tree's entries mounted into it. Prints bubblewrap options, one a line.
graft() {
  level=/
  rest=${1#/}
  while [ -n "$rest" ] && [ -d "$tree$level/${rest%%/*}" ]; do
    level=${level%/}/${rest%%/*}
    case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
    if [ -n "$rest" ]; then
      case $grafted in *" $level "*) continue ;; esac
      levels="$levels $level"
    fi
  done
  if [ -n "$rest" ]; then
    for level in $levels; do
      grafted="$grafted $level "
      printf '%s\n' --tmpfs "$level"
      for entry in "$tree$level"/*; do
        if [ -L "$entry" ]; then
          printf '%s\n' --symlink "$(readlink "$entry")" "$level/${entry##*/}"
        elif [ -e "$entry" ]; then
          printf '%s\n' --ro-bind "$entry" "$level/${entry##*/}"
        fi
      done
    done
  fi
  levels=
  printf '%s\n' --bind "$1" "$1"
}

# in_sealed HOW COMMAND...: HOW is `exec` (this process becomes the command), `guard` (signals are passed on to it, see guard.sh)
# or `run` (as guard, and signals wait until the command is ready for them).
in_sealed() {
  how=$1
  shift
  count=$#
  user=$(id -u) group=$(id -g)

  set -- "$@" bwrap --die-with-parent --tmpfs / --ro-bind "$tree/usr" /usr --ro-bind "$tree/etc" /etc --ro-bind "$tree/var" /var \
    --symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib --symlink usr/lib64 /lib64
  for top in /*; do
    case $top in /usr | /etc | /var | /bin | /sbin | /lib* | /dev | /proc | /sys | /boot | /lost+found) continue ;; esac
    if [ -L "$top" ]; then
      set -- "$@" --symlink "$(readlink "$top")" "$top"
    elif [ -d "$top" ]; then
      set -- "$@" --bind "$top" "$top"
    fi
  done
  set -- "$@" --dev /dev --proc /proc --ro-bind /sys /sys
  for file in /etc/hosts /etc/resolv.conf /etc/localtime /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
    [ ! -e "$tree$file" ] || [ ! -e "$file" ] || set -- "$@" --ro-bind "$file" "$file"
  done
  set -- "$@" --ro-bind-data 7 /etc/passwd --ro-bind-data 8 /etc/group

  find_kernels "${tree##*/}"
  grafted='' levels=''
  for folder in "$PWD" "$here" "$cache" "${INVASIO_JIT_CACHE:+$kernels}" "$jit" "${HOME:-/}" "${TMPDIR:-/tmp}" "${PMIX_SERVER_TMPDIR:-/}"; do
    case $folder in
      /usr/* | /etc/* | /var/*)
        [ -d "$folder" ] || continue
        graft "$folder" > "$cache/graft.$$"
        while read -r word; do set -- "$@" "$word"; done < "$cache/graft.$$"
        rm -f "$cache/graft.$$"
        ;;
    esac
  done

  if under_a_launcher; then
    # Ranks in separate sandboxes meet in shared memory and look at each other's process numbers.
    nested=''
    set -- "$@" --bind /dev/shm /dev/shm --clearenv --setenv OMPI_MCA_smsc '^cma'
  else
    # A process namespace of its own: nothing outlives the command. Process numbers repeat in every sandbox, and mpirun
    # names its folders after them: they go to the sandbox's own memory.
    nested=1
    set -- "$@" --tmpfs /dev/shm --unshare-pid --clearenv --setenv OMPI_MCA_pml ob1 --setenv OMPI_MCA_btl self,sm \
      --setenv PRTE_MCA_prte_tmpdir_base /dev/shm
  fi
  for name in $(awk 'BEGIN { for (name in ENVIRON) print name }'); do
    case $name in *[!A-Za-z0-9_]* | [0-9]*) continue ;; esac
    passes "$name" || continue
    eval "value=\$$name"
    set -- "$@" --setenv "$name" "$value"
  done
  set -- "$@" --setenv PATH /usr/local/bin:/usr/bin:/usr/sbin:/bin --setenv LANG C.UTF-8 --setenv PYTHONNOUSERSITE 1 --setenv PYTHONPATH "$here/src" \
    --setenv INVASIO_CACHE "$cache" --setenv INVASIO_SEALED "${tree##*/}" --setenv XDG_CACHE_HOME "$jit" --setenv NUMBA_CACHE_DIR "$jit/numba" \
    --setenv MPLCONFIGDIR "$jit/matplotlib" --setenv OMP_NUM_THREADS "${OMP_NUM_THREADS:-1}" --setenv H5PY_ALWAYS_USE_MPI 1 \
    --setenv PRTE_MCA_rmaps_default_mapping_policy :oversubscribe
  # In a process namespace numbers are its own: messages name the process that the user started.
  [ -z "$nested" ] || set -- "$@" --setenv INVASIO_PROCESS "$$"
  [ "$user" != 0 ] || set -- "$@" --setenv OMPI_ALLOW_RUN_AS_ROOT 1 --setenv OMPI_ALLOW_RUN_AS_ROOT_CONFIRM 1
  [ "$how" = exec ] || set -- "$@" --new-session
  set -- "$@" --chdir "$PWD"
  [ "$how" = exec ] || { . "$environment_folder/guard.sh" && set -- "$@" env --default-signal="$(heard_signals)"; }

  # The command stands first: move it behind the options.
  while [ $count -gt 0 ]; do
    set -- "$@" "$1"
    shift
    count=$((count - 1))
  done
  if [ -r "$tree.lock" ]; then # `env remove` sees that somebody is inside
    exec 9< "$tree.lock"
    flock -sn 9 || :
  fi
  exec 7<< EOF7 8<< EOF8
$(merged passwd "$user")
EOF7
$(merged group "$group")
EOF8
  if [ "$how" = exec ]; then
    exec "$@"
  fi
  guard "$@"
}
