"""Changes that hide: each is a small package in which something changes that is easily overlooked.

All of them lie in one repository of two commits, beside changes that change nothing. `reasons` asks of each why a
comparison would measure it.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.machine.fresh_process import Failure
from bench.plan.case import Case
from bench.regress.checkouts import Repository, checkouts, git
from bench.regress.exact import Sides
from bench.regress.same_code import Worktrees
from bench.regress.side import REHEARSAL, Side, import_paths
from bench.regress.trail import Touched

_FIELD = "import importlib, inspect, itertools, os, pickle, random, subprocess, sys\nfrom pathlib import Path\n"
_HERE = "HERE = Path(__file__).parent\n"
_CALLS = "CALLS = itertools.count(1)\n"


@dataclass(frozen=True)
class Change:
    """One package before and after; paths are relative to it, and a `Path` as content is a link to there."""

    base: Mapping[str, str | Path]
    head: Mapping[str, str | Path]
    """What becomes different; a file that `base` lacks is added."""
    of_package: bool = False
    """Whether it does nothing where the method's file is run by its path, without its package."""


def _method(body: str, *, before: str = "") -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"{_FIELD}{_HERE}{_CALLS}{before}\n\ndef restore(image):\n{lines}"


def _value(number: int) -> str:
    return f"VALUE = {number}.0\n"


_USING = "return image * VALUE"

