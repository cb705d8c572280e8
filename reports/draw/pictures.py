"""The run's pictures as small lossless crops: where the methods differ most, within a budget of bytes."""

from __future__ import annotations

import base64
import io
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, UnidentifiedImageError
from scipy.ndimage import uniform_filter

from reports.derive.labels import label_of
from reports.read.methods import Methods
from reports.read.run import Run
from reports.read.tables import picture_rows

BUDGET = 2_200_000
"""Bytes that all crops of a page may take in the file, base64 included."""

SIZES = (256, 224, 192, 160, 128, 112, 96, 80, 64)
MOST_PANELS = 32

_MOST_PIXELS = 100_000_000
_CASE = ["task", "image", "sigma_255", "degradation", "scale", "channels", "seed"]
_METHOD = ["kind", "method", "variant", "options", "dtype", "device"]
_SCORES = ("psnr_db", "residual_std_255")
_ORDER = {"clean": 0, "degraded": 1, "restored": 2}

Scores = Mapping[tuple[object, ...], float]


@dataclass(frozen=True)
class Shot:
    """One picture of a panel, cropped."""

    label: str
    part: str
    """`clean`, `degraded` or `restored`."""
    data: str
    """A data URI."""
    psnr_db: float | None
    residual_std_255: float | None


@dataclass(frozen=True)
class Panel:
    """One image under one degradation: clean, degraded and what each method made of it."""

    source: str
    """`quality`, or the experiment that left it."""
    task: str
    image: str
    level: str
    """`sigma 25`, or the degradation and scale."""
    size: int
    """Side of the crop in pixels of the largest picture."""
    left: int
    top: int
    luma: bool
    """Whether its scores are of the luma alone: those of upscaled colour."""
    shots: tuple[Shot, ...]


@dataclass(frozen=True)
class _File:
    """One picture of a panel before cropping."""

    label: str
    part: str
    path: Path
    scores: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True)
class _Group:
    """All pictures of one panel."""

    source: str
    case: Mapping[str, object]
    files: tuple[_File, ...]

    @property
    def level(self) -> str:
        """What was done to the image, in words."""
        noise = f"sigma {self.case['sigma_255']:g}"
        if self.case["degradation"] == "given":
            return f"as given, told {noise}" if self.case["task"] == "denoise" else f"as given ×{self.case['scale']:g}"
        if self.case["task"] != "upscale":
            return noise if self.case["degradation"] in {"awgn", ""} else f"{self.case['degradation']}, told {noise}"
        return f"{self.case['degradation']} ×{self.case['scale']:g}" + (f", {noise}" if self.case["sigma_255"] else "")


def panels(run: Run) -> tuple[tuple[Panel, ...], tuple[str, ...]]:
    """Panels of `run` within `BUDGET`, and sentences about what had to be left out."""
    problems: list[str] = []
    groups = sorted(_groups(run, problems), key=lambda group: float(str(group.case["sigma_255"])))
    if len(groups) > MOST_PANELS:
        problems.append(f"{MOST_PANELS} of {len(groups)} pictured cases were chosen for this page; all lie in images/.")
        groups = _spread(groups)
    loaded = [(group, pictures) for group in groups if len(pictures := _loaded(group, problems)) > 1]
    side = _side(loaded) if loaded else 0
    return tuple(_cropped(group, pictures, side) for group, pictures in loaded), tuple(dict.fromkeys(problems))


