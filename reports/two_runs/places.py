"""How a page of several runs names them: by machine, and by commit with its subject."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from reports.derive.labels import labelled
from reports.derive.speeds import measured_calls
from reports.draw.grid import plain_text
from reports.read.run import Run
from reports.read.tables import TABLES

SHORTEST = 7
"""Letters of a commit's name."""

UNKNOWN = "a machine that is not recorded"

_TRADE = re.compile(r"\((?:r|tm|c)\)|\bCPU\b|\bProcessor\b|@.*|\b\d+-Core\b", re.IGNORECASE)

_FIRST: Mapping[str, str] = {
    "cores_usable": "{} cores", "threads": "{} threads", "memory_gib": "{} GiB", "gpu": "{}", "system": "{}",
    "python": "{}", "package_torch": "torch {}",
}  # fmt: skip
"""What tells machines of one name apart, and how it is written: first what decides most."""

Subjects = Mapping[str, str]
"""The first line of a commit's message by its revision: for runs that did not record it."""


@dataclass(frozen=True)
class Place:
    """Where one run measured: a machine, and the device there."""

    name: str
    run: Run
    device: str


def revision_name(revision: object, subject: object) -> str:
    """A commit as people know it: `1a2b3c4 Its subject`; `+` where files differed from it; empty if not recorded."""
    commit = str(revision or "")
    changed = "+" if commit.endswith("+") else ""
    return f"{commit[:SHORTEST].rstrip('+')}{changed} {subject or ''}".strip() if commit else ""


def run_title(run: Run, subjects: Subjects) -> str:
    """The run's commit and subject, or its own name where no revision was recorded."""
    revision = run.about.get("revision")
    subject = run.about.get("subject") or subjects.get(str(revision), "")
    return revision_name(revision, subject) or run.name


def fingerprint(run: Run) -> str:
    """That of the machine and software; empty where none is stated."""
    found = run.about.get("fingerprint")
    return found if isinstance(found, str) else ""


def stable(run: Run) -> Mapping[str, object]:
    """What is known of machine and software."""
    found = run.section("environment").get("stable")
    return found if isinstance(found, dict) else {}


def places_of(runs: Sequence[Run]) -> tuple[Place, ...]:
    """Each run and device that it measured on, named so that no two have the same name."""
    found = [(run, device) for run in runs for device in _devices(run)]
    names = told_apart(
        [machine_name(stable(run), device) for run, device in found],
        [_facts(run, device) for run, device in found],
    )
    return tuple(Place(name, run, device) for name, (run, device) in zip(names, found, strict=True))


def machine_name(facts: Mapping[str, object], device: str = "cpu") -> str:
    """The processor, or the graphics card where that is the device, without what trade adds to its name."""
    found = facts.get("cpu") if device.partition(":")[0] in {"cpu", ""} else facts.get("gpu") or device
    words = _TRADE.sub(" ", plain_text(found)).split()
    return " ".join(words) or UNKNOWN


def told_apart(names: Sequence[str], facts: Sequence[Mapping[str, str]]) -> list[str]:
    """The names, each that several have followed by the facts in which these differ, or else by its number."""
    said = list(names)
    for key in dict.fromkeys(key for own in facts for key in own):
        for name in [name for name, count in Counter(said).items() if count > 1]:
            group = [number for number, other in enumerate(said) if other == name]
            if len({facts[number].get(key, "") for number in group}) > 1:
                for number in group:
                    said[number] = ", ".join(filter(None, (name, facts[number].get(key, ""))))
    for name in [name for name, count in Counter(said).items() if count > 1]:
        for place, number in enumerate([number for number, other in enumerate(said) if other == name], start=1):
            said[number] = f"{name} ({place})"
    return said


def machine_facts(known: Mapping[str, object]) -> dict[str, str]:
    """What may tell a machine from others with the same processor, as it is written, first what decides most."""
    order = [*_FIRST, *(name for name in known if name not in _FIRST and name != "cpu")]
    return {name: _written(name, known[name]) for name in order if name in known}


def _written(name: str, value: object) -> str:
    return _FIRST[name].replace("{}", plain_text(value)) if name in _FIRST else f"{name} {plain_text(value)}"


def _facts(run: Run, device: str) -> dict[str, str]:
    """What may tell a place from others of the same name, first what decides most."""
    return {
        **machine_facts(stable(run)),
        "device": device,
        "revision": revision_name(run.about.get("revision"), ""),
        "run": run.name,
    }


def _devices(run: Run) -> list[str]:
    """The devices that calls were timed on; the processor where none was timed."""
    timed = run.rows[(run.rows["kind"] == "time") & (run.rows["quantity"] == "seconds")]
    return sorted({str(device) for device in timed["device"].unique()}) or ["cpu"]


def table_of_place(place: Place, name: str) -> pd.DataFrame:
    """A table of the place's run without failed cases; `label` leaves out the device, which the place names."""
    table = TABLES[name](place.run)
    table = table[(table["error"] == "") & (table["device"].astype(object) == place.device)]
    return labelled(table.assign(device="cpu").reset_index(drop=True), place.run.methods)


def usual_calls(time: pd.DataFrame, case: list[str]) -> pd.DataFrame:
    """The measured calls of each `case` on the usual number of threads, or else on its own most."""
    measured = measured_calls(time)
    if measured.empty:
        return measured
    usual = measured["threads"].mode().iloc[0]
    known = measured.assign(far=(measured["threads"] != usual) * (1 / measured["threads"].clip(lower=1)))
    least = known.groupby(case, observed=True)["far"].transform("min")
    return known[known["far"] == least].drop(columns="far")