DISGUISES: Mapping[str, Change] = {
    "body": Change({"method.py": _method("return image * 1.0")}, {"method.py": _method("return image * 2.0")}),
    "package": Change(
        {"__init__.py": _value(1), "method.py": _method(_USING, before="from package import VALUE\n")},
        {"__init__.py": _value(2)},
    ),
    "datafile": Change(
        {
            "numbers.txt": "1.0",
            "method.py": _method("return image * float((HERE / 'numbers.txt').read_text())"),
        },
        {"numbers.txt": "2.0"},
    ),
    "datalate": Change(
        {
            "later.txt": "1.0",
            "method.py": _method(
                "return image * (float((HERE / 'later.txt').read_text()) if next(CALLS) > 9 else 1.0)"
            ),
        },
        {"later.txt": "2.0"},
    ),
    "datarandom": Change(
        {
            "first.bin": "1.0",
            "second.bin": "1.0",
            "method.py": _method(
                "name = random.choice(['first', 'second'])\nreturn image * float((HERE / f'{name}.bin').read_text())"
            ),
        },
        {"second.bin": "2.0"},
    ),
    "environment": Change(
        {"method.py": _method("return image * 1.0")},
        {"method.py": _method("return image * float(os.environ.get('RESTOBENCH_NOWHERE', '2.0'))")},
    ),
    "second": Change(
        {
            "other.py": _value(1),
            "method.py": _method(
                "if next(CALLS) < 2:\n    return image\nfrom second.other import VALUE\nreturn image * VALUE"
            ),
        },
        {"other.py": _value(2)},
    ),
    "tenth": Change(
        {
            "other.py": _value(1),
            "method.py": _method(
                "if next(CALLS) < 10:\n    return image\nfrom .other import VALUE\nreturn image * VALUE"
            ),
        },
        {"other.py": _value(2)},
    ),
    "chance": Change(
        {
            "one.py": _value(1),
            "two.py": _value(1),
            "method.py": _method(
                "if random.random() < 0.5:\n    from chance.one import VALUE\nelse:\n    from chance.two import VALUE\n"
                + _USING
            ),
        },
        {"two.py": _value(2)},
    ),
    "named": Change(
        {
            "alpha.py": _value(1),
            "beta.py": _value(1),
            "method.py": _method(
                "name = random.choice(['alpha', 'beta'])\nreturn image * importlib.import_module(f'named.{name}').VALUE"
            ),
        },
        {"beta.py": _value(2)},
    ),
    "exact": Change(
        {
            "gamma.py": _value(1),
            "delta.py": _value(1),
            "method.py": _method(
                "name = random.choice(['exact.gamma', 'exact.delta'])\n"
                "return image * importlib.import_module(name).VALUE"
            ),
        },
        {"delta.py": _value(2)},
    ),
    "generated": Change(
        {
            "template.txt": _value(1),
            "method.py": _method(
                "from generated.made import VALUE\nreturn image * VALUE",
                before="(HERE / 'made.py').write_text((HERE / 'template.txt').read_text())\n",
            ),
        },
        {"template.txt": _value(2)},
    ),
    "source": Change(
        {"method.py": _method("return image * float(len(inspect.getsource(restore)))  # short")},
        {"method.py": _method("return image * float(len(inspect.getsource(restore)))  # somewhat longer")},
    ),
    "line": Change(
        {"method.py": _method("return image * float(sys._getframe().f_lineno)")},
        {"method.py": _method("# a line more\nreturn image * float(sys._getframe().f_lineno)")},
    ),
    "docstring": Change(
        {"method.py": _method("'''1.0'''\nreturn image * float(restore.__doc__)")},
        {"method.py": _method("'''2.0'''\nreturn image * float(restore.__doc__)")},
    ),
    "pickled": Change(
        {
            "model.pickle": pickle.dumps(1.0, protocol=0).decode("ascii"),
            "method.py": _method("return image * pickle.loads((HERE / 'model.pickle').read_bytes())"),
        },
        {"model.pickle": pickle.dumps(2.0, protocol=0).decode("ascii")},
    ),
    "link": Change(
        {
            "low.dat": "1.0",
            "high.dat": "2.0",
            "current": Path("low.dat"),
            "method.py": _method("return image * float((HERE / 'current').read_text())"),
        },
        {"current": Path("high.dat")},
    ),
    "flag": Change(
        {"method.py": _method("return image * (2.0 if HERE.joinpath('fl' + 'ag').exists() else 1.0)")},
        {"flag": ""},
    ),
    "folder": Change(
        {"set/one.dat": "", "method.py": _method("return image * float(len(list((HERE / 'set').iterdir())))")},
        {"set/two.dat": ""},
    ),
    "program": Change(
        {
            "run.sh": "echo 1.0",
            "method.py": _method(
                "return image * float(subprocess.run(['sh', HERE / 'run.sh'], capture_output=True).stdout)"
            ),
        },
        {"run.sh": "echo 2.0"},
    ),
    "patched": Change(
        {
            "__init__.py": "from patched import patch\n",
            "patch.py": "from patched import method\nmethod.VALUE = 1.0\n",
            "method.py": _method(_USING, before=_value(0)),
        },
        {"patch.py": "from patched import method\nmethod.VALUE = 2.0\n"},
        of_package=True,
    ),
    "resource": Change(
        {
            "share.json": "1.0",
            "method.py": _method(
                "from importlib.resources import files\n"
                "return image * float(files('resource').joinpath('share.json').read_text())"
            ),
        },
        {"share.json": "2.0"},
    ),
    "shadow": Change(
        {"other.py": _value(1), "method.py": _method(_USING, before="from shadow.other import VALUE\n")},
        {"other/__init__.py": _value(2)},
    ),
    "executed": Change(
        {
            "code.txt": _value(1),
            "method.py": _method(_USING, before="exec((HERE / 'code.txt').read_text())\n"),
        },
        {"code.txt": _value(2)},
    ),
    "dependency": Change(
        {"method.py": _method(_USING, before="from dependency.one import VALUE\n"), "one.py": _value(1)},
        {"method.py": _method(_USING, before="from dependency.two import VALUE\n"), "two.py": _value(1)},
    ),
    "compiled": Change(
        {
            "value.c": "double value(void) { return 1.0; }\n",
            "method.py": _method(
                "return image * VALUE()",
                before="from ctypes import CDLL, c_double\nVALUE = CDLL(str(HERE / 'value.so')).value\n"
                "VALUE.restype = c_double\n",
            ),
        },
        {"value.c": "double value(void) { return 2.0; }\n"},
    ),
}
"""What must be measured."""

