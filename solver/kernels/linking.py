"""From what Numba compiled to a shared library with one function that ``caller.c`` can call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import native

MOST = 256  # words that are returned, the error's among them: RESULTS of caller.c
_SCALARS = {"int64": "i", "int32": "i", "float64": "d", "bool": "b", "none": "n"}
_DEFINED = re.compile(r'^define [^@]*@("[^"]*"|[\w.$]+)\(.*?^}\n', re.MULTILINE | re.DOTALL)


def keep(dispatcher: Any, arguments: Sequence[Any], spec: str, path: Path) -> bool:
    """Make the library for what Numba has just compiled for these arguments; whether it could. Else it is said beside why."""
    scratch = native.beside(path.with_suffix(".o"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            scratch.write_bytes(_object(dispatcher, arguments, spec))
        except (AttributeError, KeyError, RuntimeError, NotImplementedError, TypeError) as error:  # also of a Numba that is made otherwise
            path.with_suffix(".failed").write_text(f"{type(error).__name__}: {error}")
            return False
        return native.link(scratch, path)
    except OSError:
        return False
    finally:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)


def _object(dispatcher: Any, arguments: Sequence[Any], spec: str) -> bytes:
    import llvmlite.binding as llvm
    from llvmlite import ir
    from numba import njit
    from numba.core.codegen import get_host_cpu_features

    types = tuple(dispatcher.typeof_pyval(value) for value in arguments)
    made = dispatcher.overloads[types]
    if dispatcher.stats.cache_hits[types]:  # of what numba has from its cache it keeps no text
        anew = njit(inline=dispatcher.targetoptions["inline"])(dispatcher.py_func)
        anew.compile(types)
        made = anew.overloads[types]
    named = made.fndesc.llvm_func_name
    returned = _letters(made.fndesc.restype)
    if returned is None:
        raise NotImplementedError(f"returns {made.fndesc.restype}")
    final = llvm.parse_assembly(_without_python(made.library.get_llvm_str(), named))
    entry = ir.Module("entry")
    entry.triple, entry.data_layout = final.triple, final.data_layout
    signature = dispatcher.targetctx.call_conv.get_function_type(made.fndesc.restype, made.fndesc.argtypes)
    _entry(ir, entry, ir.Function(entry, signature, named), signature)
    for name, text in (("invasio_result", returned), ("invasio_spec", spec)):
        data = ir.Constant(ir.ArrayType(ir.IntType(8), len(text) + 1), bytearray(text.encode() + b"\0"))
        constant = ir.GlobalVariable(entry, data.type, name)
        constant.initializer, constant.global_constant = data, True
    final.link_in(llvm.parse_assembly(str(entry)))
    final.verify()
    target = llvm.Target.from_triple(final.triple)
    machine = target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=get_host_cpu_features(), opt=3, reloc="pic", codemodel="default"
    )
    return bytes(machine.emit_object(final))


def _without_python(text: str, named: str) -> str:
    """LLVM's text of what Numba compiled, without the functions that nothing calls: those by which Python and C would have called it."""
    while True:
        names = [found[1] for found in _DEFINED.finditer(text) if found[1].strip('"') != named]
        idle = {name for name in names if len(re.findall(f"@{re.escape(name)}(?![\\w.$])", text)) == 1}
        if not idle:
            return text
        text = _DEFINED.sub(lambda found, idle=idle: "" if found[1] in idle else found[0], text)  # type: ignore[misc]


def _letters(kind: Any) -> str | None:
    """What a kernel returns, as ``caller.c`` reads it; None where it can't."""
    from numba.core import types
    from numba.np.numpy_support import as_dtype

    if isinstance(kind, types.BaseAnonymousTuple):
        parts = [_letters(part) for part in kind]
        known = [part for part in parts if part is not None and part != "n"]
        return f"({len(known)}{''.join(known)}" if len(known) == len(parts) < 10 else None
    if isinstance(kind, types.Array):
        dtype = as_dtype(kind.dtype)
        return f"a{dtype.char}{kind.ndim}" if dtype.char in native.DTYPES and kind.ndim < 10 and kind.mutable else None
    return _SCALARS.get(str(types.unliteral(kind)))


def _entry(ir: Any, module: Any, function: Any, signature: Any) -> None:
    """int32 invasio_entry(const int64 *given, int64 *found): the arguments from words, what is returned into words behind the error's."""
    word = ir.IntType(64)
    entry = ir.Function(module, ir.FunctionType(ir.IntType(32), [word.as_pointer(), word.as_pointer()]), "invasio_entry")
    build = ir.IRBuilder(entry.append_basic_block())
    given, found = entry.args
    returned, error = (build.alloca(kind.pointee) for kind in signature.args[:2])
    build.store(ir.Constant(signature.args[1].pointee, None), error)
    values = []
    for k, kind in enumerate(signature.args[2:]):
        value = build.load(build.gep(given, [ir.Constant(word, k)]))
        if isinstance(kind, ir.PointerType):
            value = build.inttoptr(value, kind)
        elif isinstance(kind, ir.DoubleType):
            value = build.bitcast(value, kind)
        elif isinstance(kind, ir.IntType):
            value = value if kind.width == 64 else build.trunc(value, kind)
        else:
            raise NotImplementedError(kind)
        values.append(value)
    status = build.call(function, [returned, error, *values])
    build.store(build.ptrtoint(build.load(error), word), found)
    if not isinstance(signature.args[0].pointee, ir.PointerType):  # a pointer: None
        pieces = _pieces(build, build.load(returned))
        if len(pieces) >= MOST:
            raise NotImplementedError(f"returns {len(pieces)} numbers")
        for k, piece in enumerate(pieces, 1):
            build.store(_word(ir, build, piece), build.gep(found, [ir.Constant(word, k)]))
    build.ret(status)


def _pieces(build: Any, value: Any) -> list[Any]:
    """The numbers and addresses that a value is made of."""
    count = len(getattr(value.type, "elements", ())) or getattr(value.type, "count", 0)
    return [piece for k in range(count) for piece in _pieces(build, build.extract_value(value, k))] if count else [value]


def _word(ir: Any, build: Any, piece: Any) -> Any:
    """A number or an address as 64 bits."""
    word = ir.IntType(64)
    if isinstance(piece.type, ir.PointerType):
        return build.ptrtoint(piece, word)
    if isinstance(piece.type, ir.DoubleType):
        return build.bitcast(piece, word)
    return piece if piece.type.width == 64 else (build.zext if piece.type.width <= 8 else build.sext)(piece, word)
