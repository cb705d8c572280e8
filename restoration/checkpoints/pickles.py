"""Looks through a pickle without running it, in time that grows with its length.

`torch.load(weights_only=True)` runs nothing that it does not know, yet what it says of a hostile file can take it long:
its search for words takes time quadratic in a name's length, and it describes objects whose description doubles with
every level. So what is checked here never reaches it.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass
from typing import IO, Any

_LONGEST_NAME = 200
"""Characters of a module's or a function's name; torch's own have at most 60."""

_MOST_BYTES = 2**26
"""What one `bytearray(n)` may reserve."""

_MARK = object()


class HostilePickleError(ValueError):
    """What the pickle would do, in the words of a clause: `refused: it would call os.system on loading; ...`."""


@dataclass(frozen=True)
class _Global:
    """A function or a class by its name."""

    name: str


def check_pickle(stream: IO[bytes]) -> None:
    """Reads one pickle, up to and with its end; raises `HostilePickleError` where it is broken or no state dict's.

    Names are refused that are too long to be one, calls of anything but a name, and protocol 4's and 0's ways to name
    what is called, which torch does not know either. Which names may be called is left to torch.
    """
    stack: list[Any] = []
    memo: dict[Any, Any] = {}
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            _step(opcode, argument, stack, memo)
    except HostilePickleError:
        raise
    except Exception as error:  # pickletools raises what its argument readers raise
        raise HostilePickleError("it is broken, or no checkpoint") from error


def _step(opcode: pickletools.OpcodeInfo, argument: Any, stack: list[Any], memo: dict[Any, Any]) -> None:
    """One instruction on a stack that holds names, strings and small tuples as they are, and None for all else."""
    name = opcode.name
    if name in {"GLOBAL", "INST", "STACK_GLOBAL"}:
        parts = (stack.pop(-2), stack.pop()) if name == "STACK_GLOBAL" else argument.split(" ", 1)
        found = _named(*parts)
        if name != "GLOBAL":
            raise HostilePickleError(
                f"refused: it would call {found.name} on loading; ask for its state_dict() as safetensors"
            )
        stack.append(found)
    elif name in {"REDUCE", "NEWOBJ"}:
        arguments, called = stack.pop(), stack.pop()
        _check_call(called, arguments)
        stack.append(None)
    elif name in {"PUT", "BINPUT", "LONG_BINPUT"}:
        memo[argument] = stack[-1]
    elif name == "MEMOIZE":
        memo[len(memo)] = stack[-1]
    elif name in {"GET", "BINGET", "LONG_BINGET"}:
        stack.append(memo[argument])
    elif name == "TUPLE1":
        stack[-1] = (stack[-1],)
    else:
        _take(opcode, stack)
        stack += [_MARK if kind is pickletools.markobject else argument for kind in opcode.stack_after]


def _take(opcode: pickletools.OpcodeInfo, stack: list[Any]) -> None:
    """Removes what an instruction takes off the stack."""
    if pickletools.markobject in opcode.stack_before:
        while stack.pop() is not _MARK:
            pass
        stack[len(stack) - opcode.stack_before.index(pickletools.markobject) :] = []
        return
    for _ in opcode.stack_before:
        if stack.pop() is _MARK:
            raise HostilePickleError("it is broken, or no checkpoint")


def _named(module: object, name: object = "") -> _Global:
    full = f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else ""
    if not full or len(full) > _LONGEST_NAME or not full.isprintable():
        raise HostilePickleError(f"refused: it names a function in {len(full):,} characters")
    return _Global(full)


def _check_call(called: object, arguments: object) -> None:
    if not isinstance(called, _Global):
        raise HostilePickleError("refused: it would call what is no function")
    if called.name in {"builtins.bytearray", "__builtin__.bytearray"} and isinstance(arguments, tuple):
        (size,) = arguments
        if isinstance(size, int) and size > _MOST_BYTES:
            raise HostilePickleError(f"refused: it would reserve {size:,} bytes")