INNOCENT: Mapping[str, Change] = {
    "untouched": Change({"method.py": _method("return image * 1.0")}, {}),
    "comment": Change(
        {"method.py": _method("return image * 1.0")}, {"method.py": _method("# nothing new\nreturn image * 1.0")}
    ),
    "words": Change(
        {"method.py": _method("'''One.'''\nreturn image * 1.0")},
        {"method.py": _method("'''Two words.'''\nreturn image * 1.0")},
    ),
    "format": Change(
        {"method.py": _method("return image * max(1.0, 0.5)")},
        {"method.py": _method("return image * max(\n    1.0,\n    0.5,\n)")},
    ),
    "document": Change({"method.py": _method("return image * 1.0")}, {"READ.md": "Words."}),
    "elsewhere": Change(
        {"method.py": _method("return image * 1.0"), "unused.py": _value(1)}, {"unused.py": _value(2)}
    ),
}  # fmt: skip
"""What need not be measured."""

BUILD = "sh build.sh"
"""The command that compiles what has to be compiled."""


@dataclass(frozen=True)
class Layout:
    """Where in the repository the packages lie, and how their methods are named."""

    folder: str
    by_file: bool

    def method(self, package: str) -> str:
        """The name of a package's method."""
        return f"{Path(self.folder, package, 'method.py')}:restore" if self.by_file else f"{package}.method:restore"

    def changed(self) -> list[str]:
        """The packages whose method changes."""
        return [name for name, change in DISGUISES.items() if not (self.by_file and change.of_package)]


LAYOUTS = tuple(Layout(folder, by_file) for folder in ("src", ".") for by_file in (False, True))


def reasons(folder: Path, layout: Layout = LAYOUTS[0]) -> dict[str, str]:
    """For each package, why it would be measured; empty for what is taken for the same code. Works in `folder`."""
    everything = {**DISGUISES, **INNOCENT}
    git(folder, "init", "-q", str(folder))
    compiled = Path(layout.folder, "compiled", "value")
    (folder / "build.sh").write_text(f"cc -shared -fPIC -o {compiled}.so {compiled}.c\n")
    place = folder / layout.folder
    base = _committed(place, {name: {"__init__.py": "", **change.base} for name, change in everything.items()})
    head = _committed(place, {name: change.head for name, change in everything.items()})
    repository = Repository.around(folder)
    with checkouts(repository, base, head, build=BUILD) as sides:
        paths = [import_paths(repository, side.folder) for side in sides]
        with Side(sides[0], paths[0], target=REHEARSAL) as first, Side(sides[1], paths[1], target=REHEARSAL) as second:
            both = Sides(first, second)
            answers = {name: both.both("touched", *_tried(layout.method(name))) for name in everything}
        trees = Worktrees.of(*sides, paths[0])
        return dict(_judged(trees, answers))


def said_of_hidden() -> str:
    """How many of the disguised changes, in each layout, are taken for the same code, in a sentence."""
    hidden, tried = [], 0
    for layout in LAYOUTS:
        with tempfile.TemporaryDirectory() as folder:
            found = reasons(Path(folder), layout)
        hidden += [layout.method(name) for name in layout.changed() if not found[name]]
        tried += len(layout.changed())
    named = f": {', '.join(hidden)}" if hidden else ""
    return (
        f"Of {tried} changes that hide, {len(DISGUISES)} kinds in {len(LAYOUTS)} layouts, "
        f"{len(hidden)} were taken for the same code{named}."
    )


def _tried(method: str) -> tuple[str, list[tuple[Case, object]]]:
    return method, [(Case("time", method, height=8, width=8), np.zeros((1, 1, 8, 8), dtype=np.float32))]


def _judged(
    trees: Worktrees, answers: Mapping[str, tuple[Touched | Failure, Touched | Failure]]
) -> Iterator[tuple[str, str]]:
    for name, sides in answers.items():
        base, head = (side if isinstance(side, Touched) else None for side in sides)
        yield name, trees.why_measured(base, head) if base and head else "it cannot be imported"


def _committed(folder: Path, packages: Mapping[str, Mapping[str, str | Path]]) -> str:
    for package, files in packages.items():
        for name, content in files.items():
            path = folder / package / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if isinstance(content, Path):
                path.symlink_to(content)
            else:
                path.write_text(content, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=restobench", "-c", "user.email=", "commit", "-q", "-m", "planted")
    return git(folder, "rev-parse", "HEAD")
