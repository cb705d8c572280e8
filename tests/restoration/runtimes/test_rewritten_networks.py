"""Any network with its 3x3 convolutions by Winograd: equal to the module itself, or refused with the layer named."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from restoration import get
from restoration.errors import OptionError
from restoration.method import Setup
from restoration.runtimes import choice
from restoration.runtimes.winograd import TOLERANCE, Chain, apart, by_algorithm, joined, macs_per_place, suits
from restoration.span import SPAN

IMAGE = torch.rand(2, 3, 13, 18, generator=torch.Generator().manual_seed(1))


class Residual(nn.Module):
    """What people write: activations in and beside a Sequential, a batch norm, layers of every other kind, a sum."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        act = nn.LeakyReLU(0.2)
        self.head = nn.Conv2d(3, 20, 3, padding=1)
        self.body = nn.Sequential(
            nn.Conv2d(20, 20, 3, padding="same", bias=False),
            nn.BatchNorm2d(20),
            act,
            nn.Conv2d(20, 40, 3, padding=1),
            nn.PReLU(40),
            nn.Conv2d(40, 20, 1),
            act,
            nn.Conv2d(20, 20, 3, padding=1, groups=4),
        )
        self.down = nn.Conv2d(20, 48, 3, padding=1, stride=2)
        self.up = nn.PixelShuffle(2)
        self.tail = nn.Conv2d(12, 3, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        maps = self.head(image)
        maps = self.up(self.down(torch.relu(self.body(maps) + maps)))
        return image + self.tail(torch.cat((maps, maps), 1)[:, 6:18, : image.shape[2], : image.shape[3]])


class Tapped(nn.Module):
    """Looks between the layers of a Sequential, as perceptual losses do."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1))

    def forward(self, image: Tensor) -> Tensor:
        taps = [image := layer(image) for layer in self.layers]
        return taps[-1] + taps[0][:, :3]


class Twice(nn.Module):
    """One convolution in two places, once with a ReLU behind it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.shared = nn.Conv2d(3, 3, 3, padding=1)
        self.first = nn.Sequential(self.shared, nn.ReLU())

    def forward(self, image: Tensor) -> Tensor:
        return self.shared(self.first(image))


class Loud(nn.Module):
    """Its rounding is larger than what images are compared within."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(6)
        self.quiet = nn.Conv2d(3, 3, 3, padding=1)
        self.loud = nn.Conv2d(3, 3, 3, padding=1)
        with torch.no_grad():
            self.loud.weight.mul_(1e6)

    def forward(self, image: Tensor) -> Tensor:
        return self.loud(self.quiet(image))


def run(network: nn.Module, runtime: str, image: Tensor = IMAGE, *, threads: int = 1) -> Tensor:
    return choice.whole(network, Setup(channels=3, threads=threads, options={"runtime": runtime}))(image)


@pytest.mark.parametrize("kind", [Residual, Tapped, Twice, lambda: SPAN(20)])
@pytest.mark.parametrize("size", [(13, 18), (70, 66), (2, 1)])
def test_equals_the_module_itself(kind: type[nn.Module], size: tuple[int, int]) -> None:
    network, image = kind().eval(), torch.rand(2, 3, *size)
    with torch.inference_mode():
        expected = network(image)
    torch.testing.assert_close(run(network, "winograd", image), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("options", [{"upsampling": "nearest"}, {}])
def test_dense_blocks_equal_the_module_itself(options: dict[str, str]) -> None:
    from restoration.rdn import RDN, Architecture

    torch.manual_seed(2)
    network = RDN(Architecture(blocks=2, layers=2, growth=20, features=24, **options))  # type: ignore[arg-type]  # by name
    assert (run(network, "winograd") - run(network, "plain")).abs().max() < 1e-5
    assert torch.equal(run(network, "winograd", threads=3), run(network, "winograd"))
    assert torch.equal(run(network, "auto"), run(network, "winograd"))


def test_what_suits_is_rewritten_and_the_rest_left_alone() -> None:
    network = Residual()
    found = joined(network, 1)
    assert set(found) == {"head", "body.0", "body.3", "tail"}
    assert type(network.body[4]) is nn.Identity  # in the chain of body.3
    assert not any(isinstance(layer.forward, Chain) for layer in (network.body[5], network.body[7], network.down))
    assert set(apart(Tapped(), 1)) == {"layers.0", "layers.2"}
    assert set(joined(Tapped(), 1)) == {"layers.0"}


def test_the_module_is_left_as_it_was() -> None:
    network = Residual().eval()
    before = {name: vars(module).get("forward") for name, module in network.named_modules()}
    run(network, "winograd")
    assert before == {name: vars(module).get("forward") for name, module in network.named_modules()}
    assert isinstance(network.body[1], nn.BatchNorm2d)


class Own(nn.Conv2d):
    """A convolution of somebody's own."""

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image) * 2


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 4, 3, padding=1, stride=2), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 5, padding=2),
        nn.Conv2d(4, 4, 3, padding=1, groups=2), nn.Conv2d(4, 4, 3, padding=2, dilation=2), nn.BatchNorm2d(4),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"), Own(4, 4, 3, padding=1),
    ],
)  # fmt: skip
def test_layers_of_other_kinds_do_not_suit(layer: nn.Module) -> None:
    assert not suits(layer)
    assert not joined(nn.Sequential(layer), 1)


