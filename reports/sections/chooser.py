"""The chooser: the answer to a question in a sentence, how to run what was chosen, and what the page's form needs.

The script of the page puts the same sentences together from the same words.
"""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.derive.choice import Candidate, Choice, Limit, Question, choose
from reports.derive.one_size import ratio
from reports.draw.number_text import counted
from reports.read.methods import options_of
from reports.sections.words import sentences, words

_WHOLE_FROM = 100
_SMALLEST = 1e4


@dataclass(frozen=True)
class Answer:
    """What is said: the name of what was chosen, empty where nothing fits, and the rest of the sentence."""

    name: str
    text: str

    @property
    def whole(self) -> str:
        """The sentence."""
        return f"{self.name}: {self.text}" if self.name else self.text


def answer(choice: Choice, size: str = "") -> Answer:
    """The sentence about a choice for an image of `size`, 1920x1080 for instance, or else for a megapixel."""
    say = _Speaker(choice.question, size)
    chosen = choice.chosen
    if chosen is None:
        near = [say.near(limit, one) for limit, one in choice.closest]
        parts = [words("choice.none"), *(near or [words("choice.none_near")])]
    else:
        parts = [say.facts(chosen), say.better(choice, chosen), *say.cheaper(choice, chosen)]
    parts += [
        words("choice.unknown_memory", count=count)
        if limit == "memory"
        else words("choice.unknown_budget", count=count)
        for limit, count in choice.unknown
    ]
    return Answer(chosen.name if chosen else "", f"{'; '.join(parts)}.")


@dataclass(frozen=True)
class _Speaker:
    """Writes candidates with their numbers for the image of the question."""

    question: Question
    size: str

    @property
    def per(self) -> str:
        return words("choice.image", size=self.size) if self.size else words("choice.each")

    def time(self, one: Candidate) -> str:
        ms = number((one.ms or 0) * self.question.megapixels)
        return words("choice.time", ms=ms, per=self.per, timed=one.size)

    def facts(self, one: Candidate) -> str:
        db, images = decibels(one.db), counted(one.images, "image")
        if one.ms is None:
            return words("choice.untimed", db=db, images=images)
        return words("choice.facts", db=db, images=images, time=self.time(one))

    def pace(self, other: Candidate, chosen: Candidate) -> str:
        """How fast the other is beside what was chosen; where they were not timed at one size, its own time."""
        found = ratio(other.times[:1], chosen.times[:1])
        if found is None:
            return words("choice.other_size", time=self.time(other))
        times = number(max(found.value, 1 / found.value))
        if times == "1":
            return words("choice.as_fast")
        return words("choice.slower", times=times) if found.value > 1 else words("choice.quicker", times=times)

    def better(self, choice: Choice, chosen: Candidate) -> str:
        other = choice.better
        if other is None:
            higher = any(one.db > chosen.db for one in choice.left)
            return words("choice.best_unsure") if higher else words("choice.best")
        gain, images = decibels(other.db - chosen.db), counted(other.images, "image")
        if not other.ms or not chosen.ms:
            return words("choice.better_untimed", name=other.name, gain=gain, images=images)
        return words("choice.better", name=other.name, gain=gain, images=images, pace=self.pace(other, chosen))

    def cheaper(self, choice: Choice, chosen: Candidate) -> Iterator[str]:
        other, quality = choice.cheaper, choice.question.quality
        if not chosen.ms:
            return
        if quality is not None:
            asked = plain(quality)
            if other:
                images = counted(other.images, "image")
                yield words("choice.reaches", name=other.name, quality=asked, images=images, time=self.time(other))
            else:
                yield words("choice.nothing_cheaper", quality=asked)
        elif other and other.ms:
            loss, images, pace = (
                decibels(chosen.db - other.db),
                counted(other.images, "image"),
                self.pace(other, chosen),
            )
            if other.name in chosen.unsure:
                yield words("choice.cheaper_unsure", name=other.name, loss=loss, images=images, pace=pace)
            else:
                yield words("choice.cheaper", name=other.name, loss=loss, images=images, pace=pace)
        else:
            yield words("choice.fastest")

    def near(self, limit: Limit, one: Candidate) -> str:
        """What comes closest to a limit that it does not meet, and by how much it misses it."""
        size, facts = self.question.megapixels, self.facts(one)
        if limit == "budget":
            over, images = number((one.ms or 0) * size - (self.question.budget or 0)), counted(one.images, "image")
            db, time = decibels(one.db), self.time(one)
            return words("choice.near_budget", name=one.name, db=db, images=images, time=time, over=over)
        if limit == "quality":
            short = decibels((self.question.quality or 0) - one.db)
            return words("choice.near_quality", name=one.name, facts=facts, short=short)
        if limit == "memory":
            mib = number((one.mib or 0) * size)
            return words("choice.near_memory", name=one.name, facts=facts, mib=mib, per=self.per)
        if limit == "licence":
            return words("choice.near_licence", name=one.name, facts=facts, licence=one.licence)
        return words("choice.near_device", name=one.name, facts=facts, device=one.device)


