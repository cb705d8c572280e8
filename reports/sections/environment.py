"""The machine and the software that the run was measured on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reports.draw.grid import Cell, Grid, Line, plain_text
from reports.read.run import Run
from reports.sections.section import Material, Section
from reports.sections.words import words

_MACHINE: Mapping[str, str] = {
    "cpu": "{}", "gpu": "{}", "cores_usable": "{} cores", "memory_gib": "{} GiB", "system": "{}", "python": "{}",
    "package_torch": "torch {}",
}  # fmt: skip
"""What of the environment the first screen names, and how."""


def section(material: Material) -> Section:
    """The machine and the software."""
    run = material.run
    started = run.section("started_on")
    timed_on, begun = (found or "not recorded" for found in (run.about.get("timed_on"), started.get("fingerprint")))
    two = words("environment.two", timed_on=timed_on, started=begun)
    return Section(
        "environment",
        "Environment",
        material.command,
        findings=(words("environment.machine", machine=machine(run)),),
        about=words("environment.about"),
        text=(two,) if started else (),
        grids=(Grid("environment", "Environment", ("part", "name", "value"), tuple(_lines(run))),),
    )


def _lines(run: Run) -> Iterator[Line]:
    about = run.section("environment")
    for part, what in (("stable", "machine and software"), ("state", "state when the run started")):
        values = about.get(part)
        if isinstance(values, dict):
            for name, value in values.items():
                yield Line(tuple(Cell(text, text) for text in (what, str(name), plain_text(value))))
    fingerprint = run.about.get("fingerprint")
    if isinstance(fingerprint, str) and fingerprint:
        yield Line((Cell("fingerprint"), Cell("of machine and software"), Cell(fingerprint)))


def machine(run: Run) -> str:
    """The machine in one line, from whatever of it was recorded."""
    stable = run.section("environment").get("stable")
    if not isinstance(stable, dict):
        return "not recorded"
    known = ((pattern, stable.get(name)) for name, pattern in _MACHINE.items())
    said = [pattern.format(value) for pattern, value in known if value not in (None, "", [])]
    return ", ".join(said) or "not recorded"


def short_name(run: Run) -> str:
    """The processor and the fingerprint of machine and software: what tells the machines of several runs apart."""
    stable = run.section("environment").get("stable")
    known = [stable.get(name) for name in ("cpu", "gpu")] if isinstance(stable, dict) else []
    return ", ".join(str(part) for part in (*known, run.about.get("fingerprint")) if part) or "not recorded"
