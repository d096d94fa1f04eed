"""Can this Python have the environment of wheels? Printed: the interpreter and "pip" or "ensurepip", or "-" and why not."""

import ctypes
import os
import platform
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

OLDEST, NEWEST = (3, 12), (3, 14)  # for which wheels.txt has files
GLIBC = (2, 34)  # that DOLFINx's wheel was built for
# Libraries of the system that gmsh's wheel is linked with, and the Debian packages that have them.
SHARED = {
    "libGL.so.1": "libgl1",
    "libGLU.so.1": "libglu1-mesa",
    "libXrender.so.1": "libxrender1",
    "libXcursor.so.1": "libxcursor1",
    "libXft.so.2": "libxft2",
    "libXinerama.so.1": "libxinerama1",
    "libgomp.so.1": "libgomp1",
}


def absent() -> "list[str]":
    """Those of these libraries that cannot be loaded."""
    lacking = []
    for name in SHARED:
        try:
            ctypes.CDLL(name)
        except OSError:
            lacking.append(name)
    return lacking


def glibc() -> "tuple[int, ...]":
    """The version of the C library; (0,) where it is another one."""
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
        return tuple(int(part) for part in version.split(".")) if name == "glibc" else (0,)
    except (AttributeError, OSError, ValueError):
        return (0,)


def has_pip() -> bool:
    """Whether its pip can install into another environment (``--python``: pip 22.3 and later)."""
    try:
        return tuple(int(part) for part in version("pip").split(".")[:2]) >= (22, 3)
    except (PackageNotFoundError, ValueError):
        return False


def objection() -> str:
    """Why this Python cannot have it; "" if it can."""
    minor = sys.version_info[:2]
    wanted = "{}.{} to {}.{}".format(*OLDEST, *NEWEST)
    if not OLDEST <= minor <= NEWEST:
        return f"Python {wanted} is needed ({sys.executable} is {minor[0]}.{minor[1]})"
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return f"the usual CPython {wanted} is needed"
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return f"there are wheels for Linux on x86_64 only (this is {sys.platform} on {platform.machine()})"
    if glibc() < GLIBC:
        return "glibc 2.34 or newer is needed (Ubuntu 22.04, Debian 12, RHEL 9)"
    if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
        return f"{sys.executable} has no header files to compile against (Debian, Ubuntu: python3-dev)"
    if find_spec("venv") is None or not (has_pip() or find_spec("ensurepip")):
        return f"{sys.executable} has neither pip nor ensurepip (Debian, Ubuntu: python3-venv or python3-pip)"
    lacking = absent()
    if lacking:
        packages = " ".join(SHARED[name] for name in lacking)
        return f"gmsh needs {', '.join(lacking)} of the system (Debian, Ubuntu: apt-get install {packages})"
    return ""


if __name__ == "__main__":
    why = objection()
    print("- " + why if why else sys.executable + " " + ("pip" if has_pip() else "ensurepip"))
