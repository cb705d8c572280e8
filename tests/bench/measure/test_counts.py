"""Operations are exact, and whatever lies between two counters has a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from torch import Tensor, nn

from bench.errors import BenchError
from bench.measure.counts import SizeLaw, count
from bench.measure.operators import modules_of, seen_by_torch
from bench.plan.case import Reading
from restoration.catalog import get, names
from restoration.compiled.winograd import macs_per_place
from restoration.dct.operations import macs_by_algorithm
from restoration.errors import OptionError, WeightsMissingError
from restoration.method import Method, Option, Setup


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def by_counter(readings: tuple[Reading, ...]) -> dict[str, Reading]:
    return {reading.part: reading for reading in readings if reading.quantity == "macs_per_pixel"}


def value(readings: tuple[Reading, ...], quantity: str, part: str = "") -> float:
    found = [r.value for r in readings if (r.quantity, r.part) == (quantity, part)]
    assert len(found) == 1
    assert found[0] is not None
    return found[0]


def as_method(restore: Callable[..., Any], **facts: Any) -> Method:
    return Method(name="given", task="denoise", build=lambda _: restore, **facts)


def counted(name: str, *, sigma: float = 0.1, **options: Option) -> dict[str, Reading]:
    return by_counter(readings_of(name, sigma=sigma, **options))


def readings_of(name: str, *, sigma: float = 0.1, **options: Option) -> tuple[Reading, ...]:
    method = get(name)
    setup = Setup(channels=method.channels[0], scale=method.scales[0], sigma=sigma, options=options)
    try:
        return count(method, setup, height=64, width=64)
    except WeightsMissingError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("block_size", "stride", "expected"), [(8, 1, 8192), (16, 1, 131072), (8, 8, 128), (8, 4, 512), (5, 3, 1250 / 9)]
)
def test_dense_dct_costs_2_n4_by_every_counter_with_the_border_named(
    block_size: int, stride: int, expected: float
) -> None:
    found = counted("dct", engine="dense", block_size=block_size, stride=stride)
    assert {part: found[part].value for part in ("closed_form", "fvcore", "torch")} == pytest.approx(
        {"closed_form": expected, "fvcore": expected, "torch": expected}, rel=1e-12
    )
    if stride == 1:
        inside = (64 - block_size + 1) ** 2 / 64**2
        assert found["torch"].note == f"{expected * (inside - 1):+,.4g} at the border of 64 x 64, left out"


def test_ffdnet_as_published_costs_121_104_and_fvcore_charges_416_more_for_batch_norm() -> None:
    found = counted("ffdnet", runtime="plain")
    assert (found["closed_form"].value, found["torch"].value, found["fvcore"].value) == (121_104, 121_104, 121_520)
    assert found["torch"].note == ""
    assert "+416 by batch norm, which fvcore charges" in found["fvcore"].note
    assert found["parameters"].value == 486_080
    assert "4.0137 times the count" in found["parameters"].note
    assert "grid 2 times coarser per axis" in found["parameters"].note


def test_a_network_whose_fast_runtime_no_counter_sees_is_counted_as_published() -> None:
    found, plain = counted("ffdnet"), counted("ffdnet", runtime="plain")
    for counter in ("fvcore", "torch"):
        assert found[counter].value == plain[counter].value
        assert found[counter].note.startswith("of the layers as published: ")
        assert found[counter].note.endswith(plain[counter].note)
    asked = counted("ffdnet", runtime="winograd")  # who asks for a runtime is told what it shows
    assert asked["torch"].value is None


def test_what_moves_is_told_of_the_same_layers_as_what_multiplies() -> None:
    found, plain = readings_of("rdn-psnr-small"), readings_of("rdn-psnr-small", runtime="plain")
    for place in (
        ("activations_per_pixel", ""), ("bytes_per_pixel", "operators"), ("intensity_macs_per_byte", "operators"),
    ):  # fmt: skip
        assert value(found, *place) == value(plain, *place)  # torch sees a few of the layers that run, not all
        note = next(reading.note for reading in found if (reading.quantity, reading.part) == place)
        assert note.endswith("of the layers as published: what runs multiplies where no counter sees it")


def test_psnr_small_costs_654_420_by_every_counter_that_charges_multiplications() -> None:
    found = counted("rdn-psnr-small")
    assert (found["closed_form"].value, found["torch"].value) == (654_420, 654_420)
    assert found["parameters"].value == 2_619_635


@pytest.mark.slow
def test_rdn_costs_5_529_712() -> None:
    found = counted("rdn")
    assert {found[part].value for part in ("closed_form", "torch", "fvcore")} == {5_529_712}
    assert found["parameters"].value == 22_123_395
    assert "4.0008 times" in found["parameters"].note


@pytest.mark.parametrize("name", [name for name in names() if name not in {"rdn", "bm3d"}])
def test_whatever_a_counter_says_differs_from_the_closed_form_by_its_named_residue(name: str) -> None:
    found = counted(name)
    closed = found["closed_form"].value
    for part in ("fvcore", "torch"):
        reading = found[part]
        if reading.value is None:
            assert reading.note
        elif closed is not None:
            amounts = [
                text for text in reading.note.split("; ") if text.startswith(("+", "-")) and "border" not in text
            ]
            named = sum(float(text.split()[0].replace(",", "")) for text in amounts)
            assert reading.value - closed == pytest.approx(named, abs=1e-3)


def test_dct_by_implementation() -> None:
    costs = macs_by_algorithm(8)
    assert {name: costs[name] for name in ("dense", "separable", "shared rows")} == {
        "dense": 8192, "separable": 2048, "shared rows": 1152
    }  # fmt: skip
    assert costs["butterflies"] < 2 * (8 * 22 + 22)  # a factor of 1 is no multiplication
    assert macs_by_algorithm(16)["dense"] == 131072
    assert macs_by_algorithm(8, 8)["dense"] == 128


@pytest.mark.parametrize(
    ("name", "options", "algorithm"),
    [
        ("dct", {}, "butterflies"),
        ("dct", {"engine": "dense"}, "dense"),
        ("dct", {"engine": "separable"}, "shared rows"),
        ("dct", {"spacing": 2.0}, "butterflies"),
        ("ffdnet", {}, "winograd"),
        ("ffdnet", {"runtime": "torch"}, "direct"),
    ],
)
def test_what_runs_is_counted_apart_from_the_closed_form(name: str, options: dict[str, Option], algorithm: str) -> None:
    method = get(name)
    readings = count(method, Setup(channels=1, sigma=0.1, options=options), height=64, width=64)
    executed = [reading for reading in readings if reading.quantity == "executed_macs_per_pixel"]
    assert [reading.note for reading in executed] == [algorithm]
    assert executed[0].value == value(readings, "macs_by_algorithm", algorithm)
    closed = value(readings, "macs_per_pixel", "closed_form")
    direct = algorithm in {"dense", "shared rows", "direct"}
    assert executed[0].value == closed if direct else executed[0].value < closed / 2


def test_winograd_needs_a_fifth_of_the_products_and_the_transforms() -> None:
    assert 64 / 36 * 64 * 64 < macs_per_place(64, 64) < 9 * 64 * 64 / 4.5
    assert 64 / 16 * 64 * 64 < macs_per_place(64, 64, 5) < 25 * 64 * 64 / 5.5


@given(n=st.integers(2, 32), stride=st.integers(1, 32))
def test_each_implementation_of_the_dct_saves_on_the_one_before(n: int, stride: int) -> None:
    costs = macs_by_algorithm(n, min(stride, n))
    order = [costs[name] for name in ("dense", "separable", "butterflies")]
    assert order == sorted(order, reverse=True)
    assert costs["shared rows"] <= costs["separable"]


@given(terms=st.tuples(*[st.integers(-50, 10**6)] * 4), side=st.sampled_from([16, 32, 48]))
def test_growth_finds_the_terms_of_a_grid(terms: tuple[int, int, int, int], side: int) -> None:
    truth = SizeLaw(*(float(term) for term in terms))
    samples = {(side * y, side * x): truth.at(side * y, side * x) for y, x in ((1, 1), (2, 1), (1, 2), (2, 2), (1, 3))}
    found = SizeLaw.through(samples)
    assert found.exact
    assert found.area == terms[0]
    assert found.at(512, 384) == pytest.approx(truth.at(512, 384), rel=1e-9, abs=1e-3)


def test_what_grows_faster_than_the_pixels_is_said_to() -> None:
    def attention(image: Tensor) -> Tensor:
        tokens = image.flatten(2).transpose(1, 2)  # (N, H W, C)
        return (tokens @ tokens.transpose(1, 2) @ tokens).transpose(1, 2).reshape(image.shape)

    found = by_counter(count(as_method(attention), Setup(), height=64, width=64))
    assert "grows faster than the pixels: counted at 64 x 64" in found["torch"].note
    assert found["torch"].value == 2 * 64 * 64


def test_a_numba_kernel_is_not_counted_as_free() -> None:
    def compiled(image: Tensor) -> Tensor:
        return torch.from_numpy(np.sqrt(image.numpy()))

    found = by_counter(count(as_method(compiled, macs_per_pixel=lambda _: 7.0), Setup(), height=64, width=64))
    assert found["closed_form"].value == 7
    assert found["torch"].value is None
    assert "numba" in found["torch"].note
    assert found["fvcore"].value is None


def test_work_without_multiply_adds_names_its_operators() -> None:
    found = by_counter(count(as_method(torch.tanh), Setup(), height=64, width=64))
    assert found["torch"].value is None
    assert found["torch"].note == "not seen: no multiply-add operator, only tanh"
    assert found["closed_form"].note == "no closed form is known"


def test_any_module_is_counted_and_fvcore_checked_against_torch() -> None:
    network = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1))
    readings = count(as_method(network), Setup(), height=128, width=64)
    found = by_counter(readings)
    assert found["torch"].value == found["fvcore"].value == 2 * 72
    assert value(readings, "parameters") == 72 + 73
    assert value(readings, "activations_per_pixel") == 9
    assert value(readings, "bytes_per_pixel") == 8 + 4 * 145 / (128 * 64)
    assert value(readings, "bytes_per_pixel", "operators") == 4 * (2 * 9) + 4 * 145 / (128 * 64)
    assert value(readings, "intensity_macs_per_byte") == 144 / value(readings, "bytes_per_pixel")


def test_weights_kept_in_a_closure_are_found_and_traced() -> None:
    network = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    found = by_counter(count(as_method(lambda image: network(image)), Setup(), height=64, width=64))  # noqa: PLW0108 - a closure is the point
    assert found["fvcore"].value == found["torch"].value == 9
    assert modules_of(lambda image: network(image).relu(), torch.rand(1, 1, 8, 8)) == (network,)


def test_an_upscaler_is_counted_per_output_pixel() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.PixelShuffle(2))
    method = as_method(network, scales=(2,))
    assert by_counter(count(method, Setup(scale=2), height=64, width=64))["torch"].value == 9


def test_torch_counts_under_inference_mode() -> None:
    network = nn.Conv2d(1, 1, 3, padding=1, bias=False).eval()

    def restore(image: Tensor) -> Tensor:
        with torch.inference_mode():
            return network(image)  # type: ignore[no-any-return]

    assert seen_by_torch(restore, torch.rand(1, 1, 8, 8)).macs.total() == 9 * 64


class Untraceable(nn.Module):
    """Hands its work to a tensor subclass the tracer cannot follow: a generator."""

    def forward(self, image: Tensor) -> Tensor:
        if torch._C._get_tracing_state() is not None:
            raise RuntimeError("no tracing here")
        return image * 2


def test_a_module_that_cannot_be_traced_loses_fvcore_alone() -> None:
    found = by_counter(count(as_method(Untraceable()), Setup(), height=64, width=64))
    assert found["fvcore"].value is None
    assert found["fvcore"].note == "cannot be traced: no tracing here"


@pytest.mark.parametrize(
    ("restore", "message"),
    [
        (lambda image: (image, image), "returned a tuple of 2, expected one tensor"),
        (lambda image, _sigma: image, "cannot be called with one batch"),
        (lambda image: image.mean(), "returned a tensor of shape"),
        (lambda _: None, "returned a NoneType, expected one tensor"),
        (nn.Conv2d(3, 3, 3), "failed on a torch.float32 batch of shape"),
        (lambda image: image.to("meta"), "lies on meta, the image on cpu"),
        (nn.Conv2d(1, 1, 3, device="meta"), "lies on meta, the image on cpu"),
    ],
)
def test_what_is_no_restorer_is_refused_in_one_line(restore: Callable[..., Any], message: str) -> None:
    with pytest.raises(BenchError, match=message) as caught:
        count(as_method(restore), Setup(), height=64, width=64)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("given: ")


def test_missing_weights_leave_the_closed_form() -> None:
    def build(_: Setup) -> Any:
        raise WeightsMissingError("ffdnet: no weights; get them")

    method = Method(name="given", task="denoise", build=build, macs_per_pixel=lambda _: 4.0, parameters=lambda _: 16)
    found = by_counter(count(method, Setup(), height=64, width=64))
    assert (found["closed_form"].value, found["parameters"].value) == (4, 16)
    assert found["torch"].note == "not counted: ffdnet: no weights; get them"


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(OptionError, match="no option 'speed'"):
        count(get("noisy"), Setup(options={"speed": 1}), height=64, width=64)
