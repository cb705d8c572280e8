"""The scores of one method as the `model-index` of a Hugging Face model card.

The format is that of https://github.com/huggingface/hub-docs/blob/main/modelcard.md, as `huggingface_hub` reads it: a
task, a dataset and metrics for each kind of input, and every metric with its convention in words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reports.derive.summary import Summary
from reports.derive.values import Value, scores
from reports.draw.number_text import counted
from reports.errors import ReportError
from reports.read.run import Run
from reports.sections.conventions import terms
from reports.sections.score_tables import USUAL_NOISE

_TASKS = {
    "denoise": ("Image denoising", "Scoring of denoisers"),
    "upscale": ("Image super-resolution", "Scoring of upscalers"),
}
"""How a task is called, and which of the page's conventions its scores follow."""

_METRICS = {"psnr_db": ("psnr", "PSNR (dB)", 2), "ssim": ("ssim", "SSIM", 4)}
"""The type and the name of each metric, and to how many digits it is published."""

_HEADER = "# Paste this into the metadata (between the lines ---) at the top of the model card, README.md.\n"


def model_index(run: Run, summary: Summary, method: str) -> str:
    """The YAML for `method`; raises `ReportError` where the run does not have it, or none of its scores."""
    import yaml

    known = list(
        dict.fromkeys(
            str(name) for table in summary.tables.values() if "method" in table for name in table["method"].unique()
        )
    )
    if method not in known:
        raise ReportError(f"{run.directory}: no method {method!r} in this run; expected one of {', '.join(known)}")
    results = list(_results(run, summary, method))
    if not results:
        raise ReportError(f"{run.directory}: no score of {method} in this run; measure its quality first")
    title = run.methods.title(method)
    document = {"model-index": [{"name": title, "results": results}]}
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    return _HEADER + text


def _results(run: Run, summary: Summary, method: str) -> Iterator[dict[str, Any]]:
    """One result for each setting, with all metrics; one that an image lacks is a mean over the others, and says so."""
    found: dict[str, list[Value]] = defaultdict(list)
    for metric in _METRICS:
        for value in scores(summary, metric):
            if value.setting["method"] == method:
                found[value.name].append(value)
    for together in found.values():
        yield _result(run, together)


def _result(run: Run, together: Sequence[Value]) -> dict[str, Any]:
    at, images = together[0].setting, together[0].images
    task, convention = _TASKS.get(str(at["task"]), (str(at["task"]), ""))
    said = " ".join(text for name, text in terms() if name == convention)
    what = {"variant": str(at["variant"]), "channels": int(at["channels"]), "degradation": str(at["degradation"])}
    if at["sigma_255"]:
        what["sigma_255"] = float(at["sigma_255"])
    if at["scale"] > 1:
        what["scale"] = int(at["scale"])
    return {
        "task": {"type": "image-to-image", "name": f"{task}, {_input(at)}"},
        "dataset": _dataset(run, images, _input(at), what),
        "metrics": [_metric(value, said) for value in together],
    }


def _input(at: Mapping[str, Any]) -> str:
    """What the method was given, in words."""
    variant = "" if at["variant"] == "default" else f", {at['variant']}"
    channels = "grey" if at["channels"] == 1 else "colour"
    return f"{_level(at)}, {channels}{variant}"


def _level(at: Mapping[str, Any]) -> str:
    """What was done to the images; noise other than white is named beside what denoisers were told of it."""
    if at["task"] != "denoise":
        return f"x{at['scale']:g} after {at['degradation']}"
    if not at["sigma_255"]:
        return str(at["degradation"])
    sigma = f"sigma {at['sigma_255']:g} of 255"
    return sigma if at["degradation"] in {USUAL_NOISE, ""} else f"{at['degradation']}, told {sigma}"


def _dataset(run: Run, images: Sequence[str], config: str, what: Mapping[str, Any]) -> dict[str, Any]:
    """The images by the name of their set; the hash of the set is its revision.

    What differs in its `config` alone is kept apart by those who read it.
    """
    own = run.section("image_set")
    folder = str(run.about.get("image_folder") or "")
    name = str(own.get("name") or folder.rstrip("/").rpartition("/")[2] or "images bundled with scikit-image")
    revision = {"revision": str(own["sha256"])} if own.get("sha256") else {}
    return {
        "type": "-".join(name.lower().split()),
        "name": f"{name} ({counted(len(images), 'image')})",
        "config": config,
        **revision,
        "args": {**what, "images": list(images)},
    }


def _metric(value: Value, convention: str) -> dict[str, Any]:
    kind, name, digits = _METRICS[value.metric]
    return {
        "type": kind,
        "value": round(value.value, digits),
        "name": name,
        "args": {"convention": convention, "mean_over_images": len(value.images)},
    }
