"""Two revisions compared: what they import, what is said of each, and how it ends when something is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from bench.__main__ import main
from bench.errors import BenchError, NoVerdictError
from bench.machine.fresh_process import Failure
from bench.plan.case import Case, Reading
from bench.plan.spec import Tolerance
from bench.regress import compare, exact, pairs, side, turns
from bench.regress.checkouts import Checkout, Repository, checkouts, git, resolve, snapshot
from bench.regress.compare import Question
from bench.regress.comparison_lock import comparison_lock
from bench.regress.exact import both
from bench.regress.findings import Comparison, Finding
from bench.regress.turns import BLOCKS, Pace, measure, middle
from reports.derive.verdict_words import Word

METHOD = """
def restore(image):
    total = image
    for _ in range({work}):
        total = total + image
    return image * {gain}
"""


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """The exit status of `restobench` with these arguments, run in this process."""
    monkeypatch.setattr(sys, "argv", ["restobench", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def commit(root: Path, message: str) -> str:
    git(root, "add", "--all")
    git(root, "-c", "user.name=n", "-c", "user.email=e@x", "commit", "-q", "-m", message)
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's repository: a package with one method, two commits, and a change not yet committed."""
    monkeypatch.setenv("RESTOBENCH_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "theirs"
    package = root / "src" / "theirmethod"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    git(tmp_path, "init", "-q", str(root))
    (package / "m.py").write_text(METHOD.format(work=1, gain=1.0))
    commit(root, "first")
    (package / "m.py").write_text(METHOD.format(work=1, gain=0.999))
    commit(root, "second")
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "path", sys.path.copy())  # which a method named on the command line makes longer
    yield root
    for name in [name for name in sys.modules if name.startswith("theirmethod")]:
        del sys.modules[name]


SPEC = """
name = "theirs"
[[quality]]
method = "theirmethod.m:restore"
images = "camera"
[[cost]]
method = "theirmethod.m:restore"
size = 32
"""


def spec_file(root: Path, text: str = SPEC) -> Path:
    path = root.parent / "spec.toml"
    path.write_text(text)
    return path


def asked(root: Path, base: str, head: str | None = None, text: str = SPEC) -> Comparison:
    question = Question(base, head, str(spec_file(root, text)), folder=root, most_pairs=2)
    return compare.compare(question, progress=lambda *_: None, say=lambda _: None)


def test_each_side_runs_its_own_code_and_the_working_tree_is_the_head(theirs: Path) -> None:
    (theirs / "src" / "theirmethod" / "m.py").write_text(METHOD.format(work=1, gain=0.5))
    found = asked(theirs, "HEAD~1")
    quality = next(finding for finding in found.findings if finding.metric == "psnr_db")
    assert quality.word is Word.WORSE
    assert quality.change is not None
    assert quality.change < -1
    assert quality.base == pytest.approx(20.4, abs=0.5)  # noise of deviation 25 / 255, clipped and rounded
    assert found.status == 1
    assert found.word is Word.WORSE
    assert git(theirs, "worktree", "list").count("\n") == 0
    assert git(theirs, "status", "--porcelain").split() == ["M", "src/theirmethod/m.py"]


