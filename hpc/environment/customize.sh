# Run by mmdebstrap at the end, with the new tree in $1; $profile comes from the environment.
set -eu
tree=$1

# Files that the launcher covers with the host's own: they must be there to be mounted upon.
for file in pip.conf hosts resolv.conf; do
  [ -f "$tree/etc/$file" ] || : > "$tree/etc/$file"
done
rm -f "$tree/etc/localtime"
cp "$tree/usr/share/zoneinfo/Etc/UTC" "$tree/etc/localtime"

# ParaView's Python package conflicts with VTK's, so it is unpacked beside it, and pvbatch is told where.
if [ "$profile" = test ]; then
  chroot "$tree" sh -eu -c '
    cd /tmp
    apt-get download python3-paraview
    mkdir -p /usr/lib/paraview-python
    dpkg -x python3-paraview_*.deb /usr/lib/paraview-python
    rm python3-paraview_*.deb
    python3 -m compileall -q /usr/lib/paraview-python || true'
  for program in pvbatch pvpython; do
    printf '#!/bin/sh\nPYTHONPATH=/usr/lib/paraview-python/usr/lib/python3/dist-packages exec /usr/bin/%s "$@"\n' "$program" > "$tree/usr/local/bin/$program"
    chmod 755 "$tree/usr/local/bin/$program"
  done
fi
