# Unpack a new Debian tree into $part, as a stream without an intermediate file; build.sh starts this in a session of its own.
# An interrupted build is thrown away as a whole, so dpkg need not wait for the disk.
# Reads part, log, packages (with commas), profile, suite and environment_folder from the environment; writes an exit code to $part.code.
{
  mmdebstrap --format=tar --variant=apt --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt=force-unsafe-io --dpkgopt='path-include=/usr/share/doc/*/copyright' --customize-hook="$(cat "$environment_folder/customize.sh")" \
    "$suite" - ${INVASIO_MIRROR:+"$INVASIO_MIRROR"} 2> "$log" || echo $? > "$part.code"
} | tar -x --no-same-owner --no-same-permissions --exclude='./dev/*' -C "$part" 2> "$log.tar" || echo $? > "$part.code"
