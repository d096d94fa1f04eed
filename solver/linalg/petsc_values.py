"""Direct access to the values of PETSc's AIJ matrices, which petsc4py does not offer without a copy."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

_library: ctypes.CDLL | None = None


def library() -> ctypes.CDLL:
    """PETSc itself, for the few calls that petsc4py does not wrap."""
    global _library  # one handle of a shared library per process
    if _library is None:
        from petsc4py import lib

        _library = ctypes.CDLL(lib.ImportPETSc().__file__)
    return _library


def _check(code: int) -> None:
    if code:
        raise PETSc.Error(code)


class Values:
    """The value arrays of an assembled AIJ matrix's two blocks: owned columns, and ghost columns.

    ``own`` and ``ghost`` are views of PETSc's memory; call ``changed`` after writing to them.
    On one rank there is no ghost block and ``ghost`` is empty.
    """

    def __init__(self, mat: Any) -> None:
        self._mat = mat
        handle = ctypes.c_void_p(mat.handle)
        if mat.getType() == "seqaij":
            self._blocks = [handle]
        else:
            own, ghost = ctypes.c_void_p(), ctypes.c_void_p()
            _check(library().MatMPIAIJGetSeqAIJ(handle, ctypes.byref(own), ctypes.byref(ghost), None))
            self._blocks = [own, ghost]
        arrays = [_view(block) for block in self._blocks]
        self.own = arrays[0]
        self.ghost = arrays[1] if len(arrays) > 1 else np.empty(0)

    def changed(self) -> None:
        """Tell PETSc that the values are new, so that preconditioners and caches are renewed."""
        petsc = library()
        for block in self._blocks:  # a get and restore invalidates what PETSc derived from the values
            pointer = ctypes.c_void_p()
            _check(petsc.MatSeqAIJGetArray(block, ctypes.byref(pointer)))
            _check(petsc.MatSeqAIJRestoreArray(block, ctypes.byref(pointer)))
        self._mat.stateIncrease()


def _view(block: ctypes.c_void_p) -> NDArray[np.float64]:
    petsc = library()
    rows, columns, pointer = ctypes.c_int32(), ctypes.c_int32(), ctypes.c_void_p()
    done = ctypes.c_int()
    indptr = ctypes.POINTER(ctypes.c_int32)()
    indices = ctypes.POINTER(ctypes.c_int32)()
    arguments = (ctypes.c_int32(0), ctypes.c_int(0), ctypes.c_int(0))
    _check(petsc.MatGetRowIJ(block, *arguments, ctypes.byref(rows), ctypes.byref(indptr), ctypes.byref(indices), ctypes.byref(done)))
    count = indptr[rows.value] if rows.value else 0
    _check(petsc.MatRestoreRowIJ(block, *arguments, ctypes.byref(columns), ctypes.byref(indptr), ctypes.byref(indices), ctypes.byref(done)))
    if count == 0:
        return np.empty(0)
    _check(petsc.MatSeqAIJGetArray(block, ctypes.byref(pointer)))
    array = np.ctypeslib.as_array(ctypes.cast(pointer, ctypes.POINTER(ctypes.c_double)), (count,))
    _check(petsc.MatSeqAIJRestoreArray(block, ctypes.byref(pointer)))
    return array
