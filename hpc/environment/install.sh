# Make the virtual environment $part and put the packages of $list into it; or, where $fetched names a folder, fetch their files
# there with a pip of $part. wheels.sh starts this in a session of its own.
# Reads base, installer, part, list, fetched, log and environment_folder from the environment.
set -eu
unset PIP_TARGET PIP_PREFIX PIP_ROOT PIP_DRY_RUN PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE
"$base" -m venv --without-pip "$part"
if [ "$installer" = ensurepip ]; then
  "$part/bin/python3" -m ensurepip > /dev/null || {
    echo "ERROR: ensurepip of $base does not work, and it has no pip (Debian, Ubuntu: python3-venv or python3-pip)"
    exit 1
  }
  set -- "$part/bin/python3" -m pip
else
  set -- "$base" -m pip --python "$part/bin/python3"
fi
# The user's own settings of pip (index, proxy, certificates) count, those that would put the files elsewhere do not.
export PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_CONSTRAINT=/dev/null
if [ -n "$fetched" ]; then set -- "$@" download --dest "$fetched"; else set -- "$@" install --no-compile; fi
set -- "$@" --no-input --disable-pip-version-check --no-cache-dir --no-deps --require-hashes --only-binary :all: --retries 3 --progress-bar off
# Half of the list each, at once. The one that fails ends the other, and this.
echo "$list" > "$part/list"
sed -n 'p;n' "$part/list" > "$part/list.1"
sed -n 'n;p' "$part/list" > "$part/list.2"
"$@" -r "$part/list.2" > "$log.2" 2>&1 || kill 0 &
second=$!
"$@" -r "$part/list.1" || kill 0
wait $second
[ -z "$fetched$beside" ] || exit 0
# Byte code of what a run imports, a fifth of all; the rest is compiled when it is first used. It also shows that all of it loads.
echo "Importing"
load() { "$part/bin/python3" -c "import $1" || { echo "ERROR: what was installed does not load"; kill 0; }; }
load "mpi4py.MPI, dolfinx.io, dolfinx.fem.petsc, ffcx.main, gmsh, meshio, setuptools" &
second=$!
load "matplotlib.pyplot, numba, pint, pydantic, rich.console, ruamel.yaml, scipy.interpolate, skimage.color, skimage.data, skimage.filters"
wait $second
