"""Any network with its convolutions compiled: equal to the module itself, or refused with the layer named."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor, nn

from restoration import get
from restoration.errors import OptionError
from restoration.method import Setup
from restoration.runtimes import choice
from restoration.runtimes.graph import NotTraceableError, pointwise, suits
from restoration.runtimes.steps import Convolution, Join, Program, Step, Sum
from restoration.runtimes.torch import folded
from restoration.runtimes.winograd import TOLERANCE, apart, by_algorithm, in_parts, macs_per_place
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


class Dense(nn.Module):
    """Maps put behind each other twice, fused by 1x1 convolutions, one of them with a ReLU, and sums."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.head = nn.Conv2d(3, 20, 5, padding=2)
        self.one = nn.Conv2d(20, 20, 3, padding=1)
        self.two = nn.Conv2d(40, 20, 3, padding=1)
        self.fuse = nn.Conv2d(60, 20, 1)
        self.all = nn.Conv2d(60, 8, 1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.tail = nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        shallow = self.head(image)
        first = torch.cat((shallow, nn.functional.leaky_relu(self.one(shallow), 0.1)), 1)
        both = torch.concat((first, self.two(first).relu_()), dim=1)
        deep = shallow + self.fuse(both)
        deep += 0.2 * self.one(deep)
        wide = self.all(torch.cat((deep, shallow, deep), -3))
        return image + self.tail(self.relu(wide))


class Sized(nn.Module):
    """Asks for the size of its input, as those do that cut it into pieces; its parts do not."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Dense()

    def forward(self, image: Tensor) -> Tensor:
        if image.shape[2] % 2:
            image = nn.functional.pad(image, (0, 0, 0, 1))
        return self.body(image)


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


@pytest.mark.parametrize("kind", [Residual, Tapped, Twice, Dense, Sized, lambda: SPAN(20)])
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


def kinds(program: Program) -> list[str]:
    """What is computed by compiled code: by each node's name where torch does it."""
    names = {Convolution: "convolution", Sum: "sum", Join: "join"}
    return [names.get(type(step), step.node.name) for step in program.steps]


def test_what_a_program_computes_together() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 1), nn.PReLU(), nn.Sigmoid())
    assert kinds(Program(network, 1)) == ["input_1", "convolution", "convolution", "_4", "output"]


def test_a_batch_norm_that_was_folded_keeps_nothing_apart() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU()).eval()
    assert kinds(Program(folded(network), 1)) == ["input_1", "convolution", "output"]


def test_a_dense_network_is_steps_of_which_torch_does_none() -> None:
    program = Program(Dense(), 1)
    sums = [step for step in program.steps if isinstance(step, Sum)]
    assert [step.factor for step in sums] == [0.2, 1.0]  # that of `fuse` is computed with its parts
    copied = [[(node.name, at) for node, at in step.copied] for step in program.steps if isinstance(step, Join)]
    assert copied == [[("head", 0)], [("add_1", 40)]]  # and the join before `fuse` is none
    assert [step.node.op for step in program.steps if type(step) is Step] == ["placeholder", "output"]


def test_maps_in_two_places_are_copied_into_one() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Conv2d(3, 3, 3, padding=1)
            self.two = nn.Conv2d(9, 3, 3, padding=1)

        def forward(self, image: Tensor) -> Tensor:
            maps = self.one(image)
            return self.two(torch.cat((maps, image, maps), 1))

    program = Program(Both().requires_grad_(False), 1)
    (join,) = [step for step in program.steps if isinstance(step, Join)]
    assert [(node.name, first) for node, first in join.copied] == [("image", 3), ("one", 6)]
    torch.manual_seed(9)
    network = Both().eval().requires_grad_(False)
    torch.testing.assert_close(Program(network, 1)(IMAGE), network(IMAGE), atol=1e-5, rtol=0)


def test_memory_is_used_again_but_never_what_was_given_away() -> None:
    network = Dense().requires_grad_(False)
    program = Program(network, 1)
    first = program(IMAGE)
    kept = first.clone()
    assert program._kept
    held = {maps.values.ctypes.data for maps in program._kept}
    program(1 - IMAGE)
    assert torch.equal(first, kept)
    assert len(held & {maps.values.ctypes.data for maps in program._kept}) >= len(held) - 1
    layers = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)).requires_grad_(False)
    program = Program(layers, 1)
    one, two = program(IMAGE), program(1 - IMAGE)
    torch.testing.assert_close(one, layers(IMAGE), atol=1e-5, rtol=0)
    torch.testing.assert_close(two, layers(1 - IMAGE), atol=1e-5, rtol=0)


def test_views_that_torch_takes_of_maps_stay_what_they_are() -> None:
    class Viewing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(4))

        def forward(self, image: Tensor) -> Tensor:
            maps = self.layers[0](image)
            view = maps[:, :1]
            for layer in self.layers[1:]:
                maps = layer(maps)
            return maps * view

    torch.manual_seed(8)
    network = Viewing().requires_grad_(False)
    torch.testing.assert_close(Program(network, 1)(IMAGE), network(IMAGE), atol=1e-5, rtol=0)


