# Make the virtual environment $part and put the packages of wheels.txt into it; or, where $fetched names a folder, fetch their files
# there with a pip of $part. wheels.sh starts this in a session of its own.
# Reads base, installer, part, fetched, log and environment_folder from the environment.
set -eu
unset PIP_TARGET PIP_PREFIX PIP_ROOT PIP_DRY_RUN PYTHONHOME PYTHONPATH
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
if [ -n "$fetched" ]; then set -- "$@" download --dest "$fetched"; else set -- "$@" install; fi
set -- "$@" --no-input --disable-pip-version-check --no-cache-dir --no-deps --require-hashes --only-binary :all: --retries 3 --progress-bar off
# Half of the list each, at once: most of the time goes into unpacking. The one that fails ends the other, and this.
grep '^[a-z]' "$environment_folder/wheels.txt" > "$part/list"
sed -n 'p;n' "$part/list" > "$part/list.1"
sed -n 'n;p' "$part/list" > "$part/list.2"
"$@" -r "$part/list.2" > "$log.2" 2>&1 || kill 0 &
second=$!
"$@" -r "$part/list.1" || kill 0
wait $second
