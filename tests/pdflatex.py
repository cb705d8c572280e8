"""Compiles LaTeX as a reader would; what does not fit is read from the log."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

WORST = 5.0
"""Points by which a box may stand out."""

PLAIN = r"""\documentclass[%s]{article}
\usepackage{array,booktabs,longtable,graphicx}
\begin{document}
%s
\end{document}
"""
"""A plain document of some paper and size of type, around a body."""


def skip_without() -> None:
    """Skips the test where pdflatex or one of the packages that the tables need is missing."""
    if not shutil.which("pdflatex") or not shutil.which("kpsewhich"):
        pytest.skip("no pdflatex on this machine: install texlive-latex-recommended to compile the tables")
    for package in ("array.sty", "booktabs.sty", "longtable.sty", "graphicx.sty"):
        if subprocess.run(["kpsewhich", package], capture_output=True, check=False).returncode:
            pytest.skip(f"pdflatex has no {package}: install texlive-latex-recommended to compile the tables")


def compiled(document: Path, *, times: int = 2) -> str:
    """The log of the last of so many runs; fails on an error and on a box that stands out by more than `WORST`."""
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", document.name]
    for _ in range(times):
        done = subprocess.run(command, cwd=document.parent, capture_output=True, check=False)
        log = document.with_suffix(".log").read_bytes().decode("latin-1")
        assert done.returncode == 0, "\n".join(re.findall(r"^!.*(?:\n.*){3}", log, flags=re.MULTILINE)) or log[-2000:]
    found = re.findall(r"^(Overfull \\[hv]box \(([0-9.]+)pt.*)", log, flags=re.MULTILINE)
    worst = [what for what, by in found if float(by) > WORST]
    assert not worst, "\n".join(worst)
    return log


def plain(folder: Path, options: str) -> Path:
    """A plain document in `folder` that shows each table there by itself."""
    tables = sorted((folder / "tables").glob("*.tex"))
    assert tables
    document = folder / "plain.tex"
    body = "\n\\clearpage\n".join(rf"\input{{tables/{path.stem}}}" for path in tables)
    document.write_text(PLAIN % (options, body), encoding="ascii")
    return document
