"""The conformance test finds each kind of broken promise, and nothing in a method that keeps them all."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bench.checks.contract import CHECKS, Outcome, check
from restoration.errors import OptionError
from restoration.method import Agreement, Method


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Outcome]]:
    """Outcomes by name for a restorer, or for a Method of which `facts` are claimed."""

    def find(restore: Callable[[Tensor], Any], **facts: Any) -> dict[str, Outcome]:
        method = Method(**({"name": "given", "task": "denoise", "build": lambda _: restore} | facts))
        peers = {"given": method, "peer": Method(name="peer", task="denoise", build=lambda _: torch.clone)}
        monkeypatch.setattr("bench.checks.contract.get", peers.__getitem__)
        return {outcome.check: outcome for outcome in check("given")}

    return find


def failed(outcomes: dict[str, Outcome]) -> set[str]:
    return {name for name, outcome in outcomes.items() if outcome.verdict == "fail"}


def overwritten() -> Callable[[Tensor], Tensor]:
    memory: dict[tuple[int, ...], Tensor] = {}

    def restore(noisy: Tensor) -> Tensor:
        return memory.setdefault(tuple(noisy.shape), torch.empty_like(noisy)).copy_(noisy)

    return restore


def counting() -> Callable[[Tensor], Tensor]:
    calls = iter(range(10_000))
    return lambda noisy: noisy + 1e-3 * next(calls)


def unsafe() -> Callable[[Tensor], Tensor]:
    kept: list[Tensor] = []

    def restore(noisy: Tensor) -> Tensor:
        kept.append(noisy)
        time.sleep(2e-3)
        return kept[-1].clone()

    return restore


def hurried(noisy: Tensor) -> Tensor:
    torch.manual_seed(0)
    return noisy.clone()


@pytest.mark.parametrize(
    ("restore", "broken", "said"),
    [
        (lambda noisy: noisy[..., :-1, :], "shapes", "(2, 1, 31, 32), expected (2, 1, 32, 32)"),
        (lambda noisy: noisy[..., : noisy.shape[-2] // 2 * 2, :], "shapes", "(2, 1, 32, 47), expected (2, 1, 33, 47)"),
        (lambda noisy: noisy.double(), "dtypes", "became torch.float64"),
        (lambda noisy: noisy.numpy(), "runs", "returned a ndarray, expected one tensor"),
        (lambda noisy: noisy / 0, "finite", "NaN or infinite"),
        (lambda noisy: noisy * 255, "range", "is it scaled to 255?"),
        (lambda noisy: noisy * 0, "range", "mean 0"),
        (lambda noisy: noisy + 1e-3 * torch.randn_like(noisy), "deterministic", "a second call gives another image"),
        (counting(), "deterministic", "a second call gives another image"),
        (lambda noisy: noisy.mul_(0.9), "input untouched", "the degraded image was changed"),
        (overwritten(), "output kept", "the next call overwrote"),
        (lambda noisy: noisy.as_strided(noisy.shape, noisy.contiguous().stride()), "any layout", "strided view"),
        (lambda noisy: noisy - noisy.mean() + 0.5, "batch = singles", "differs when it is alone"),
        (lambda noisy: noisy[:, :1], "channels", "channels 3"),
        (hurried, "global settings", "torch's random state"),
    ],
)
def test_each_broken_promise_is_found_and_named(
    checked: Callable[..., dict[str, Outcome]], restore: Callable[[Tensor], Any], broken: str, said: str
) -> None:
    outcomes = checked(restore)
    assert broken in failed(outcomes)
    assert said in outcomes[broken].finding


def test_what_no_counter_sees_whole_is_not_held_against_the_closed_form(
    checked: Callable[..., dict[str, Outcome]],
) -> None:
    conv = nn.Conv2d(1, 1, 1)
    claims = {"channels": (1,), "macs_per_pixel": lambda _: 10.0}
    hidden = checked(conv, algorithms=lambda _: {"winograd": 4.0, "direct": 10.0}, **claims)
    assert hidden["count"].verdict == "skip"
    assert hidden["count"].finding == "what runs (winograd) multiplies where no counter sees it"
    assert "count" in failed(checked(conv, algorithms=lambda _: {"direct": 10.0}, **claims))


def test_claims_are_held_against_the_method(checked: Callable[..., dict[str, Outcome]]) -> None:
    conv = nn.Conv2d(1, 1, 3, padding=1)
    conv.weight.data.fill_(1 / 9)
    conv.bias.data.zero_()  # type: ignore[union-attr] - it has one
    grey = {"channels": (1,)}
    wrong = checked(conv, macs_per_pixel=lambda _: 8.0, same_as=Agreement("peer", 1e-3), dtypes=("float64",), **grey)
    assert {"count", "same_as", "dtypes"} <= failed(wrong)
    assert "closed form 8 MAC/px, counted 9" in wrong["count"].finding
    assert "claims 0.001" in wrong["same_as"].finding
    assert failed(checked(conv, macs_per_pixel=lambda _: 9.0, thread_safe=True, **grey)) == set()
    assert "thread-safe" in failed(checked(unsafe(), thread_safe=True))
    assert "scales" in failed(checked(torch.clone, scales=(1, 2)))


def test_a_method_that_keeps_all_promises_fails_nothing(checked: Callable[..., dict[str, Outcome]]) -> None:
    outcomes = checked(torch.clone, thread_safe=True, same_as=Agreement("peer", 0), macs_per_pixel=lambda _: 0.0)
    assert failed(outcomes) == set()
    assert set(outcomes) == {"builds", *CHECKS}


def test_a_build_that_fails_is_the_one_outcome(checked: Callable[..., dict[str, Outcome]]) -> None:
    outcomes = checked(torch.clone, build=lambda _: 1 / 0)
    assert list(outcomes) == ["builds"]
    assert "ZeroDivisionError" in outcomes["builds"].finding


def test_an_option_it_does_not_have_is_bad_use() -> None:
    with pytest.raises(OptionError, match="no option 'radius'"):
        check("noisy", options={"radius": 1})


@pytest.mark.parametrize("name", ["noisy", "dct", "bicubic"])
def test_built_in_methods_keep_the_contract(name: str) -> None:
    assert [outcome for outcome in check(name) if outcome.verdict == "fail"] == []


def test_the_command_ends_with_status_1_and_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "def cut(noisy):\n    return noisy[..., 1:]\n\ndef fine(noisy):\n    return noisy\n"
    )

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bench", "check", *arguments, "--format", "json"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = run("mine:cut")
    assert done.returncode == 1
    assert {record["check"]: record["verdict"] for record in json.loads(done.stdout)}["shapes"] == "fail"
    assert done.stderr.count("\n") == 1
    assert run("mine:fine").returncode == 0
    assert run("mine:fine", "--set", "radius=1").returncode == 2


@pytest.mark.parametrize(
    ("restore", "broken"),
    [(lambda noisy: noisy.mul_(0.9), "input untouched"), (lambda noisy: noisy / 0 * 0, "finite")],
)
def test_one_fault_is_found_under_one_name(
    checked: Callable[..., dict[str, Outcome]], restore: Callable[[Tensor], Any], broken: str
) -> None:
    assert set(failed(checked(restore))) == {broken}
