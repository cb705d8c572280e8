"""A change is never hidden by "same code", and one that changes nothing costs nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import restoration
from bench.plan.case import Case
from bench.regress.checkouts import Checkout, git
from bench.regress.same_code import Worktrees, rehearsed, unchanged
from bench.regress.trail import Touched
from reports.derive.verdict_words import Word


def trees(tmp_path: Path, base: dict[str, str], head: dict[str, str]) -> Worktrees:
    """Two folders with these files; what only `base` names is the same in both."""
    for side, files in (("base", base), ("head", base | head)):
        for name, text in files.items():
            path = tmp_path / side / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    differing = frozenset(name for name, text in head.items() if base.get(name) != text)
    return Worktrees(tmp_path / "base", tmp_path / "head", (".",), differing)


M = Touched("m.py", code=frozenset({"m.py"}))


@pytest.mark.parametrize(
    ("touched", "why"),
    [
        (Touched("m.py", code=frozenset({"m.py"}), read=frozenset({"d/x.bin"})), "d/x.bin differs"),
        (Touched("m.py", code=frozenset({"m.py"}), asked=frozenset({"d/x.bin"})), "d/x.bin differs"),
        (Touched("m.py", code=frozenset({"m.py"}), listed=frozenset({"d"})), "d/x.bin differs"),
        (Touched("m.py", code=frozenset({"m.py"}), listed=frozenset({""})), "d/x.bin differs"),
        (Touched("m.py", code=frozenset({"m.py"}), read=frozenset({"d"})), "d/x.bin differs"),
        (Touched("m.py", code=frozenset({"m.py"}), native=True), "d/x.bin differs"),
        (Touched("m.py", code=frozenset({"m.py"}), obstacles=("it sings",)), "it sings"),
        (M, ""),
    ],
)
def test_a_file_matters_to_what_touches_it(tmp_path: Path, touched: Touched, why: str) -> None:
    files = trees(tmp_path, {"m.py": "x = 1\n", "d/x.bin": "1"}, {"d/x.bin": "2"})
    assert files.why_measured(touched, touched) == why


METHODS = ("baselines", "dct/fused", "dct_network", "ffdnet", "rdn", "rrdn", "span", "waifu2x")


def test_a_change_in_one_built_in_method_does_not_matter_to_another(tmp_path: Path) -> None:
    """To one that imports no more than the records in which all of them are named."""
    root = Path(str(restoration.__file__)).parent
    for side in ("base", "head"):
        shutil.copytree(root, tmp_path / side / "restoration", ignore=shutil.ignore_patterns("__pycache__"))
    for name in METHODS:
        with (tmp_path / "head" / "restoration" / f"{name}.py").open("a") as file:
            file.write("\nextra = 1\n")
    changed = frozenset(f"restoration/{name}.py" for name in METHODS)
    files = Worktrees(tmp_path / "base", tmp_path / "head", (".",), changed)
    listing = "from restoration.catalog import get; get('dct'); import sys; print(*map(repr, sys.modules.values()))"
    loaded = subprocess.run(
        [sys.executable, "-c", listing], cwd=root.parent, capture_output=True, text=True, check=True
    ).stdout
    paths = {str(path.relative_to(root.parent)): str(path) for path in root.rglob("*.py")}
    only_records = Touched("restoration/builtin.py", frozenset(name for name in paths if f"'{paths[name]}'" in loaded))
    assert {"restoration/builtin.py", "restoration/upscalers.py"} <= only_records.code
    assert files.why_measured(only_records, only_records) == ""
    for name in METHODS:
        its_own = Touched("restoration/builtin.py", only_records.code | {f"restoration/{name}.py"})
        assert files.why_measured(its_own, its_own).endswith(".py differs")


def test_a_file_that_an_option_names_matters(tmp_path: Path) -> None:
    files = trees(tmp_path, {"m.py": "x = 1\n", "d/x.bin": "1"}, {"d/x.bin": "2"})
    assert files.why_measured(M, M, frozenset({"x.bin"})) == "d/x.bin differs"


def test_a_script_that_is_named_matters_even_where_only_its_comments_differ(tmp_path: Path) -> None:
    script = {"run/later.py": "# one\nx = 1\n"}
    quiet = trees(tmp_path / "quiet", {"m.py": "", **script}, {"run/later.py": "# two\nx = 1\n"})
    naming = trees(tmp_path / "naming", {"m.py": "s = 'run/later.py'", **script}, {"run/later.py": "# two\nx = 1\n"})
    assert quiet.why_measured(M, M) == ""
    assert naming.why_measured(M, M) == "run/later.py differs"


def test_documents_matter_to_compiled_code_only_where_they_are_read(tmp_path: Path) -> None:
    files = trees(tmp_path, {"m.py": "", "README.md": "1"}, {"README.md": "2"})
    native = Touched("m.py", code=frozenset({"m.py"}), native=True)
    assert files.why_measured(native, native) == ""
    reading = Touched("m.py", code=frozenset({"m.py"}), read=frozenset({"README.md"}))
    assert files.why_measured(native, reading) == "README.md differs"


def test_what_only_one_side_touches_or_has_is_measured_even_where_no_file_differs(tmp_path: Path) -> None:
    files = trees(tmp_path, {"m.py": "", "a.py": "", "b.py": ""}, {})
    first, second = (Touched("m.py", code=frozenset({"m.py", name})) for name in ("a.py", "b.py"))
    assert files.why_measured(first, second) == "only one side touches a.py"
    (tmp_path / "head" / "flag").touch()
    asking = Touched("m.py", code=frozenset({"m.py"}), asked=frozenset({"flag"}))
    assert files.why_measured(asking, asking) == "only one side has flag"


def test_code_that_cannot_be_read_as_python_is_measured(tmp_path: Path) -> None:
    files = trees(tmp_path, {"m.py": "def f(:\n"}, {})
    assert files.why_measured(M, M) == "m.py cannot be read as Python"


def test_built_files_links_and_folders_are_compared_by_what_is_in_them(
    theirs: Path, commit: Callable[[Path, str], str]
) -> None:
    def checkout(side: str) -> Checkout:
        folder = theirs.parent / side
        git(theirs, "worktree", "add", "--detach", str(folder), "HEAD")
        return Checkout(side, "HEAD", git(theirs, "rev-parse", "HEAD"), folder)

    (theirs / ".gitignore").write_text("*.so\n")
    (theirs / "link").symlink_to("a")
    base, head = (
        checkout(commit(theirs, side) and side) if side == "base" else checkout(side) for side in ("base", "head")
    )
    for side, text in ((base, "1"), (head, "2")):
        (side.folder / "same.so").write_text("0")
        (side.folder / "built.so").write_text(text)
        (side.folder / "src" / "theirmethod" / "m.py").write_text(f"x = {text}\n")
        (side.folder / "__pycache__").mkdir()
        (side.folder / "__pycache__" / "m.pyc").write_text(text)
        (side.folder / "link").unlink()
        (side.folder / "link").symlink_to(text)
    found = Worktrees.of(base, head, [str(base.folder / "src"), "/elsewhere"])
    assert found.differing == {"built.so", "src/theirmethod/m.py", "link"}
    assert found.roots == ("src",)


def test_a_file_whose_name_is_no_text_is_compared_and_named(theirs: Path, commit: Callable[[Path, str], str]) -> None:
    odd = Path(os.fsdecode(b"d\xe9.bin"))
    (theirs / odd).write_text("1")
    base = Checkout("base", "HEAD", commit(theirs, "odd"), theirs)
    (theirs / odd).write_text("2")
    head = Checkout("head", "HEAD", commit(theirs, "odd too"), theirs.parent / "head")
    git(theirs, "worktree", "add", "--detach", str(head.folder), head.commit)
    git(theirs, "checkout", "-q", base.commit)
    touched = Touched("m.py", read=frozenset({str(odd)}))
    assert Worktrees.of(base, head, []).why_measured(touched, touched) == "d\\udce9.bin differs"


def test_the_findings_of_the_same_code_are_those_that_measuring_would_give() -> None:
    timed = Case("time", "m", height=8, width=8)
    cases = [
        Case("paired", "m", height=8, width=8), timed, Case("cost", "m"), Case("memory", "m"),
        Case("quality", "m", image="a"), Case("quality", "m", image="b", seed=1), Case("quality", "m", sigma_255=9.0),
    ]  # fmt: skip
    found = list(unchanged(cases))
    assert [finding.metric for finding in found] == ["seconds", "macs_per_pixel", "peak_bytes", "psnr_db", "psnr_db"]
    assert {finding.word for finding in found} == {Word.SAME_CODE}
    assert found[0].case == timed
    assert rehearsed(cases) == [finding.case for finding in found]
