"""Small images and small methods, so that no test of measuring needs weights or a large picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one grey and one colour image of 48 x 40 pixels."""
    made = tmp_path / "images"
    made.mkdir()
    ramp = np.add.outer(np.arange(40), 3 * np.arange(48)).astype(np.uint8)  # (H, W)
    Image.fromarray(ramp).save(made / "ramp.png")
    Image.fromarray(np.stack([ramp, ramp[::-1], ramp[:, ::-1]], axis=-1).copy()).save(made / "three.png")
    return made
