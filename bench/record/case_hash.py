"""What a finished case is known by: a hash of all that decides its result.

Method, options, image, noise and every other field of the case; the bytes of the image and of the weights; the code
that measures, that of a user's own method, metric and degradation included; and the versions of the libraries that
compute. A case whose hash is in the run's rows is finished; one whose image, weights or code has changed since is
measured again.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path

from bench.plan.case import GIVEN, Case
from restoration.catalog import files_of, get, source_of
from restoration.errors import RestorationError
from restoration.objects import digest

_LIBRARIES = ("torch", "numpy", "scipy", "scikit-image", "pillow")


def case_hash(case: Case, images: Sequence[Path] = ()) -> str:
    """The hash of a case as it would be measured now, 32 hexadecimal digits; `images` are the files that it reads."""
    facts = [json.dumps(vars(case), sort_keys=True), code()]
    if case.kind != "experiment":
        facts.append(_method_facts(case.method, case.options, case.channels, case.scale, digest(case.method)))
    if case.kind == "quality":
        facts.append(_judging_facts(case.metrics, case.degradation))
    facts.append(_image_facts(tuple(images)))
    return hashlib.sha256("\n".join(facts).encode(errors="backslashreplace")).hexdigest()[:32]


@cache
def code() -> str:
    """The hash of this product's code and of the versions of the libraries that compute."""
    found = hashlib.sha256("".join(version(name) for name in _LIBRARIES).encode())
    for package in ("restoration", "bench"):
        root = Path(str(importlib.import_module(package).__file__)).parent
        for path in sorted(root.rglob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()


@lru_cache(maxsize=4096)
def _method_facts(name: str, options: str, channels: int, scale: int, offered: str) -> str:
    """Hashes of the user's code behind a method and beside it, of its weights, and of the files its options name.

    That of an object is `offered`.
    """
    from restoration.method import Setup

    values = json.loads(options)
    facts = [offered, *map(_digest, files_of(name)), *_files_facts(*values.values())]
    try:
        method = get(name)
        checked = method.checked(Setup(channels=channels, scale=scale, options=values))
        facts += [_weights_digest(weights) for weights in (method.weights(checked) if method.weights else ())]
    except RestorationError as error:  # it will fail when it is measured, and say why
        facts.append(str(error))
    return " ".join([*facts, *_code_facts(source_of(name))])  # a module's file is known now that it has been imported


@lru_cache(maxsize=4096)
def _judging_facts(metrics: str, degradation: str) -> str:
    """Hashes of the user's code behind the metrics and the degradation, and of the files that its options name."""
    from restoration import degradations, metrics as metric_table

    facts = []
    try:
        for name in json.loads(metrics or "[]"):
            metric_table.get(name)
            facts += _code_facts(metric_table.source_of(name))
        if degradation != GIVEN:
            facts += _files_facts(*degradations.get(degradation).options.values())
            facts += _code_facts(degradations.source_of(degradation))
    except RestorationError as error:  # it will fail when it is measured, and say why
        facts.append(str(error))
    return " ".join(facts)


def _files_facts(*names: object) -> list[str]:
    """Hashes of those of the names that are files."""
    return [_digest(Path(name)) for name in names if isinstance(name, str) and _is_file(name)]


def _code_facts(source: Path | None) -> list[str]:
    """Hashes of a user's file of code and of those beside it."""
    return [_digest(path) for path in sorted(source.parent.glob("*.py"))] if source else []


def _weights_digest(name: str) -> str:
    from restoration.weights import TABLE

    return " ".join(file.sha256 for file in TABLE[name].files) if name in TABLE else name


@lru_cache(maxsize=65536)
def _image_facts(paths: tuple[Path, ...]) -> str:
    return " ".join(map(_digest, paths))


def _digest(path: Path) -> str:
    """SHA-256 of a file; what is not there has none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return f"no {path.name}"


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # too long, or a null byte: no path
        return False
