"""What a Python file says, apart from how it is written: its code without comments, docstrings and line numbers.

And what follows from it: what it imports, at whatever depth, the texts it holds, and whether it does what a reader of
it cannot follow.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

_DYNAMIC = frozenset({
    "__import__", "exec_module", "import_module", "iter_modules", "lazy_loader", "load_module", "resolve_name",
    "run_module", "run_path", "spec_from_file_location", "walk_packages",
})  # fmt: skip
_JOINT = re.compile(r"^\S*((^|[%}s])\.|\.($|[%{]))\S*$")
"""A text that joins the parts of a module's name: `.`, `package.`, `%s.%s`."""

_BUILTIN_DYNAMIC = frozenset({"exec", "eval"})
_OWN_TEXT = frozenset({
    "__doc__", "findsource", "getcomments", "getdoc", "getsource", "getsourcelines", "get_source", "linecache",
    "tokenize",
})  # fmt: skip
_LINES = frozenset({
    "_getframe", "co_code", "co_firstlineno", "co_lines", "co_linetable", "co_lnotab", "co_positions", "currentframe",
    "extract_stack", "extract_tb", "f_lasti", "f_lineno", "getframeinfo", "lineno", "tb_lineno", "walk_stack",
})  # fmt: skip


@dataclass(frozen=True)
class Source:
    """One Python file."""

    code: str
    """The hash of its code."""
    imports: frozenset[tuple[int, str]]
    """What it imports, wherever that stands: the dots in front, and the name."""
    strings: frozenset[str]
    dynamic: bool
    """Whether it imports or runs what has no name in it."""
    joining: bool
    """Whether it does that by names which it puts together."""
    own_text: bool
    """Whether it looks at the text of code: its source, its docstrings."""
    lines: bool
    """Whether it looks at line numbers, of whoever calls it."""


@lru_cache(maxsize=4096)
def source(path: Path) -> Source | None:
    """The file at `path`; None where it is not Python that can be read."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in ast.walk(tree):
        _drop_docstring(node)
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    constant = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and _constant_import(node)}
    names = {name for node in ast.walk(tree) if id(node) not in constant for name in _names(node)}
    plain = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    dynamic = bool(_DYNAMIC & (names | strings) or _BUILTIN_DYNAMIC & plain)
    return Source(
        code=hashlib.sha256(ast.dump(tree).encode("utf-8", "surrogatepass")).hexdigest(),
        imports=frozenset(found for node in ast.walk(tree) for found in _imports(node)),
        strings=frozenset(strings),
        dynamic=dynamic,
        joining=dynamic and any(_JOINT.match(text) for text in strings),
        own_text=bool(_OWN_TEXT & (names | strings)),
        lines=bool(_LINES & (names | strings)),
    )


def reached(folder: Path, roots: tuple[str, ...], start: frozenset[str]) -> frozenset[str]:
    """The Python files of `folder` in `start`, and all that these import, at whatever depth and whenever.

    Paths are relative to `folder`; `roots` are the folders in it that are imported from.
    """
    found: set[str] = set()
    left = list(start)
    while left:
        path = left.pop()
        if path in found:
            continue
        found.add(path)
        here = source(folder / path)
        for level, name in here.imports if here else ():
            bases = [PurePosixPath(path).parents[level - 1]] if level else [PurePosixPath(root) for root in roots]
            left.extend(file for base in bases for file in _files(folder, base, name))
    return frozenset(found)


def mentioned(path: str, strings: frozenset[str]) -> bool:
    """Whether one of `strings` may be (a part of) the name of the file at `path`, or of a folder above it.

    Of a Python file only its name as a module counts.
    """
    place = PurePosixPath(path)
    if place.suffix == ".py":
        place = place.parent if place.stem == "__init__" else place.with_suffix("")
    parts = {place.name} if path.endswith(".py") else {place.stem, *place.parts}
    for text in strings:
        if text in parts or (len(text) > 2 and (place.name.startswith(text) or place.name.endswith(text))):  # noqa: PLR2004 - shorter texts are everywhere
            return True
        if not parts.isdisjoint(re.split(r"[.:/\\]", text)) and not re.search(r"\s", text):
            return True
    return False


def named(path: str, roots: tuple[str, ...], strings: frozenset[str]) -> bool:
    """Whether one of `strings` is the name of the module at `path`, imported from one of `roots`."""
    place = PurePosixPath(path).with_suffix("")
    place = place.parent if place.name == "__init__" else place
    names = {".".join(place.relative_to(root).parts) for root in roots if place.is_relative_to(root)}
    return not names.isdisjoint(text.partition(":")[0] for text in strings)


def _drop_docstring(node: ast.AST) -> None:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body[:1] = [] if len(node.body) > 1 or isinstance(node, ast.Module) else [ast.Pass()]


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield from (alias.name.split(".") if alias.asname or isinstance(node, ast.Import) else ())
        yield from (alias.name for alias in node.names if alias.name in _OWN_TEXT | _LINES)


def _constant_import(node: ast.Call) -> bool:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    return (
        name in {"import_module", "__import__"}
        and len(node.args) == 1
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    )


def _imports(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Import):
        yield from ((0, alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from ((node.level, f"{node.module or ''}.{alias.name}".lstrip(".")) for alias in node.names)
    elif isinstance(node, ast.Call) and _constant_import(node):
        yield 0, node.args[0].value  # type: ignore[attr-defined]  # a constant


def _files(folder: Path, base: PurePosixPath, name: str) -> Iterator[str]:
    """The files that importing `name` from `base` runs, as far as they lie in `folder`."""
    parts = [part for part in name.split(".") if part]
    for count in range(len(parts) + 1):
        place = base.joinpath(*parts[:count])
        for file in (place.with_suffix(".py"), place / "__init__.py") if count else (place / "__init__.py",):
            if (folder / file).is_file():
                yield str(file)
