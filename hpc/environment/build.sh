# Building the sealed environment; sourced by ../../invasio only when there is none yet.
# Uses its variables cache, environments, profile, tree, environment_folder and functions say, fail, profile_packages.

. "$environment_folder/building.sh"

keyring=/usr/share/keyrings/debian-archive-keyring
me=$(id -u)
# The way without an administrator, where it was looked for.
without_one=${lacking:+"
  Wheels need no administrator, but $lacking."}

# What a profile takes: megabytes of the tree (needed twice while it is built) and minutes, measured on two cores.
case $profile in
  run) megabytes=3100 minutes="3 to 6" ;;
  *) megabytes=4200 minutes="5 to 9" ;;
esac

missing_tools() {
  command -v mmdebstrap > /dev/null || echo mmdebstrap
  command -v bwrap > /dev/null || echo bubblewrap
  [ -e $keyring.gpg ] || [ -e $keyring.pgp ] || echo debian-archive-keyring
  command -v gpgv > /dev/null || command -v sqv > /dev/null || echo gpgv
  [ "$me" = 0 ] || command -v newuidmap > /dev/null || echo uidmap
}

check_tools() {
  for tool in flock tar sha256sum awk; do
    command -v $tool > /dev/null || fail "the program '$tool' is missing (it is in every Debian system; use a Debian 13 image)"
  done
  missing=$(missing_tools | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  command -v apt-get > /dev/null || fail "cannot build the environment: this system has no apt-get, and these tools are missing: $missing
  Use a Python that imports DOLFINx (conda-forge: fenics-dolfinx), or an environment exported on another machine
  (./invasio env export --tar FILE), or a Debian 13 container."
  install="apt-get update && apt-get install --no-install-recommends -y $missing"
  [ "$me" = 0 ] || fail "to build the environment these tools are needed: $missing
  Ask an administrator to run:  sudo sh -c '$install'$without_one"
  say "installing the tools that build the environment: $missing"
  DEBIAN_FRONTEND=noninteractive sh -c "$install" > "$environments/tools.log" 2>&1 < /dev/null ||
    fail "could not install $missing (see $environments/tools.log)"
}

check_namespaces() {
  remedy="Run in a privileged container (or on the host itself), or use a Debian 13 image with the packages of $environment_folder/packages.txt."
  if [ "$me" != 0 ]; then
    name=$(id -un)
    # The first range that nobody has.
    subordinate=${INVASIO_SUBIDS:-/etc} # another folder in tests, which run where /etc is the environment's
    first=$(cat "$subordinate/subuid" "$subordinate/subgid" 2> /dev/null | awk -F: 'BEGIN { free = 100000 } $2 + $3 > free { free = $2 + $3 } END { print free }')
    range=$first-$((first + 65535))
    for kind in uid gid; do
      grep -q -e "^$name:" -e "^$me:" "$subordinate/sub$kind" 2> /dev/null || fail "the user $name has no range in /etc/sub$kind, which building the environment needs.
  Ask an administrator to run:  sudo usermod --add-subuids $range --add-subgids $range $name$without_one"
    done
    remedy="$remedy
  On Ubuntu 24.04 and later unprivileged namespaces are switched off; an administrator can run:  sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
  fi
  why=$(bwrap --ro-bind / / --unshare-pid --dev /dev --proc /proc true 2>&1) || fail "this system does not allow the namespaces that the environment needs ($why).
  $remedy"
}

check_disk() {
  here_free=$(free_megabytes "$environments")
  temporary=${TMPDIR:-/tmp}
  temporary_free=$(free_megabytes "$temporary")
  need=$((megabytes + 400))
  # On one file system the space is needed twice over.
  [ "$(df -P "$environments" | awk 'NR == 2 { print $1 }')" != "$(df -P "$temporary" | awk 'NR == 2 { print $1 }')" ] || here_free=$((here_free - need))
  [ "$here_free" -ge $need ] || fail "too little disk space for the environment: $environments needs $need MB and $temporary as much while it is built.
  Free some, or point INVASIO_CACHE at a folder on a larger disk."
  [ "$temporary_free" -ge $need ] || fail "too little disk space: building needs $need MB in $temporary and it has $temporary_free.
  Free some, or point TMPDIR at a larger disk."
}

stage() {
  word=$(sed -n 's/^I: //p' "$log" 2> /dev/null | tail -n 1 | cut -c 1-60)
  case $word in
    *tarball*) word="unpacking" ;;
    *customize-hook*) word="finishing" ;;
  esac
  echo "$word"
}

build_environment() {
  take_lock "$tree"
  [ ! -e "$tree/.complete" ] || return 0
  check_tools
  check_namespaces
  check_disk
  # Nobody else builds while we hold the lock: what lies here was left by an interrupted build.
  remove_tree "$tree.part" "$tree"
  part=$tree.part log=$tree.log
  rm -f "$part.code"
  mkdir "$part"
  say "building the environment (Debian $suite with DOLFINx, profile '$profile', $megabytes MB in $tree);"
  say "this happens once and takes $minutes minutes on two cores, longer on a slow network"
  began=$(date +%s)
  packages=$(profile_packages "$profile" | tr '\n' ',')
  packages=${packages%,} suite=$suite profile=$profile part=$part log=$log environment_folder=$environment_folder \
    setsid sh "$environment_folder/stream.sh" < /dev/null &
  builder=$!
  trap 'abandon_build' INT TERM HUP
  progress $builder
  wait $builder || :
  trap - INT TERM HUP
  if [ -e "$part.code" ]; then
    rm -f "$part.code"
    tail -n 25 "$log" "$log.tar" >&2
    remove_tree "$part"
    fail "building the environment failed; the whole log is $log"
  fi
  printf 'profile %s\nbuilt %s\n' "$profile" "$(date -u +%Y-%m-%dT%H:%MZ)" > "$part/.complete"
  mv "$part" "$tree"
  rm -f "$log.tar"
  say "the environment is ready after $(($(date +%s) - began)) s"
}
