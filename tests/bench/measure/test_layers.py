"""Layers' times add up to the whole, and their operations to the method's."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from bench.errors import BenchError
from bench.measure import layers
from bench.measure.layers import BETWEEN, Profile, in_layers, profile, readings
from bench.plan.case import Case, options_text
from restoration.method import Method

CASE = Case("layers", "given", task="denoise", height=32, width=32, sigma_255=25)


class Network(nn.Module):
    """Two convolutions, one of them run twice, and something between."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(1, 4, 3, padding=1, bias=False)
        self.body = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.ReLU(), nn.Identity())
        self.tail = nn.Conv2d(4, 1, 3, padding=1, bias=False)

    def forward(self, image: Tensor) -> Tensor:
        return image - self.tail(self.body(self.body(self.head(image))))


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Tensor], Tensor]], None]:
    """Makes the method called `given` the callable it is handed."""

    def give(restore: Callable[[Tensor], Tensor]) -> None:
        method = Method(name="given", task="denoise", build=lambda _: restore)
        monkeypatch.setattr(layers, "get", lambda _: method)

    return give


def ticking() -> Callable[[], float]:
    """A clock that is one second further at each look."""
    ticks = itertools.count()
    return lambda: float(next(ticks))


def taken_apart(**options: object) -> Profile:
    return profile(CASE, repeats=3, clock=ticking(), **options)  # type: ignore[arg-type]  # a test's own options


def test_layers_and_what_lies_between_add_up_to_the_instrumented_whole(
    given: Callable[[Callable[[Tensor], Tensor]], None],
) -> None:
    given(Network())
    found = taken_apart()
    assert [layer.name for layer in found.layers] == ["head", "body.0", "body.1", "tail", BETWEEN]
    for repeat, whole in enumerate(found.instrumented):
        assert sum(layer.seconds[repeat] for layer in found.layers) == pytest.approx(whole)
    assert [layer.seconds[0] for layer in found.layers][:4] == [1, 2, 2, 1]  # looks at the clock: body runs twice
    assert found.plain == (1, 1, 1)


def test_operations_of_layers_add_up_to_the_whole(given: Callable[[Callable[[Tensor], Tensor]], None]) -> None:
    given(Network())
    macs = {layer.name: layer.macs for layer in taken_apart().layers}
    assert macs == {"head": 36 * 1024, "body.0": 2 * 144 * 1024, "body.1": 0, "tail": 36 * 1024, BETWEEN: 0}


def test_peaks_count_what_is_alive_during_a_layer(given: Callable[[Callable[[Tensor], Tensor]], None]) -> None:
    given(Network().to(memory_format=torch.channels_last))  # type: ignore[call-overload]  # missing in the stubs
    peaks = {layer.name: layer.peak_bytes for layer in taken_apart().layers}
    image = 32 * 32 * 4
    assert peaks["head"] >= 5 * image
    assert peaks["body.0"] >= 9 * image
    assert max(peaks.values()) == peaks[BETWEEN]


def test_a_method_without_modules_is_one_layer(given: Callable[[Callable[[Tensor], Tensor]], None]) -> None:
    given(torch.tanh)
    found = taken_apart()
    assert [layer.name for layer in found.layers] == [BETWEEN]
    assert any("tanh" in operator.name for operator in found.operators)


def test_weights_in_a_closure_have_layers_too(given: Callable[[Callable[[Tensor], Tensor]], None]) -> None:
    network = Network()
    given(lambda image: network(image).clamp(0, 1))
    assert "body.0" in {layer.name for layer in taken_apart().layers}


def test_the_hooks_are_gone_afterwards(given: Callable[[Callable[[Tensor], Tensor]], None]) -> None:
    network = Network()
    given(network)
    taken_apart()
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


def test_readings_hold_every_sample_with_its_unit(given: Callable[[Callable[[Tensor], Tensor]], None]) -> None:
    given(Network())
    found = list(readings(taken_apart()))
    seconds = [reading for reading in found if reading.quantity == "seconds"]
    assert {(r.note, r.repeat) for r in seconds if r.part == ""} == {
        (note, repeat) for note in ("instrumented", "plain") for repeat in range(3)
    }
    assert {reading.unit for reading in found} == {"s", "MAC", "B"}
    assert sum(reading.quantity == "operator_seconds" for reading in found) <= layers.SLOWEST


def test_a_trace_for_chrome_is_written(given: Callable[[Callable[[Tensor], Tensor]], None], tmp_path: Path) -> None:
    given(Network())
    path = tmp_path / "deep" / "trace.json"
    taken_apart(trace=path)
    assert any("conv" in event.get("name", "") for event in json.loads(path.read_text(encoding="utf-8"))["traceEvents"])


def test_a_trace_that_cannot_be_written_is_said_so(
    given: Callable[[Callable[[Tensor], Tensor]], None], tmp_path: Path
) -> None:
    given(Network())
    (tmp_path / "file").touch()
    with pytest.raises(BenchError, match="cannot write the trace"):
        taken_apart(trace=tmp_path / "file" / "trace.json")


def test_what_is_no_restorer_is_refused(given: Callable[[Callable[[Tensor], Tensor]], None]) -> None:
    given(lambda image: (image, image))  # type: ignore[arg-type,return-value]  # wrong on purpose
    with pytest.raises(BenchError, match="returned a tuple"):
        taken_apart()


def test_a_network_is_taken_apart_in_a_runtime_that_has_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    method = Method(name="given", task="denoise", build=lambda _: torch.tanh, options={"runtime": "auto", "tile": 0})
    monkeypatch.setattr(layers, "get", lambda _: method)
    assert in_layers(CASE).option_values() == {"runtime": "torch"}
    assert in_layers(CASE).variant == "runtime=torch"
    chosen = Case("layers", "given", "runtime=plain", options_text({"runtime": "plain"}))
    assert in_layers(chosen) == chosen


def test_torchs_trace_points_are_the_only_lines_kept_off_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with layers._without_trace_points():
        os.write(2, b"USDT: a trace point\na warning\n")
    os.write(2, b"USDT: another's\n")
    assert capfd.readouterr().err == "a warning\nUSDT: another's\n"
