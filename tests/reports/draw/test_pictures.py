"""Crops show the same place of each picture, where the restored ones differ most."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import synthetic
from PIL import Image

from reports.draw.pictures import Panel, panels
from reports.read.run import load_run


def upscaled(run: Path) -> Panel:
    """Of a clean image one pixel wider than the restored ones, which differ at the right and below."""
    synthetic.write_rows(run, [])
    (run / "images").mkdir()
    rng = np.random.default_rng(0)
    clean = rng.integers(0, 256, (300, 451), dtype=np.uint8)
    other = clean[:, :450].copy()
    other[200:, 350:] = 0
    files = {"clean": clean, "degraded": clean[::2, :450:2], "restored": clean[:, :450], "other": other}
    case = {"image": "a", "task": "upscale", "degradation": "bicubic", "scale": 2, "channels": 1, "quantity": "picture"}
    rows = []
    for name, pixels in files.items():
        Image.fromarray(pixels).save(run / "images" / f"{name}.png")
        method = {"clean": "", "other": "lanczos"}.get(name, "bicubic")
        part = "restored" if name == "other" else name
        rows.append(synthetic.row("quality", method, part=part, note=f"images/{name}.png", **case))
    (run / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (panel,) = panels(load_run(run))[0]
    return panel


def pixels_of(data: str) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))) as image:
        return np.asarray(image.convert("L"))


def test_a_clean_picture_that_is_one_pixel_wider_is_cropped_like_the_others(tmp_path: Path) -> None:
    panel = upscaled(tmp_path / "run")
    crops = {(shot.part, shot.label): pixels_of(shot.data) for shot in panel.shots}
    clean, bicubic = crops["clean", "clean"], crops["restored", "bicubic"]
    assert clean.shape == (panel.size, panel.size)
    assert (clean == bicubic).all()
    assert (crops["degraded", "degraded input"] == clean[::2, ::2]).all()


def test_the_crop_holds_what_the_restored_pictures_differ_in(tmp_path: Path) -> None:
    panel = upscaled(tmp_path / "run")
    assert panel.left + panel.size >= 440
    assert panel.top + panel.size >= 290
    assert not panel.luma
