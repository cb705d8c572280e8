"""Looks through a `torch.export` archive (`.pt2`) before torch does.

`torch.export.load` trusts its file: it unpickles the example inputs, looks up operators by any name below `torch`, and
evaluates the sizes as Python. So nothing reaches it but tensors, operators of the namespace `aten`, and sizes written
in numbers, symbols and a few known functions.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from restoration.checkpoints.pickles import HostilePickleError, check_pickle
from restoration.errors import CheckpointError

_PARTS = re.compile(
    r"(data/(weights|constants|sample_inputs)/|models/|extra/|\.data/|archive_format$|archive_version$|byteorder$|version$)"
)
_TARGET = re.compile(
    r"torch\.ops\.(aten|prims)\.(?!from_file)[\w.]+|torch\.sym_(max|min|int|float|not|ite)|math\.(floor|ceil|trunc)"
    r"|_operator\.(add|sub|mul|floordiv|truediv|mod|neg|pow|eq|ne|lt|le|gt|ge|and_|or_|getitem)"
)
_SYMBOL = re.compile(
    r"[su]\d+|Symbol|Integer|Add|Mul|Pow|positive|nonnegative|integer|True|Max|Min|Mod|PythonMod|FloorDiv|CeilDiv|CleanDiv|TruncToInt|Eq|Ne|Lt|Le|Gt|Ge|oo|int_oo"
)
_SIZE = re.compile(r"[\w\s+\-*/(),<>=]*")
_MOST_UNPACKED = 20
"""Times the file's size."""


def check_exported(path: Path) -> None:
    """Raises CheckpointError for an archive that is broken, or that holds more than operators, sizes and tensors."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            held = sum(entry.file_size for entry in entries)
            if held <= _MOST_UNPACKED * path.stat().st_size:
                for entry in entries:
                    _check_entry(archive, entry.filename)
                return
    except HostilePickleError as error:
        raise CheckpointError(f"{path}: not a torch.export archive that can be trusted; {error}") from error
    except Exception as error:  # a broken archive raises what zip, JSON and pickle raise
        raise CheckpointError(f"{path}: cut short, or no torch.export archive: {type(error).__name__}") from error
    raise CheckpointError(f"{path}: refused: it would unpack to {held:,} bytes")


def _check_entry(archive: zipfile.ZipFile, name: str) -> None:
    place = name.partition("/")[2]
    if not _PARTS.match(place):
        raise HostilePickleError(f"refused: it holds {name[:80]!r}, expected what torch 2.8 or newer saves")
    if place.startswith("data/sample_inputs/"):
        _check_tensors(archive.read(name))
    elif place.endswith(".json"):
        for key, value in _members(json.loads(archive.read(name))):
            _check_member(key, value)


def _check_tensors(content: bytes) -> None:
    """Raises for what torch could read only by running it."""
    reader = torch._C.PyTorchFileReader(io.BytesIO(content))  # noqa: SLF001 - what torch.load itself reads with
    check_pickle(io.BytesIO(reader.get_record("data.pkl")))
    torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def _check_member(key: str, value: object) -> None:
    if key == "use_pickle" and value:
        raise HostilePickleError("refused: it holds pickled objects")
    if key == "target" and isinstance(value, str) and not _TARGET.fullmatch(value):
        raise HostilePickleError(f"refused: it calls {value[:80]!r}, which is no operator of torch.ops.aten")
    if key == "expr_str" and not (isinstance(value, str) and _is_size(value)):
        raise HostilePickleError(f"refused: it gives a size as {str(value)[:80]!r}")
    if key == "range_constraints" and not (isinstance(value, dict) and all(map(_is_size, value))):
        raise HostilePickleError("refused: it bounds a size that is none")


def _is_size(text: str) -> bool:
    text = re.sub(r"'([su]\d+)'", r"\1", text)
    words = re.findall(r"[A-Za-z_]\w*", text)
    return bool(_SIZE.fullmatch(text)) and all(_SYMBOL.fullmatch(word) for word in words)


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    """All keys and values of an object, at whatever depth."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield key, member
            yield from _members(member)
    elif isinstance(value, list):
        for member in value:
            yield from _members(member)
