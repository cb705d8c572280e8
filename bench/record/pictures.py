"""Pictures in a run directory."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import RowsError
from bench.plan.case import Case, Reading
from restoration.errors import ImageError

if TYPE_CHECKING:
    import torch


def save_picture(directory: Path, case: Case, part: str, image: torch.Tensor) -> Reading:
    """Writes `image` (C, H, W) below the run directory and returns the reading that names the file.

    Raises `RowsError` where it cannot: the case is not done then.
    """
    from restoration.images import save_image

    name = hashlib.sha256(f"{case}{part}".encode()).hexdigest()[:16]
    path = directory / "images" / f"{name}.png"
    try:
        path.parent.mkdir(exist_ok=True)
        save_image(path, image)
    except (OSError, ImageError) as error:
        raise RowsError(f"{error}; every finished case is kept; make room, and go on with --resume") from error
    return Reading("picture", None, part=part, note=f"images/{path.name}")
