"""What a signature says is what a method gets: the batch, sigma, the setup's facts, options with their defaults."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from restoration.callables import method_from
from restoration.errors import OptionError, UnknownMethodError
from restoration.method import Method, Option, Setup

IMAGE = torch.rand(2, 1, 6, 5)


def restored(
    method: Method, image: Tensor = IMAGE, *, options: dict[str, Option] | None = None, **facts: Any
) -> Tensor:
    setup = method.checked(
        Setup(channels=image.shape[1], scale=method.scales[0], options=options or {}, **({"sigma": 0.1} | facts))
    )
    return method.build(setup)(image)


class Doubling(nn.Module):
    """Repeats each pixel; its kernel sees `channels` channels."""

    scale = 2

    def __init__(self, channels: int, *, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.full((channels, 1, 1), gain))
        self.dropout = nn.Dropout(0.5)

    def forward(self, low: Tensor) -> Tensor:
        return self.dropout(nn.functional.interpolate(low, scale_factor=2) * self.gain)


class Shrink:
    """Callable objects are methods too."""

    def __init__(self, *, factor: float = 0.5) -> None:
        self.factor = factor

    def __call__(self, noisy: Tensor, sigma: float) -> Tensor:
        return noisy * self.factor - sigma


def test_a_function_of_the_batch_alone() -> None:
    method = method_from("half", lambda noisy: noisy / 2)
    assert (method.task, dict(method.options), method.scales) == ("denoise", {}, (1,))
    assert torch.equal(restored(method), IMAGE / 2)


@pytest.mark.parametrize(
    "function", [lambda noisy, sigma: noisy - sigma, lambda x, std: x - std, lambda x, *, sigma: x - sigma]
)
def test_a_second_parameter_or_one_called_sigma_gets_sigma(function: Any) -> None:
    assert torch.equal(restored(method_from("minus", function)), IMAGE - 0.1)


def test_keyword_parameters_with_defaults_are_options() -> None:
    def scaled(noisy: Tensor, gain: float = 2.0, *, rule: str = "up", fast: bool = True, seen: Any = None) -> Tensor:
        """Scales.

        And more.
        """
        assert seen is None
        return noisy * gain if rule == "up" and fast else noisy

    method = method_from("scaled", scaled)
    assert method.options == {"gain": 2.0, "rule": "up", "fast": True}
    assert method.summary == "Scales."
    assert torch.equal(restored(method, options={"gain": 3}), IMAGE * 3)
    with pytest.raises(OptionError, match="no option 'seen'"):
        restored(method, options={"seen": 1})


def test_a_class_of_modules_is_made_for_each_setup_and_put_into_evaluation_mode() -> None:
    method = method_from("doubling", Doubling)
    assert (method.task, method.scales) == ("upscale", (2,))
    assert method.options == {"runtime": "plain", "precision": "", "gain": 1.0}
    image = torch.rand(1, 3, 4, 4)
    expected = nn.functional.interpolate(image, scale_factor=2)
    assert torch.equal(restored(method, image), expected)
    assert torch.equal(restored(method, image.double(), dtype="float64"), expected.double())


def test_a_module_is_copied_not_changed() -> None:
    module = Doubling(1).train()
    method = method_from("doubling", module)
    assert restored(method, IMAGE.double(), dtype="float64").dtype == torch.float64
    assert module.training
    assert module.gain.dtype == torch.float32
    assert module.gain.requires_grad


def test_a_callable_object_and_its_class() -> None:
    assert torch.equal(restored(method_from("shrink", Shrink(factor=0.25))), IMAGE * 0.25 - 0.1)
    assert torch.equal(restored(method_from("shrink", Shrink), options={"factor": 2.0}), IMAGE * 2 - 0.1)
    assert method_from("shrink", Shrink).summary == "Callable objects are methods too."


def test_scale_as_a_parameter_makes_an_upscaler() -> None:
    method = method_from("up", lambda low, *, scale: nn.functional.interpolate(low, scale_factor=scale))
    assert (method.task, method.scales) == ("upscale", (2, 3, 4))
    assert restored(method).shape == (2, 1, 12, 10)


def test_an_inner_width_called_channels_says_nothing_about_images() -> None:
    module = nn.Conv2d(1, 1, 1)
    module.channels = 64  # type: ignore[assignment] - a network's own attribute
    assert method_from("conv", module).channels == (1, 3)


def test_functions_without_a_signature_get_the_batch() -> None:
    assert torch.equal(restored(method_from("tanh", torch.tanh)), IMAGE.tanh())


def needs_two(noisy: Tensor, sigma: float, guide: Tensor) -> Tensor:
    """Cannot be called with a batch."""
    return noisy * sigma * guide


def unnamed(noisy: Tensor, sigma: float, /) -> Tensor:
    """Its sigma has no name to give it by."""
    return noisy * sigma


@pytest.mark.parametrize(
    ("found", "said"),
    [(3, "is a int"), (needs_two, "parameter 'guide' has no default"), (unnamed, "'sigma' is positional only")],
)
def test_what_cannot_be_a_method_says_why(found: object, said: str) -> None:
    with pytest.raises(UnknownMethodError, match=said):
        method_from("mine", found)


class Smoothing(nn.Module):
    """A convolution, told how strong the noise is."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.smooth = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, noisy: Tensor, sigma: float, *, gain: float = 1.0) -> Tensor:
        return noisy - gain * sigma * self.smooth(noisy)


def test_a_module_runs_in_the_runtime_asked_for() -> None:
    for found in (Smoothing, Smoothing(1)):
        method = method_from("smoothing", found)
        assert method.options == {"runtime": "plain", "precision": "", "gain": 1.0}
        expected = restored(method, options={"gain": 2.0})
        again = restored(method, options={"gain": 2.0, "runtime": "winograd"})
        torch.testing.assert_close(again, expected, atol=1e-5, rtol=0)
        assert not again.requires_grad
        with pytest.raises(OptionError, match="runtime must be auto, torch"):
            restored(method, options={"runtime": "fast"})
    with pytest.raises(OptionError, match="runtime winograd: Doubling has no 3x3 convolution"):
        restored(method_from("doubling", Doubling(1)), options={"runtime": "winograd"})


def test_a_missing_runtime_is_told_before_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    method = method_from("smoothing", Smoothing)
    monkeypatch.setattr("restoration.runtimes.choice.find_spec", lambda _: None)
    assert method.lacking
    assert "pip install" in method.lacking(Setup(options={"runtime": "openvino"}))


def test_an_option_called_runtime_of_its_own_stays_its_own() -> None:
    class Fast(nn.Module):
        def forward(self, noisy: Tensor, runtime: str = "slow") -> Tensor:
            return noisy * len(runtime)

    method = method_from("fast", Fast())
    assert method.options == {"runtime": "slow"}
    assert method.lacking is None
    assert torch.equal(restored(method, options={"runtime": "winograd"}), IMAGE * 8)


def test_only_modules_have_runtimes() -> None:
    assert method_from("shrink", Shrink).options == {"factor": 0.5}
