"""The hash of a case follows all that decides its result, the code of the user's own method among it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.measure.image_set import ImageSet
from bench.plan.case import Case
from bench.record import case_hash as module
from bench.record.case_hash import case_hash, code

METHOD = """\
from restoration.method import Method
IT = Method('own', 'denoise', lambda setup: lambda image: image * {})
"""


JUDGE = """\
from restoration import Metric
IT = Metric('it', lambda restored, reference: 1.0, 'bigger')
def darker(image):
    return image / 2
"""


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """A process reads the code, weights and images once; here each test begins anew."""
    caches = (code, module._method_facts, module._judging_facts, module._image_facts)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


def test_it_follows_every_field_the_image_and_the_weights(folder: Path, tmp_path: Path) -> None:
    images = ImageSet(folder)
    ramp, three = images.paths("ramp.png"), images.paths("three.png")
    case = Case("quality", "dct", image="ramp.png", sigma_255=25.0)
    hashes = [case_hash(case, ramp), case_hash(case, three)]
    hashes += [case_hash(Case("quality", "dct", image="ramp.png", sigma_255=25.0, seed=1), ramp)]
    hashes += [case_hash(Case("quality", "dct", options='{"ratio":2.0}', image="ramp.png", sigma_255=25.0), ramp)]
    weights = tmp_path / "weights.safetensors"
    for content in (b"a", b"b"):
        weights.write_bytes(content)
        module._method_facts.cache_clear()
        hashes.append(case_hash(Case("time", "ffdnet", options=f'{{"checkpoint":"{weights}"}}')))
    assert len(set(hashes)) == len(hashes)
    assert case_hash(case, ramp) == hashes[0]


@pytest.mark.parametrize("package", ["restoration", "bench"])
@pytest.mark.parametrize("change", ["edited", "added"])
def test_it_changes_with_any_file_of_the_code(
    package: str, change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of a package's files stands for it: what is hashed is what lies there."""
    copies = {}
    for name in ("restoration", "bench"):
        inner = tmp_path / name / "inner"
        inner.mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text("")
        (inner / "part.py").write_text("x = 1\n")
        copies[name] = type(sys)(name)
        copies[name].__file__ = str(tmp_path / name / "__init__.py")
    monkeypatch.setattr(importlib, "import_module", copies.__getitem__)
    before = code()
    code.cache_clear()
    assert code() == before
    changed = tmp_path / package / "inner" / ("part.py" if change == "edited" else "more.py")
    changed.write_text("x = 2\n")
    code.cache_clear()
    assert code() != before


def test_it_holds_the_hash_of_the_code_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case("quality", "noisy")
    before = case_hash(case)
    monkeypatch.setattr(module, "code", lambda: "other code")
    assert case_hash(case) != before


@pytest.mark.parametrize("name", ["own_method_hashed:IT", "own_method_hashed.py:IT"])
@pytest.mark.parametrize("changed", ["own_method_hashed.py", "beside.py"])
def test_it_changes_with_a_users_own_module_and_what_lies_beside_it(
    name: str, changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_method_hashed", raising=False)
    (tmp_path / "own_method_hashed.py").write_text(METHOD.format(1))
    case = Case("quality", name)
    before = case_hash(case)
    module._method_facts.cache_clear()
    assert case_hash(case) == before
    (tmp_path / changed).write_text(METHOD.format(2))
    module._method_facts.cache_clear()
    assert case_hash(case) != before


def test_it_follows_the_code_of_own_metrics_and_degradations_and_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "judge_of_a_hash.py").write_text(JUDGE)
    np.save("k.npy", np.ones((3, 3)) / 9)
    usual = Case("quality", "noisy", task="denoise", degradation="awgn")
    cases = [
        replace(usual, metrics='["judge_of_a_hash.py:IT"]'),
        replace(usual, degradation="judge_of_a_hash.py:darker"),
        replace(usual, degradation="blur kernel=k.npy"),
    ]
    before, plain = [case_hash(case) for case in cases], case_hash(usual)
    (tmp_path / "beside.py").write_text("x = 1\n")
    np.save("k.npy", np.ones((5, 5)) / 25)
    module._judging_facts.cache_clear()
    assert all(case_hash(case) != known for case, known in zip(cases, before, strict=True))
    assert case_hash(usual) == plain