def decibels(value: float) -> str:
    """To two places."""
    return f"{value:.2f}"


def plain(value: float) -> str:
    """As it was given."""
    return f"{value:.12g}"


def number(value: float) -> str:
    """To three digits, whole from 100 on; halves go up, as they do in the script of the page."""
    if value >= _WHOLE_FROM:
        return f"{math.floor(value + 0.5):,}"
    if value <= 0:
        return "0"
    places = min(10.0 ** (2 - math.floor(math.log10(value))), _SMALLEST)
    return f"{math.floor(value * places + 0.5) / places:.12g}"


def command(one: Candidate) -> str:
    """The command that measures a candidate on the user's own images."""
    return words("choice.command", method=_chosen_options(one))


def python(one: Candidate) -> tuple[str, ...]:
    """The three lines of Python that restore the user's own images with a candidate."""
    method = json.dumps(one.method, ensure_ascii=False)
    return (
        words("choice.python_import"),
        words("choice.python_setup", method=method, setup=_setup(one)),
        words("choice.python_restore", method=method),
    )


def _chosen_options(one: Candidate) -> str:
    """The method and its settings as the command line takes them."""
    kind = one.kind.split(", ")[1] if one.scale > 1 else ""
    sets: dict[str, object] = {"sigma_255": one.sigma} if one.sigma else {}
    sets |= {"scale": one.scale, "degradation": kind.split(" ×")[0]} if one.scale > 1 else {}
    pairs = [f"{name}={_toml(value)}" for name, value in {**sets, **options_of(one.options)}.items()]
    return " ".join((shlex.quote(one.method), *(f"--set {shlex.quote(pair)}" for pair in pairs)))


def _setup(one: Candidate) -> str:
    chosen = dict(options_of(one.options))
    parts = [f"channels={one.channels}"]
    parts += [f"sigma={one.sigma:g} / 255"] if one.sigma else []
    parts += [f"scale={one.scale}"] if one.scale > 1 else []
    parts += [f'device="{one.device}"'] if one.device != "cpu" else []
    parts += [f"options={chosen!r}"] if chosen else []
    return ", ".join(parts)


def _toml(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else _bare(value)


def _bare(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True)
class Chooser:
    """What the page shows before its script answers questions, and what the script needs."""

    kinds: tuple[tuple[str, str], ...]
    """Each kind of input with its name, the usual one first."""
    sigmas: tuple[str, ...]
    answer: Answer
    """The best of the usual kind of input, at any price."""
    command: str
    python: str
    rule: str
    payload: str


def chooser(found: Sequence[Candidate], kinds: Mapping[str, Sequence[float]], colors: Mapping[str, str]) -> Chooser:
    """The chooser of a run that has something to choose from."""
    kind = next(iter(kinds))
    choice = choose(found, Question(kind, kinds[kind][0]))
    best = choice.chosen
    return Chooser(
        kinds=tuple((one, title(one, 0)) for one in kinds),
        sigmas=tuple(f"{sigma:g}" for sigma in kinds[kind] if sigma),
        answer=answer(choice),
        command=command(best) if best else "",
        python="\n".join(python(best)) if best else "",
        rule=words("choice.rule"),
        payload=payload(found, kinds, colors),
    )


def title(kind: str, sigma: float) -> str:
    """A kind of input as a heading: `Denoising, sigma 25`."""
    task, *rest = kind.split(", ")
    what = {"denoise": "Denoising", "upscale": "Upscaling"}.get(task, task)
    return ", ".join((what, *([f"sigma {sigma:g}"] if sigma else []), *rest))


def payload(found: Sequence[Candidate], kinds: Mapping[str, Sequence[float]], colors: Mapping[str, str]) -> str:
    """What the page's script chooses from, as JSON: kinds of input, candidates, and the words of the answer."""
    numbers = {(one.kind, one.sigma, one.name): number for number, one in enumerate(found)}
    points: list[dict[str, Any]] = [
        {
            "number": place, "unsure": sorted(numbers[one.kind, one.sigma, name] for name in one.unsure),
            "name": one.name, "kind": one.kind, "sigma": one.sigma, "db": one.db, "ms": one.ms, "mib": one.mib,
            "licence": one.licence, "restricted": sorted(one.restricted), "device": one.device,
            "images": counted(one.images, "image"), "timed": one.size, "color": colors.get(one.name, ""),
            "command": command(one), "python": "\n".join(python(one)),
        }
        for place, one in enumerate(found)
    ]  # fmt: skip
    said = {name: text for name, text in sentences()["choice"].items() if not name.startswith(("python", "command"))}
    return json.dumps(
        {"kinds": dict(kinds), "points": points, "words": said}, ensure_ascii=False, separators=(",", ":")
    )
