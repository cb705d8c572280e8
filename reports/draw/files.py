"""Figures and texts as files, each written whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reports.errors import ReportWriteError


def write_figures(svg: Mapping[str, str], directory: Path) -> None:
    """Each figure as `figures/NAME.svg`."""
    for name, text in svg.items():
        write_text(directory / "figures" / f"{name}.svg", text)


def write_text(path: Path, text: str) -> Path:
    """Writes a text file whole: never a half one under its name."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.part")
        draft.write_text(text, encoding="utf-8", errors="replace")
        draft.replace(path)
    except OSError as error:
        raise ReportWriteError(
            f"cannot write {path}: {error.strerror or error}; choose a folder you may write to"
        ) from error
    return path