def _groups(run: Run, problems: list[str]) -> Iterator[_Group]:
    """Pictures that belong together; a clean picture without a degradation belongs to all of its image."""
    rows = picture_rows(run.rows).astype(dict.fromkeys((*_METHOD, *_CASE, "part", "note"), object))
    rows = rows[~((rows["method"] == "noisy") & (rows["part"] == "restored"))]  # the degraded input once more
    source = rows["method"].where(rows["kind"] == "experiment", "quality")
    scores = _scores(run.rows, set(rows["image"]))
    unpaired: dict[tuple[str, object], _File] = {}
    groups: list[_Group] = []
    for (name, *case), lines in rows.groupby([source, *(rows[column] for column in _CASE)], sort=False, dropna=False):
        found = [_file(run, line, scores) for line in lines.drop_duplicates("note").to_dict("records")]
        problems += [problem for problem in found if isinstance(problem, str)]
        files = [file for file in found if isinstance(file, _File)]
        group = _Group(str(name), dict(zip(_CASE, case, strict=True)), tuple(sorted(files, key=_place)))
        if [file.part for file in files] == ["clean"]:
            unpaired[group.source, group.case["image"]] = files[0]
        elif files:
            groups.append(group)
    for group in groups:
        clean = unpaired.get((group.source, group.case["image"]))
        lacking = clean and not any(file.part == "clean" for file in group.files)
        yield replace(group, files=(clean, *group.files)) if clean and lacking else group


def _place(file: _File) -> tuple[int, float]:
    """By part, and within one the best first."""
    psnr_db, _ = file.scores
    return _ORDER.get(file.part, len(_ORDER)), math.inf if psnr_db is None else -psnr_db


def _scores(rows: pd.DataFrame, images: set[object]) -> Scores:
    """The scores of pictured images by quantity, method and case."""
    own = rows[rows["quantity"].isin(_SCORES) & rows["image"].isin(images) & np.isfinite(rows["value"])]
    columns = ["quantity", *_METHOD, *_CASE, "value"]
    return {line[:-1]: float(line[-1]) for line in own[columns].astype(object).itertuples(index=False, name=None)}


def _file(run: Run, line: Mapping[Any, Any], scores: Scores) -> _File | str:
    """The picture that `line` names, or a sentence why it cannot be shown: it must lie inside the run."""
    root = run.directory.resolve()
    path = Path(os.path.realpath(root / str(line["note"]).replace("\0", "")))
    if not path.is_relative_to(root) or not os.path.isfile(path):  # noqa: PTH113 - false for a name that is too long
        return f"The picture {line['note']!r} is not in the run directory: it is left out."
    label = _label(line, run.methods)
    if line["part"] == "clean" or (line["part"] == "degraded" and line["kind"] == "experiment"):
        return _File(label, _part(line), path)  # an experiment scores what its methods make, not what they get
    part = str(line["part"])
    method = "noisy" if part == "degraded" and line["kind"] == "quality" else line["method"]
    variant, options = ("default", "{}") if method == "noisy" else (line["variant"], line["options"])
    key = (line["kind"], method, variant, options, line["dtype"], line["device"], *(line[column] for column in _CASE))
    return _File(label, _part(line), path, (scores.get(("psnr_db", *key)), scores.get(("residual_std_255", *key))))


def _part(line: Mapping[str, object]) -> str:
    return "degraded" if str(line["variant"]).startswith("noisy") else str(line["part"])


def _label(line: Mapping[str, object], methods: Methods) -> str:
    part = _part(line)
    if part == "degraded":
        return methods.title("noisy") if line["task"] == "denoise" else "degraded input"
    if part != "restored":
        return part
    method = line["method"] if line["kind"] == "quality" else str(line["variant"]).partition(" ")[0]
    return label_of(methods, str(method), str(line["options"]), str(line["dtype"]), str(line["device"]))


def _spread(groups: list[_Group]) -> list[_Group]:
    """`MOST_PANELS` of them, taking degradations in turn, so that each keeps some images."""
    levels: dict[tuple[str, str], list[_Group]] = {}
    for group in groups:
        levels.setdefault((group.source, group.level), []).append(group)
    turns = max(map(len, levels.values()))
    taken = [members[turn] for turn in range(turns) for members in levels.values() if turn < len(members)]
    kept = {id(group) for group in taken[:MOST_PANELS]}
    return [group for group in groups if id(group) in kept]


