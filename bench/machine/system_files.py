"""Small text files in which the system says something about itself."""

from __future__ import annotations

from pathlib import Path


def system_text(path: Path) -> str:
    """What the file says, stripped; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