def test_the_whole_line_with_times_on_a_revision_and_itself(
    theirs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(turns, "BLOCK_SECONDS", 0.01)
    text = SPEC + '[[time]]\nmethod = "theirmethod.m:restore"\nsize = 32\n'
    status = call(
        monkeypatch, "compare", "HEAD", "HEAD", "--spec", spec_file(theirs, text), "--pairs", "2", "--out", "out",
        "--format", "json",
    )  # fmt: skip
    printed = capsys.readouterr()
    lines = {line["measured"]: line for line in json.loads(printed.out)}
    assert status in {0, 3}  # two pairs on a busy machine may say nothing, but never "slower"
    assert lines["psnr_db sigma 25"]["verdict"] == "unchanged"
    assert lines["seconds 32x32"]["verdict"] in {"unchanged", "no verdict"}
    assert all(lines["seconds 32x32"][key] for key in ("interval", "base against base", "detectable"))
    assert {line["method"] for line in json.loads(printed.out)} > {"control: NumPy FFT", "control: torch convolution"}
    assert {path.name for path in next((theirs / "out").iterdir()).iterdir()} == {
        "comparison.json", "comparison.csv", "comparison.md", "benchmark-base.json", "benchmark-head.json",
        "smaller-is-better.json", "bigger-is-better.json",
    }  # fmt: skip


def test_a_method_that_base_does_not_have_is_no_verdict(theirs: Path) -> None:
    (theirs / "src" / "theirmethod" / "new.py").write_text(METHOD.format(work=1, gain=1.0))
    found = asked(theirs, "HEAD", text=SPEC.replace("m:restore", "new:restore"))
    assert {finding.word for finding in found.findings} == {Word.NO_VERDICT}
    assert "absent from base" in found.findings[0].reason
    assert found.status == 3


def test_a_spec_without_a_method_of_the_repository_is_refused(
    theirs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = 'name = "x"\n[[cost]]\nmethod = "bicubic"\nchannels = 3\nscale = 2\nsize = 32\n'
    assert call(monkeypatch, "compare", "HEAD", "--spec", spec_file(theirs, text)) == 2
    error = capsys.readouterr().err
    assert "none of its methods (bicubic) lies in" in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["no-such-revision"], (2, "unknown revision 'no-such-revision'")),
        (["HEAD", "--orphan"], (2, "")),
        (["HEAD", "HEAD~9"], (2, "unknown revision 'HEAD~9'")),
        (["HEAD", "--build", "false"], (3, "does not build: `false`")),
        (["HEAD", "--build", "no-such-program"], (2, "no-such-program")),
    ],
)
def test_bad_input_is_one_line(
    theirs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    expected: tuple[int, str],
) -> None:
    status, said = expected
    assert call(monkeypatch, "compare", *arguments, "--spec", spec_file(theirs)) == status
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert git(theirs, "worktree", "list").count("\n") == 0


def test_outside_a_repository_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(monkeypatch, "compare", "HEAD") == 2
    assert "is not in a git repository" in capsys.readouterr().err


def test_a_second_comparison_is_refused_and_told_who_is_running(tmp_path: Path) -> None:
    with (
        comparison_lock(tmp_path, "restobench compare main"),
        pytest.raises(BenchError, match=rf"process {os.getpid()}, `restobench compare main`, in"),
        comparison_lock(tmp_path, "restobench compare other"),
    ):
        pass
    with comparison_lock(tmp_path, "again"):
        pass


def test_what_a_killed_comparison_left_is_removed_by_the_next(theirs: Path) -> None:
    found = Repository.around(theirs)
    place = found.git / "restobench"
    git(theirs, "worktree", "add", "--detach", str(place / "base"), "HEAD")
    (place / "base" / "left.py").write_text("half a file")
    (place / "head").mkdir()
    (place / "head" / "file").write_text("no worktree at all")
    with checkouts(found, "HEAD~1", "HEAD") as (base, head):
        assert not (base.folder / "left.py").exists()
        assert (head.folder / "src" / "theirmethod" / "m.py").exists()
        assert len(str(base.folder)) == len(str(head.folder))
    assert not (place / "base").exists()
    assert not (place / "head").exists()


def test_a_snapshot_holds_new_files_and_leaves_index_and_branch_alone(theirs: Path) -> None:
    (theirs / "new.py").write_text("x = 1\n")
    before = git(theirs, "status", "--porcelain"), git(theirs, "rev-parse", "HEAD")
    made = snapshot(Repository.around(theirs))
    assert git(theirs, "show", f"{made}:new.py") == "x = 1"
    assert (git(theirs, "status", "--porcelain"), git(theirs, "rev-parse", "HEAD")) == before