def _loaded(group: _Group, problems: list[str]) -> dict[Path, np.ndarray]:
    """The panel's pictures as uint8 arrays (H, W) or (H, W, 3); broken ones are named in `problems`."""
    found: dict[Path, np.ndarray] = {}
    for file in group.files:
        try:
            with Image.open(file.path) as image:
                if image.width * image.height > _MOST_PIXELS:
                    problems.append(f"The picture {file.path.name} has too many pixels for a page: it is left out.")
                    continue
                found[file.path] = np.asarray(image.convert("L" if image.mode in {"L", "1", "I;16"} else "RGB"))
        except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
            problems.append(f"The picture {file.path.name} cannot be read: it is left out.")
    return found


def _scale(picture: np.ndarray, height: int) -> int:
    """How many times lower `picture` is than `height`; one that is not a multiple of the scale lost some lines."""
    return max(round(height / int(picture.shape[0])), 1)


def _whole(pictures: Mapping[Path, np.ndarray]) -> tuple[int, int]:
    """Height and width that all pictures of the full size have: an upscaler's is cut to a multiple of its scale."""
    tallest = max(picture.shape[0] for picture in pictures.values())
    full = [picture.shape for picture in pictures.values() if _scale(picture, tallest) == 1]
    return min(shape[0] for shape in full), min(shape[1] for shape in full)


def _side(loaded: list[tuple[_Group, dict[Path, np.ndarray]]]) -> int:
    """The largest side with which everything stays within `BUDGET`, judged by the real size of crops of 96 pixels."""
    probes = [_cropped(group, pictures, 96) for group, pictures in loaded]
    each = [sum(len(shot.data) for shot in probe.shots) / probe.size**2 for probe in probes]
    limits = [min(_whole(pictures)) for _, pictures in loaded]
    fits = (
        side
        for side in SIZES
        if sum(cost * min(side, most) ** 2 for cost, most in zip(each, limits, strict=True)) <= BUDGET
    )
    return next(fits, SIZES[-1])


def _cropped(group: _Group, pictures: Mapping[Path, np.ndarray], side: int) -> Panel:
    whole = _whole(pictures)
    size = min(side, *whole)
    top, left = _most_different(group, pictures, size)
    shots = tuple(
        Shot(file.label, file.part, _data_uri(_crop(pictures[file.path], whole, (top, left, size))), *file.scores)
        for file in group.files
        if file.path in pictures
    )
    task, image = str(group.case["task"]), str(group.case["image"])
    luma = task == "upscale" and group.case["channels"] != 1
    return Panel(group.source, task, image, group.level, size, left, top, luma, shots)


def _crop(picture: np.ndarray, whole: tuple[int, int], window: tuple[int, int, int]) -> np.ndarray:
    """The window (top, left, size; in pixels of the whole) of a picture that may be smaller by a scale."""
    scale = _scale(picture, whole[0])
    top, left, size = (length // scale for length in window)
    return picture[top : top + max(size, 1), left : left + max(size, 1)]


def _most_different(group: _Group, pictures: Mapping[Path, np.ndarray], size: int) -> tuple[int, int]:
    """Top left corner of the window in which the restored pictures differ most, on a grid that fits every scale."""
    height, width = _whole(pictures)
    same = [file for file in group.files if file.path in pictures and _scale(pictures[file.path], height) == 1]
    restored = [file for file in same if file.part == "restored"]
    shown = restored if len(restored) > 1 else same
    compared = np.stack([_gray(pictures[file.path][:height, :width]) for file in shown])
    mean = uniform_filter(compared.std(axis=0), size, mode="constant")
    half = size // 2
    inside = mean[half : height - size + half + 1, half : width - size + half + 1]
    top, left = np.unravel_index(int(inside.argmax()), inside.shape)
    step = math.lcm(2, 3, 4)
    return int(top) // step * step, int(left) // step * step


def _gray(picture: np.ndarray) -> np.ndarray:
    return picture.astype(np.float32) if picture.ndim == 2 else picture.mean(axis=2, dtype=np.float32)  # noqa: PLR2004 - (H, W)


def _data_uri(crop: np.ndarray) -> str:
    """The crop as lossless WebP, which noise leaves smaller than PNG."""
    buffer = io.BytesIO()
    Image.fromarray(crop).save(buffer, format="webp", lossless=True, quality=70, method=3)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
