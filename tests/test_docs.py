"""Every code block of the documentation works: a page's blocks run in their order, in a folder of the page's own.

`python` blocks share the page's names; one with a title is written to a file of that name and then imported by what
follows. `toml` blocks with a title are files, too. `sh` blocks are run by bash. A block after a comment `not run:` is
passed over, for the reason that the comment gives.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
FENCE = re.compile(
    r"(?:<!-- not run: (?P<why>[^>]*) -->\n)?```(?P<kind>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<code>.*?)```",
    re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    kind: str
    code: str
    title: str
    why_not: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(found["kind"], found["code"], found["title"] or "", found["why"] or "", line)


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    for block in blocks(page):
        if block.kind == "toml":
            tomllib.loads(block.code)
        if block.why_not:
            continue
        if block.title:
            (tmp_path / block.title).write_text(block.code, encoding="utf-8")
        if block.kind == "python":
            exec(compile(block.code, f"{page.name}:{block.line}", "exec"), names)  # noqa: S102 - the page's own code
        elif block.kind == "sh":
            _shell(block, page, tmp_path)


def _shell(block: Block, page: Path, folder: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    reader = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}  # not among our tests
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.code],
        cwd=folder,
        env={**reader, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{page.name}:{block.line}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def test_every_page_is_in_the_site_and_every_link_leads_somewhere() -> None:
    navigation = (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert page.name in navigation, page
        for link in re.findall(r"\]\(([\w.-]+\.md)", page.read_text(encoding="utf-8")):
            assert (DOCS / link).is_file(), f"{page.name}: {link}"