def test_a_submodule_with_changes_of_its_own_is_refused(theirs: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    git(tmp_path, "init", "-q", str(inner))
    (inner / "f.py").write_text("1")
    commit(inner, "inner")
    git(theirs, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "inner")
    commit(theirs, "with submodule")
    (theirs / "inner" / "f.py").write_text("2")
    with pytest.raises(BenchError, match="submodule inner has changes"):
        snapshot(Repository.around(theirs))


def test_a_base_without_this_suite_has_no_verdict(theirs: Path) -> None:
    """A repository that holds the package `restoration` itself, in another shape than the suite needs."""
    (theirs / "restoration").mkdir()
    (theirs / "restoration" / "__init__.py").write_text("")
    commit(theirs, "another restoration")
    with pytest.raises(NoVerdictError, match=r"does not run with this suite: ModuleNotFoundError"):
        asked(theirs, "HEAD")


def test_a_shallow_clone_is_told_how_to_get_the_rest(theirs: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{theirs}", "shallow"], cwd=tmp_path, check=True)
    with pytest.raises(BenchError, match="git fetch --unshallow"):
        resolve(Repository.around(tmp_path / "shallow"), "HEAD~1")


def test_paths_of_the_repository_become_those_of_the_worktree(theirs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (theirs / "lib").mkdir()
    copy = theirs.parent / "copy"
    (copy / "lib").mkdir(parents=True)
    (copy / "src").mkdir()
    monkeypatch.syspath_prepend(str(theirs / "lib"))
    measuring, *paths = side.import_paths(Repository.around(theirs), copy)
    assert paths == [str(copy), str(copy / "src"), str(copy / "lib")]
    assert (Path(measuring) / "bench" / "regress" / "session.py").exists()


class Recorder:
    """A process that only notes when it was called."""

    def __init__(self, name: int, calls: list[tuple[int, Case]]) -> None:
        self.name, self.calls = name, calls
        self.cores: list[int] = []

    def seconds(self, case: Case, pace: Pace, core: int = 0) -> float:
        self.cores.append(core)
        self.calls.append((self.name, case))
        return 1.0 + self.name + 0 * pace.calls

    def move(self, case: Case) -> None:
        self.calls.append((self.name, replace(case, variant="moved")))


def test_rounds_are_mirrored_and_every_order_is_used_alike() -> None:
    calls: list[tuple[int, Case]] = []
    cases = [Case("time", "a"), Case("time", "b")]
    found = measure(
        [Recorder(name, calls) for name in range(3)],
        dict.fromkeys(cases, Pace(1, 1, rounds=2)),
        np.random.default_rng(0),
    )
    assert all(seconds == pytest.approx(np.tile([1.0, 2.0, 3.0], (BLOCKS, 1))) for seconds in found.values())
    blocks = [calls[start : start + 9] for start in range(0, len(calls), 9)]
    for case in cases:
        of_case = [block for block in blocks if block[0][1].method == case.method]
        assert all([made.variant == "moved" for _, made in block] == 3 * [True] + 6 * [False] for block in of_case)
        orders = [tuple(name for name, _ in block[3:]) for block in of_case]
        assert len(set(orders)) == BLOCKS
        assert all(order[:3] == order[:2:-1] for order in orders)


def test_a_round_in_which_one_process_was_disturbed_does_not_count() -> None:
    seconds = np.tile([1.0, 1.0, 1.1], (9, 1)) * np.linspace(1, 1.5, 9)[:, None]  # ever slower, all alike
    disturbed = seconds.copy()
    disturbed[[1, 6], [2, 0]] *= 3
    ratios = [found[2] / found[0] for found in (middle(seconds), middle(disturbed))]
    assert ratios == pytest.approx([1.1, 1.1])
    assert middle(seconds)[0] == pytest.approx(1.25)


@given(st.floats(1e-6, 100))
def test_a_turn_is_long_enough_to_be_timed_and_no_longer_than_needed(seconds: float) -> None:
    pace = Pace.of(seconds)
    assert pace.calls * seconds >= 0.99 * min(turns.SHORTEST_SAMPLE, pace.calls * seconds + 1)
    assert 1 <= pace.samples <= turns.MOST_SAMPLES
    assert pace.rounds >= 1
    assert pace.rounds == 1 or 3 * pace.rounds * pace.samples * pace.calls * seconds < 2 * turns.BLOCK_SECONDS
    assert pace.calls == 1 or pace.calls * seconds < 2 * turns.SHORTEST_SAMPLE


def test_fresh_pairs_start_three_processes_each_time_and_end_them() -> None:
    log: list[str] = []
    waiting: list[Case] = []

    class Fake(Recorder):
        def make_ready(self, case: Case, _image: object) -> None:
            waiting.append(case)

        def wait_ready(self, case: Case) -> None:
            waiting.remove(case)

        def close(self) -> None:
            log.append("closed")

    def start(name: str) -> Fake:
        log.append(name)
        return Fake(2 if name == "head" else 0, [])

    fresh = pairs.FreshPairs(start, lambda _: np.empty(0, dtype=np.float32), np.random.default_rng(0))
    found = fresh([Case("time", "a")])
    assert sorted(log) == ["base", "base", "closed", "closed", "closed", "head"]
    assert found[Case("time", "a")][:, 2] == pytest.approx(3.0)
    assert not waiting


def test_failures_say_which_side_they_are_of() -> None:
    assert both(1, 2) == (1, 2)
    no = Failure("no", ("ValueError",), "no")
    assert both(replace(no, kinds=("UnknownMethodError", "RestorationError")), 2) == "absent from base: no"
    assert both(1, no) == "failed in head: no"
    assert both(no, replace(no, error="b")) == "failed in both: b"


def quality(changes: dict[str, float], tolerance: float = 0.01) -> Finding:
    values = {image: (30.0, 30.0 + change) for image, change in changes.items()}
    return exact._quality_finding(Case("quality", "m"), values, tolerance)


def test_a_hundredth_of_a_decibel_is_always_found_and_one_lossy_image_is_not_hidden() -> None:
    assert quality({"a": -0.01, "b": -0.01}).word is Word.WORSE
    assert quality({"a": -0.005, "b": -0.005}).word is Word.UNCHANGED
    assert quality({"a": 0.02, "b": 0.01}).word is Word.BETTER
    hidden = quality({"a": -0.02, "b": 0.02})
    assert hidden.word is Word.WORSE
    assert hidden.reason == "most on a: -0.0200 dB"


def test_equal_infinities_are_unchanged_and_a_failed_image_is_no_verdict() -> None:
    case = Case("quality", "m")
    assert exact._quality_finding(case, {"a": (np.inf, np.inf)}, 0.01).word is Word.UNCHANGED
    assert exact._quality_finding(case, {"a": (np.inf, 30.0)}, 0.01).word is Word.WORSE
    assert exact._quality_finding(case, {"a": (30.0, 30.0), "b": "failed in head: no"}, 0.01).word is Word.NO_VERDICT


@pytest.mark.parametrize(
    ("base", "head", "word"),
    [
        ({"torch": 8192.0}, {"torch": 8193.0}, Word.SLOWER),
        ({"torch": 8192.0, "closed_form": 1.0}, {"torch": 8191.0, "closed_form": 1.0}, Word.FASTER),
        ({"torch": 8192.0}, {"torch": 8192.0 * (1 + 1e-13)}, Word.UNCHANGED),
        ({"torch": 8192.0, "fvcore": None}, {"torch": 8192.0, "fvcore": None}, Word.UNCHANGED),
        ({"torch": 8192.0, "fvcore": 1.0}, {"torch": 8192.0, "fvcore": None}, Word.NO_VERDICT),
        ({"torch": None}, {"torch": None}, Word.NO_VERDICT),
        ({}, {}, Word.NO_VERDICT),
    ],
)
def test_one_operation_more_is_always_found(
    base: dict[str, float | None], head: dict[str, float | None], word: Word
) -> None:
    assert exact._operations_finding(Case("cost", "m"), base, head, 0.0).word is word


def test_memory_that_seems_to_change_is_measured_again_and_the_lower_peak_counts() -> None:
    class Sides:
        def __init__(self, *peaks: tuple[float, float]) -> None:
            self.peaks = list(peaks)

        def ask(self, *_: object) -> tuple[object, object]:
            base, head = self.peaks.pop(0)
            return tuple((Reading("peak_bytes", peak, "B", part="measured"),) for peak in (base, head))  # type: ignore[return-value]  # two of them

    def found(*peaks: tuple[float, float]) -> Finding:
        sides = Sides(*peaks)
        return next(iter(exact.memory(sides, [Case("memory", "m")], Tolerance(), lambda: None)))  # type: ignore[arg-type]  # a stand-in

    assert found((100, 101)).word is Word.UNCHANGED
    assert found((100, 110), (100, 101), (100, 100)).word is Word.UNCHANGED
    assert found((100, 110), (100, 110), (101, 111)).word is Word.WORSE
    assert found((100, 90), (100, 90), (100, 90)).word is Word.BETTER


BASE = Checkout("base", "HEAD~1", "a" * 40, Path("b"))


def comparison(*findings: Finding) -> Comparison:
    head = replace(BASE, side="head", revision="working tree", commit="b" * 40)
    return Comparison(BASE, head, "quick", findings, {"cpu": "x"}, "f" * 12, "2026-01-01T00:00:00Z", 9.0, 3)


def finding(metric: str, word: Word, method: str = "m") -> Finding:
    return Finding(Case("time", method), metric, word)  # type: ignore[arg-type]  # of the four metrics


@pytest.mark.parametrize(
    ("words", "verdict", "status"),
    [
        ({"seconds": Word.FASTER, "psnr_db": Word.WORSE}, Word.FASTER_BUT_WORSE, 1),
        ({"seconds": Word.SLOWER, "psnr_db": Word.BETTER, "macs_per_pixel": Word.SLOWER}, Word.SLOWER_BUT_BETTER, 1),
        ({"seconds": Word.UNCHANGED, "macs_per_pixel": Word.SLOWER}, Word.SLOWER, 1),
        ({"seconds": Word.FASTER, "macs_per_pixel": Word.SLOWER}, Word.FASTER, 1),
        ({"seconds": Word.FASTER, "peak_bytes": Word.WORSE}, Word.FASTER_BUT_WORSE, 1),
        ({"seconds": Word.NO_VERDICT, "psnr_db": Word.UNCHANGED}, Word.NO_VERDICT, 3),
        ({"seconds": Word.FASTER, "psnr_db": Word.UNCHANGED}, Word.FASTER, 0),
        ({"seconds": Word.UNCHANGED, "psnr_db": Word.UNCHANGED}, Word.UNCHANGED, 0),
    ],
)
def test_one_word_for_a_method_and_one_status_for_the_whole(words: dict[str, Word], verdict: Word, status: int) -> None:
    found = comparison(*(finding(metric, word) for metric, word in words.items()))
    assert list(found.verdicts.values()) == [verdict]
    assert found.word is verdict
    assert found.status == status


def test_a_regression_outweighs_what_has_no_verdict_and_nothing_measured_is_no_pass() -> None:
    found = comparison(finding("seconds", Word.NO_VERDICT, "a"), finding("seconds", Word.SLOWER, "b"))
    assert found.status == 1
    assert found.word is Word.SLOWER
    assert comparison().status == 3


def test_different_environments_are_no_verdict() -> None:
    class Sides:
        def ask(self, *_: object) -> tuple[dict[str, str], dict[str, str]]:
            return {"cpu": "x", "float32_matmul_precision": "high"}, {"cpu": "x", "float32_matmul_precision": "medium"}

    class Bench:
        class spec:  # noqa: N801 - stands for a spec
            thread_count = staticmethod(lambda: 1)

    with pytest.raises(NoVerdictError, match="float32_matmul_precision: 'high' / 'medium'"):
        compare._environment(Bench(), Sides())  # type: ignore[arg-type]  # stand-ins