def test_a_network_that_rounds_too_much_is_refused_with_the_layer_named() -> None:
    with pytest.raises(OptionError, match=r"^runtime winograd: Loud is .* off, more than 0.0001; layer loud is alone"):
        run(Loud(), "winograd")
    with torch.inference_mode():
        torch.testing.assert_close(run(Loud(), "torch"), Loud()(IMAGE), rtol=1e-3, atol=1.0)


def test_where_auto_may_not_it_takes_torch() -> None:
    torch.manual_seed(0)
    loud = nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 3, 1)).requires_grad_(False)
    loud[1].weight.mul_(1e6)  # type: ignore[operator]  # a parameter
    assert torch.equal(run(loud, "auto"), run(loud, "torch"))
    narrow = nn.Conv2d(3, 7, 3, padding=1)
    assert torch.equal(run(narrow, "auto"), run(narrow, "torch"))


def test_no_number_is_told_from_a_number() -> None:
    broken = nn.Conv2d(3, 3, 3, padding=1).requires_grad_(False)
    broken.bias.fill_(float("nan"))  # type: ignore[union-attr]  # it has one
    assert run(broken, "winograd").isnan().all()


def test_what_a_chain_cannot_take_goes_to_torch() -> None:
    layer = nn.Conv2d(3, 4, 3, padding=1).requires_grad_(False)
    chain = Chain(1)
    chain.append(layer, nn.ReLU())
    expected = torch.relu(layer(IMAGE))
    torch.testing.assert_close(chain(IMAGE[0]), expected[0])
    assert chain(IMAGE[:0]).shape == (0, 4, 13, 18)
    with pytest.raises(RuntimeError, match="to have 3 channels, but got 2"):
        chain(IMAGE[:, :2])
    torch.testing.assert_close(chain(IMAGE), expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("name", ["rdn-psnr-small", "span"])
def test_what_runs_is_counted_as_it_runs(name: str) -> None:
    method = get(name)
    assert method.algorithms
    assert method.macs_per_pixel
    options = dict(method.options)
    setup = Setup(channels=3, scale=method.scales[0], options=options | {"runtime": "winograd"})
    found = method.algorithms(setup)
    assert list(found) == ["winograd", "direct"]
    assert found["direct"] == pytest.approx(method.macs_per_pixel(setup))
    assert found["direct"] / 4 < found["winograd"] < found["direct"] / 1.5
    plain = Setup(channels=3, scale=method.scales[0], options=options | {"runtime": "plain"})
    assert list(method.algorithms(plain)) == ["direct", "winograd"]


def test_layers_that_do_not_suit_are_counted_directly() -> None:
    assert macs_per_place(nn.Conv2d(8, 6, 1)) == 48
    assert macs_per_place(nn.Conv2d(64, 64, 3, padding=1)) < 64 * 64 * 9 / 3
    assert list(by_algorithm(Setup(dtype="bfloat16"), 1.0, 2.0)) == ["direct", "winograd"]
