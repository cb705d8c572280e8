"""A Python file is its code: not its comments, docstrings or line numbers; and all that it may import is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.regress.source import Source, mentioned, named, reached, source

CODE = "def f(x):\n    return x + 1\n"


def of(folder: Path, text: str, name: str = "m.py") -> Source:
    path = folder / f"{abs(hash(text))}" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    found = source(path)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        "# a comment\n\n\ndef f(x):\n    # another\n    return x + 1  # one more\n",
        '"""A module."""\n\ndef f(x):\n    """A function."""\n    return x + 1\n',
        "def f(\n    x,\n):\n    return (\n        x + 1\n    )\n",
    ],
)
def test_how_code_is_written_does_not_matter(tmp_path: Path, text: str) -> None:
    assert of(tmp_path, text).code == of(tmp_path, CODE).code


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n    return x + 2\n",
        "def f(x):\n    return x + 1.0\n",
        "def f(x):\n    return x + True\n",
        "def f(y):\n    return y + 1\n",
        "def f(x):\n    x + 1\n",
        "def f(x, /):\n    return x + 1\n",
        "@g\ndef f(x):\n    return x + 1\n",
        "def f(x: int):\n    return x + 1\n",
        CODE + '"not a docstring"\n',
    ],
)
def test_what_code_does_matters(tmp_path: Path, text: str) -> None:
    assert of(tmp_path, text).code != of(tmp_path, CODE).code


def test_a_function_of_nothing_but_a_docstring_is_still_code(tmp_path: Path) -> None:
    assert of(tmp_path, 'def f():\n    """A."""\n').code == of(tmp_path, 'def f():\n    """B."""\n').code


@pytest.mark.parametrize("content", [b"def f(:\n", b"x = '\xff'\n", b"x = 1\0\n"])
def test_what_is_no_python_cannot_be_compared(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.py").write_bytes(content)
    assert source(tmp_path / "m.py") is None
    assert source(tmp_path / "absent.py") is None


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("import sys\nsys._getframe().f_lineno\n", (False, False, True)),
        ("getattr(code, 'co_firstlineno')\n", (False, False, True)),
        ("import inspect\ninspect.getsource(f)\n", (False, True, False)),
        ("from inspect import getdoc\n", (False, True, False)),
        ("f.__doc__\n", (False, True, False)),
        ("import inspect\ninspect.signature(f)\n", (False, False, False)),
        ("import importlib\nimportlib.import_module(name)\n", (True, False, False)),
        ("from importlib import import_module as load\nload(name)\n", (True, False, False)),
        ("import importlib\nimportlib.import_module('numpy')\n", (False, False, False)),
        ("exec(text)\n", (True, False, False)),
        ("eval(text)\n", (True, False, False)),
        ("network.eval()\n", (False, False, False)),
    ],
)
def test_code_that_looks_at_code_is_told_apart(tmp_path: Path, text: str, looks: tuple[bool, bool, bool]) -> None:
    found = of(tmp_path, text)
    assert (found.dynamic, found.own_text, found.lines) == looks


@pytest.mark.parametrize(
    ("argument", "joining"),
    [
        ("f'a.{name}'", True),
        ("'.' + name", True),
        ("'%s.%s' % names", True),
        ("name", False),
        ("name or 'numpy'", False),
    ],
)
def test_a_name_that_is_put_together_is_noticed(tmp_path: Path, argument: str, joining: object) -> None:
    found = of(tmp_path, f"import importlib\nimportlib.import_module({argument})\nraise E('No. Such')\n")
    assert (found.dynamic, found.joining) == (True, joining)


def test_a_module_is_named_by_its_whole_name() -> None:
    assert named("src/a/other.py", (".", "src"), frozenset({"a.other:METHOD"}))
    assert named("a/__init__.py", (".", "src"), frozenset({"a"}))
    assert not named("src/a/other.py", (".", "src"), frozenset({"other", "a", "b.a.other"}))


def test_everything_that_may_be_imported_is_reached_whenever_that_is(tmp_path: Path) -> None:
    files = {
        "src/a/__init__.py": "",
        "src/a/m.py": "from . import near\ndef f():\n    import a.late\n    from .deep import inner\n",
        "src/a/near.py": "import importlib\nimportlib.import_module('top')\n",
        "src/a/late.py": "from ..a.up import x\n",
        "src/a/up.py": "",
        "src/a/deep/__init__.py": "",
        "src/a/deep/inner.py": "import numpy\n",
        "src/a/unused.py": "",
        "top.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = reached(tmp_path, (".", "src"), frozenset({"src/a/m.py"}))
    assert found == set(files) - {"src/a/unused.py"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/a/weights.bin", "weights.bin"),
        ("src/a/weights.bin", "weights"),
        ("src/a/weights_2.bin", "weights_"),
        ("src/a/weights_2.bin", ".bin"),
        ("src/a/weights.bin", "../a/weights.bin"),
        ("data/7", "data"),
        ("src/a/beta.py", "a.beta:METHOD"),
    ],
)
def test_a_file_that_a_text_may_name_is_mentioned(path: str, text: str) -> None:
    assert mentioned(path, frozenset({"x", text}))


def test_a_file_that_no_text_names_is_not_mentioned() -> None:
    assert not mentioned("a/other.py", frozenset({"a.beta", "a", ".py", "the other"}))
    assert mentioned("a/other/__init__.py", frozenset({"a.other"}))
    assert not mentioned("docs/page.md", frozenset({"the docs of a page", "rd", "weights", "md", ""}))