class Broadcast(nn.Module):
    """Adds one map to many, and an image to a batch."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(10)
        self.many, self.one = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(3, 1, 1)
        self.fuse, self.tail = nn.Conv2d(7, 6, 1), nn.Conv2d(6, 3, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        one, many = self.one(image), self.many(image)
        maps = one + many + 0.5 * one + self.fuse(torch.cat((many, one), 1))
        return self.tail(maps + maps[:1])


def test_sums_of_other_shapes_are_those_of_torch() -> None:
    network = Broadcast().requires_grad_(False)
    torch.testing.assert_close(Program(network, 1)(IMAGE), network(IMAGE), atol=1e-5, rtol=0)
    torch.testing.assert_close(Program(network, 1)(IMAGE[:1]), network(IMAGE[:1]), atol=1e-5, rtol=0)


def test_what_is_kept_fits_the_last_size() -> None:
    program = Program(Dense().requires_grad_(False), 1)
    big = torch.rand(1, 3, 900, 900)
    program(big)
    assert sum(maps.values.nbytes for maps in program._kept) <= 64 * 2**20
    program(IMAGE)
    assert program._kept[0].size == (2, 13, 18)


class Writing(nn.Module):
    """Changes maps that are read again."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        maps = self.layer(image)
        changed = maps.mul_(2)
        return maps + changed


def test_what_writes_into_what_is_read_again_is_no_program() -> None:
    with pytest.raises(NotTraceableError):
        Program(Writing(), 1)
    torch.manual_seed(1)
    network = Writing().eval().requires_grad_(False)
    torch.testing.assert_close(run(network, "winograd"), network(IMAGE), atol=1e-5, rtol=0)


def test_hooks_are_called() -> None:
    network, called = Dense().eval().requires_grad_(False), []
    network.one.register_forward_hook(lambda *_: called.append(1))
    with pytest.raises(NotTraceableError):
        Program(network, 1)
    torch.testing.assert_close(run(network, "winograd"), network(IMAGE), atol=1e-5, rtol=0)


def test_parts_are_rewritten_where_the_whole_cannot_be() -> None:
    assert isinstance(in_parts(Dense(), 1)[""], Program)
    found = in_parts(Sized(), 1)
    assert isinstance(found["body"], Program)
    assert "" not in found
    assert set(apart(Tapped(), 1)) == {"layers.0", "layers.2"}
    assert set(apart(Residual(), 1)) == {"head", "body.0", "body.3", "tail"}


def test_maps_of_another_kind_than_expected_go_to_torch() -> None:
    network = Dense().eval()
    program = Program(network, 1)
    with torch.inference_mode():
        expected = network(IMAGE)
        assert program(IMAGE[:0]).shape == (0, 3, 13, 18)
        with pytest.raises(RuntimeError, match="to have 3 channels, but got 2"):
            program(IMAGE[:, :2])
        with pytest.raises(RuntimeError, match="should be the same"):
            program(IMAGE.double())
        torch.testing.assert_close(program(IMAGE), expected, atol=TOLERANCE, rtol=0)


def test_programs_run_in_several_threads() -> None:
    network = Dense().eval().requires_grad_(False)
    program, images = Program(network, 2), [torch.rand(1, 3, 9 + n % 3, 8) for n in range(12)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(program, images))
    for image, restored in zip(images, found, strict=True):
        torch.testing.assert_close(restored, network(image), atol=1e-5, rtol=0)


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
        nn.Conv2d(4, 4, 3, padding=1, stride=2), nn.Conv2d(4, 4, 1, padding=1), nn.Conv2d(4, 4, 3),
        nn.Conv2d(4, 4, 7, padding=3), nn.Conv2d(4, 4, (3, 5), padding=(1, 2)),
        nn.Conv2d(4, 4, 3, padding=1, groups=2), nn.Conv2d(4, 4, 3, padding=2, dilation=2), nn.BatchNorm2d(4),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"), Own(4, 4, 3, padding=1),
    ],
)  # fmt: skip
def test_layers_of_other_kinds_do_not_suit(layer: nn.Module) -> None:
    assert not suits(layer)
    assert not pointwise(layer)
    assert not in_parts(nn.Sequential(layer), 1)


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


def test_what_a_convolution_cannot_take_goes_to_torch() -> None:
    layer = nn.Conv2d(3, 4, 3, padding=1).requires_grad_(False)
    expected = layer(IMAGE)
    rewritten = apart(layer, 1)[""]
    torch.testing.assert_close(rewritten(IMAGE[0]), expected[0])
    assert rewritten(IMAGE[:0]).shape == (0, 4, 13, 18)
    with pytest.raises(RuntimeError, match="to have 3 channels, but got 2"):
        rewritten(IMAGE[:, :2])
    torch.testing.assert_close(rewritten(IMAGE), expected, atol=TOLERANCE, rtol=0)


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
