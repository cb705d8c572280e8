"""From Python: tables of one run or several, a method that is an object, the same errors as exceptions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import bench
from bench import api
from bench.errors import BenchError, SpecError
from bench.run.request import Request
from reports.errors import RunMissingError, RunSchemaError
from restoration import objects
from restoration.errors import RestorationError

SPEC = """
name = "tiny"
threads = 1
round_seconds = 0.001

[[cost]]
method = "dct"
size = 32

[[time]]
method = "dct"
size = 32

[[quality]]
method = ["dct", "noisy"]
images = "all"
sigma_255 = [25, 50]
"""

TABLES = ("quality", "time", "cost", "memory", "layers", "failures", "summary")


class Own(nn.Module):
    """A network of a user."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, noisy: Tensor, sigma: float) -> Tensor:
        return noisy - 0.1 * sigma * torch.tanh(self.body(noisy))


def broken(noisy: Tensor) -> Tensor:
    return noisy * float("nan")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a spec and two grey images."""
    folder = tmp_path_factory.mktemp("api")
    (folder / "tiny.toml").write_text(SPEC)
    (folder / "images").mkdir()
    ramp = np.add.outer(np.arange(40), 3 * np.arange(48)).astype(np.uint8)
    for name, array in (("ramp", ramp), ("other", ramp[::-1].copy())):
        Image.fromarray(array).save(folder / "images" / f"{name}.png")
    return folder


@pytest.fixture(scope="module")
def results(place: Path) -> api.Results:
    """A run of built-in methods beside a network, a function that fails, and one called like markup."""
    return api.run(
        place / "tiny.toml", methods=["dct", Own(), ("<b>", lambda noisy: noisy.clamp(0, 1)), broken],
        images=place / "images", out=place / "results", jobs=1, progress=False, sigma_255=[25], size=32,
    )  # fmt: skip


def test_every_table_says_of_which_run_revision_and_machine_each_line_is(results: api.Results) -> None:
    about = json.loads((results.directory / "run.json").read_text())
    for name in TABLES:
        table = getattr(results, name)
        assert list(table.columns[-3:]) == ["run", "revision", "machine"], name
        assert set(table["run"]) <= {about["run"]}
        assert all(about["fingerprint"] in machine for machine in table["machine"])
    assert set(results.time["method"]) == {"dct", "Own", "<b>", "broken"}


def test_objects_stand_beside_built_in_methods(results: api.Results) -> None:
    quality = results.quality
    scored = quality[quality["psnr_db"].notna()]
    assert set(scored["method"]) == {"dct", "Own", "<b>"}
    assert set(scored["sigma_255"]) == {25}
    cost = results.cost.set_index(["method", "counter"])["macs_per_pixel"]
    assert cost["Own", "torch"] == 9
    assert results.memory.set_index(["method", "source"])["peak_bytes"]["Own", "measured"] > 0
    summary = results.summary
    assert summary.iloc[0]["psnr_db"] == summary["psnr_db"].max()
    facts = {one["name"]: one for one in json.loads((results.directory / "run.json").read_text())["methods"]}
    assert len(facts["Own"]["sha256"]) == 64
    assert "sha256" not in facts["dct"]


def test_what_failed_is_a_line_of_each_table_and_of_failures(results: api.Results) -> None:
    assert set(results.failures["method"]) == {"broken"}
    assert results.failures["error"].str.contains("NaN").all()
    quality = results.quality
    assert len(quality[(quality["method"] == "broken") & (quality["error"] != "")]) == 2


def test_a_notebook_shows_the_table_and_the_front_with_everything_escaped(results: api.Results) -> None:
    html = results._repr_html_()
    assert "<svg" in html
    assert "Own" in html
    assert "NaN" in html
    assert "<b><bdi>" in html  # our own
    assert "<bdi><b>" not in html
    assert "&lt;b&gt;" in html


def test_text_and_whole_numbers_are_plain(results: api.Results) -> None:
    assert not [name for name in results.quality if str(results.quality[name].dtype) == "category"]
    assert str(results.time["height"].dtype) == "Int64"


def test_runs_go_below_each_other(results: api.Results, place: Path, tmp_path: Path) -> None:
    again = api.run(
        place / "tiny.toml", methods="noisy", images=place / "images", out=tmp_path, jobs=1, progress=False
    )  # fmt: skip
    both = api.load(results.directory, str(again.directory))
    assert len(both.quality) == len(results.quality) + len(again.quality)
    assert both.quality["run"].nunique() == 2
    assert both._repr_html_().count("Quality beside time") == 2
    assert both.report(tmp_path / "page").name == "comparison.html"
    with pytest.raises(BenchError, match="these are 2 runs"):
        _ = both.directory


def test_the_report_goes_where_it_is_asked_for(results: api.Results, tmp_path: Path) -> None:
    page = results.report(tmp_path / "page")
    assert page == tmp_path / "page" / "report.html"
    assert "Own" in page.read_text(encoding="utf-8")


def test_the_same_run_twice_is_refused(results: api.Results) -> None:
    with pytest.raises(BenchError, match="named already"):
        api.load(results.directory, results.directory)
    with pytest.raises(BenchError, match="at least one run directory"):
        api.load()


def test_a_run_of_a_newer_format_is_refused_by_its_name(results: api.Results, tmp_path: Path) -> None:
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "run.json").write_text('{"run": "newer", "schema": 999}')
    with pytest.raises(RunSchemaError, match=r"newer.*999"):
        api.load(results.directory, newer)
    with pytest.raises(RunMissingError, match="not a run directory"):
        api.load(tmp_path)


def test_a_run_without_rows_has_empty_tables_that_have_their_columns(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"run": "begun", "schema": 1, "status": "interrupted"}')
    begun = api.load(tmp_path)
    for name in TABLES:
        table = getattr(begun, name)
        assert not len(table)
        assert {"run", "revision", "machine"} <= set(table.columns), name
    assert "did not finish" in begun._repr_html_()


@pytest.mark.parametrize(
    ("methods", "said"),
    [
        ([3], "methods holds a int: '3'; expected a name"),
        ([Own(), Own()], r"another method is called 'Own' already; name yours, as in \('my-Own', Own\)"),
        ([("dct", Own())], "another method is called 'dct' already"),
        ([("dct", "noisy")], "methods holds a tuple"),
    ],
)
def test_methods_that_are_none_are_refused(methods: list[object], said: str, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=said):
        api.run("quick", methods=methods, out=tmp_path, progress=False)
    assert list(tmp_path.iterdir()) == []


def test_the_errors_of_the_command_are_exceptions(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="unknown spec 'nope'"):
        api.run("nope", out=tmp_path, progress=False)
    with pytest.raises(RestorationError, match="unknown method 'dtc'; did you mean dct"):
        api.run(methods=["dtc"], out=tmp_path, progress=False)
    with pytest.raises(SpecError, match="has the option breadth"):
        api.run(methods=["dct"], out=tmp_path, progress=False, breadth=3)
    with pytest.raises(SpecError, match=r"seed=.<object object .*expected a number"):
        api.run(methods=["dct"], out=tmp_path, progress=False, seed=object())
    with pytest.raises(BenchError, match="compare takes methods by name"):
        api.compare("HEAD", methods=[Own()])  # type: ignore[list-item]  # what is refused


def test_the_recorded_call_asks_for_the_same_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Request, str, int]] = []

    def planned(request: Request, *, command: str, jobs: int, say: object) -> None:
        del say
        asked.append((request, command, jobs))
        raise BenchError("enough")

    def recorded(**arguments: object) -> str:
        with pytest.raises(BenchError, match="enough"):
            api.run(tmp_path / "mine.toml", progress=False, **arguments)  # type: ignore[arg-type]  # any of them
        return asked[-1][1]

    monkeypatch.setattr(api, "planned", planned)
    call = recorded(
        methods=["dct", ("broken", broken)], images=tmp_path / "clean", degraded=tmp_path / "noisy", jobs=3,
        out=tmp_path / "out", timeout=7.5, sigma_255=np.arange(15, 26, 10), size=range(9), ratio=[np.float64(2)],
    )  # fmt: skip
    with pytest.raises(BenchError, match="enough"):
        eval(call, {"bench": bench, "broken": broken})  # noqa: S307 - our own words are what is tested
    (first, command, jobs), (second, again, jobs_again) = asked
    assert (first, command, jobs) == (second, again, jobs_again)
    assert recorded() == f"bench.api.run({str(tmp_path / 'mine.toml')!r})"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.5"), ([15, 25], "[15, 25]"), ((1, 2), "[1, 2]"), (range(2), "[0, 1]"), (np.arange(2), "[0, 1]"),
     (np.float64(2.5), "2.5"), (True, "true"), ('so"ft', '"so\\"ft"')],
)  # fmt: skip
def test_values_are_written_as_toml(value: object, text: str) -> None:
    assert api._toml("x", value) == text


def test_ctrl_c_is_keyboardinterrupt_and_leaves_nothing_changed(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    monkeypatch.setattr(api, "_still", interrupt)
    with pytest.raises(KeyboardInterrupt):
        api.run(place / "tiny.toml", methods=[Own()], images=place / "images", out=tmp_path, jobs=1, progress=False)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before
    assert objects.VARIABLE not in os.environ
    (kept,) = tmp_path.iterdir()
    assert json.loads((kept / "run.json").read_text())["status"] == "interrupted"
    assert set(api.load(kept).cost["method"]) == {"Own"}


def test_a_session_without_a_script_measures_what_it_defines(place: Path, tmp_path: Path) -> None:
    code = f"""
import torch
from torch import nn
from bench import api
class Net(nn.Module):
    def forward(self, noisy, sigma):
        return noisy.clamp(sigma, 1)
results = api.run({str(place / "tiny.toml")!r}, methods=["noisy", Net()], images={str(place / "images")!r}, jobs=1)
print(sorted(set(results.quality["method"])), len(results.failures), results.runs[0].about["command"])
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-"], input=code, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    spec = str(place / "tiny.toml")
    # Whoever repeats the call needs the images, too, and an object of that name: the name alone is no method.
    call = f"bench.api.run({spec!r}, methods=['noisy', ('Net', Net(...))], images={str(place / 'images')!r}, jobs=1)"
    assert done.stdout == f"['Net', 'noisy'] 0 {call}\n"
    assert "seconds" in done.stderr  # the forecast
    assert (tmp_path / "results").is_dir()
