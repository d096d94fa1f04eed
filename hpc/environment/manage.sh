# `invasio env list | build [run|test|wheels|vtk] | remove [NAME] | export --wheels FILE | --tar FILE | --sif FILE`; sourced by ../../invasio.

environment_names() {
  for folder in "$environments"/*; do
    [ ! -d "$folder" ] || printf '%s\n' "${folder##*/}"
  done
}

list_environments() {
  names=$(environment_names)
  [ -n "$names" ] || { echo "no environment in $environments"; return; }
  current="$(tree_of run) $(tree_of test) $(tree_of_wheels)"
  for name in $names; do
    folder=$environments/$name
    case "$current " in *"/$name "*) note="used by this checkout" ;; *) note="not used by this checkout" ;; esac
    [ -e "$folder/.complete" ] || note="incomplete: being built, or left by an interrupted build"
    printf '%-22s %6s MB  %s  %s\n' "$name" "$(du -sm "$folder" 2> /dev/null | cut -f 1)" "$(sed -n 's/^built //p' "$folder/.complete" 2> /dev/null)" "$note"
  done
  echo "in $environments"
}

remove_environments() {
  names=${1:-$(environment_names)}
  [ -n "$names" ] || { echo "no environment in $environments"; return; }
  for name in $names; do
    case $name in */* | .*) fail "'$name' is not the name of an environment" ;; esac
    folder=$environments/$name
    [ -d "$folder" ] || fail "there is no environment '$name'; there are: $(environment_names | tr '\n' ' ')"
    exec 9>> "${folder%.part}.lock"
    flock -n 9 || fail "the environment '$name' is being built or used; end those processes first"
    # First the marker: an interrupted removal must not leave something that looks whole.
    rm -f "$folder/.complete"
    remove_tree "$folder"
    rm -rf "$cache/jit/$name"
    rm -f "$folder.lock" "$folder.log"
    echo "removed $folder"
  done
}

export_environment() {
  case ${1-} in --wheels | --tar | --sif) ;; *) set -- ;; esac
  [ -n "${2-}" ] || fail "usage: invasio env export --wheels FILE | --tar FILE | --sif FILE"
  if [ "$1" = --wheels ]; then
    . "$environment_folder/wheels.sh"
    export_wheels "$2"
    return
  fi
  if [ "$1" = --sif ]; then
    image_tool=$(command -v apptainer || command -v singularity) || fail "an Apptainer image is made by apptainer (or singularity), which is not here.
  Write a tar, and where there is one:  mkdir tree && tar -xf FILE.tar -C tree && apptainer build FILE.sif tree"
  fi
  INVASIO_ENVIRONMENT=sealed
  find_environment
  if [ "$1" = --sif ]; then
    say "writing ${tree##*/} to $2 (some minutes)"
    "$image_tool" build --force "$2" "$tree" >&2 || fail "could not write $2"
    say "it holds the environment, not invasio: in a site profile set PYTHONPATH to the src folder of a checkout"
    echo "$2"
    return
  fi
  say "writing ${tree##*/} to $2 (some GB, about a minute)"
  tar -c -f "$2.part" --numeric-owner --owner=0 --group=0 -C "$tree" . || { rm -f "$2.part"; fail "could not write $2"; }
  mv "$2.part" "$2"
  say "on a machine with bubblewrap and this checkout, unpack it as the folder \${INVASIO_CACHE:-~/.cache/invasio}/env/${tree##*/}"
  echo "$2"
}

manage() {
  action=${1-list}
  [ $# = 0 ] || shift
  case $action in
    list) list_environments ;;
    build)
      case ${1-} in
        '') ;;
        run | test) INVASIO_ENVIRONMENT=sealed profile=$1 ;;
        wheels) INVASIO_ENVIRONMENT=wheels ;;
        vtk) ;;
        *) fail "what can be built is run, test, wheels and vtk (given: $1)" ;;
      esac
      find_environment
      [ "${1-}" != vtk ] || inside exec python3 -m invasio.solver.extras vtkmodules
      echo "${tree:-${wheels:-$python}}"
      ;;
    remove) remove_environments "$@" ;;
    export) export_environment "$@" ;;
    *) fail "usage: invasio env list | build [run | test | wheels | vtk] | remove [NAME] | export --wheels FILE | --tar FILE | --sif FILE" ;;
  esac
}
