"""Two revisions compared: what they import, what is said of each, and how it ends when something is wrong."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from in_process import call
from PIL import Image
from their_spec import SPEC

from bench.errors import NoVerdictError
from bench.plan.spec_files import read_spec
from bench.regress import compare, turns
from bench.regress.checkouts import git
from bench.regress.compare import Question
from bench.regress.findings import Comparison
from bench.regress.session import Session
from bench.regress.stopping_rule import Rule
from reports.derive.verdict_words import Word

A_DAY = 86_400.0
"""A budget that no machine spends, however busy it is."""


def spec_file(root: Path, text: str = SPEC) -> Path:
    path = root.parent / "spec.toml"
    path.write_text(text)
    return path


def asked(root: Path, base: str, head: str | None = None, text: str = SPEC) -> Comparison:
    question = Question(base, head, str(spec_file(root, text)), folder=root, budget=A_DAY)
    return compare.compare(question, progress=lambda *_: None, say=lambda _: None)


def test_each_side_runs_its_own_code_and_the_working_tree_is_the_head(theirs: Path) -> None:
    (theirs / "src" / "theirmethod" / "m.py").write_text("def restore(image):\n    return 0.5 * image\n")
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
    monkeypatch.setattr("bench.regress.pairs.Pairs._goes_on", lambda *_: False)  # three pairs, however busy it is here
    text = SPEC + '[[time]]\nmethod = "theirmethod.m:restore"\nsize = 32\n'
    status = call(
        monkeypatch, "compare", "HEAD", "HEAD", "--spec", spec_file(theirs, text), "--budget", A_DAY, "--out", "out",
        "--format", "json", "--measure-all", "--verbose",
    )  # fmt: skip
    printed = capsys.readouterr()
    assert any(f"exit status {status}: " in line for line in printed.err.splitlines())
    lines = {line["measured"]: line for line in json.loads(printed.out)}
    assert status in {0, 3}  # three pairs on a busy machine may say nothing, but never "slower"
    assert lines["psnr_db sigma 25"]["verdict"] == "unchanged"
    assert lines["macs_per_pixel 32x32"]["verdict"] == "not measured"
    assert printed.err.count("macs_per_pixel of theirmethod.m:restore is not measured") == 1
    assert lines["seconds 32x32"]["verdict"] in {"unchanged", "not slower", "no verdict"}
    timed = lines["seconds 32x32"]
    said = [timed[key] for key in ("interval", "base against base", "detectable")]
    assert all(said) or timed["verdict"] == "no verdict"
    assert timed["interval"] or "too noisy to exclude even a tenfold slow-down" in timed["reason"]
    assert {line["method"] for line in json.loads(printed.out)} > {"control: NumPy FFT", "control: torch convolution"}
    assert {path.name for path in next((theirs / "out").iterdir()).iterdir()} == {
        "comparison.json", "comparison.csv", "comparison.md", "benchmark-base.json", "benchmark-head.json",
        "smaller-is-better.json", "bigger-is-better.json", "junit.xml", "bencher.json",
    }  # fmt: skip


def test_only_what_has_other_code_is_measured(theirs: Path, commit: Callable[[Path, str], str]) -> None:
    """Two methods: one is reformatted, the other restores otherwise; and a document changes."""
    other, text = theirs / "src" / "theirmethod" / "other.py", "def restore(image):\n    return 1.0 * image\n"
    other.write_text(text)
    commit(theirs, "two")
    other.write_text(text.replace("1.0", "0.9"))
    (theirs / "src" / "theirmethod" / "m.py").write_text("def restore(image):  # twice\n    return (0.999 * image)\n")
    (theirs / "README.md").write_text("Words.")
    said: list[str] = []
    spec = SPEC.replace('"theirmethod.m:restore"', '["theirmethod.m:restore", "theirmethod.other:restore"]')
    spec += '[[time]]\nmethod = "theirmethod.m:restore"\nsize = 32\n'
    question = Question("HEAD", spec=str(spec_file(theirs, f'undecided = "pass"{spec}')), folder=theirs)
    found = compare.compare(question, progress=lambda *_: None, say=said.append)
    words = {(finding.case.method, finding.metric): finding.word for finding in found.findings}
    assert words == {
        ("theirmethod.m:restore", "psnr_db"): Word.SAME_CODE,
        ("theirmethod.m:restore", "macs_per_pixel"): Word.SAME_CODE,
        ("theirmethod.m:restore", "seconds"): Word.SAME_CODE,
        ("theirmethod.other:restore", "psnr_db"): Word.WORSE,
        ("theirmethod.other:restore", "macs_per_pixel"): Word.NOT_MEASURED,
    }
    assert said == ["measured: theirmethod.other:restore, because src/theirmethod/other.py differs"]
    assert found.pairs == 0
    assert found.undecided == "pass"


def test_it_prints_one_line_that_says_it_all_and_then_only_what_changed(
    theirs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    (theirs / "src" / "theirmethod" / "m.py").write_text("def restore(image):\n    return 0.5 * image\n")
    arguments = ["compare", "HEAD~1", "--spec", str(spec_file(theirs)), "--out", "out"]
    assert call(monkeypatch, *arguments) == 1
    first, *table = capsys.readouterr().out.splitlines()
    assert first.startswith("worse: theirmethod.m:restore, psnr_db sigma 25: -")
    assert first.endswith("; exit status 1: it does not pass")
    assert "psnr_db" in "".join(table)
    assert "macs_per_pixel" not in "".join(table)
    place = next((theirs / "out").iterdir())
    assert summary.read_text().endswith(f"All measurements: `{place.name}/comparison.md`\n")
    assert call(monkeypatch, *arguments, "--format", "csv") == 1
    printed = capsys.readouterr()
    assert [line.split(",")[0] for line in printed.out.splitlines()] == ["method"] + 2 * ["theirmethod.m:restore"]
    assert first in printed.err.splitlines()


def test_where_nothing_changed_there_is_the_one_line_alone(
    theirs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["HEAD", "HEAD", "--spec", str(spec_file(theirs)), "--out", "out"]
    said = "unchanged (same code): nothing that differs matters to a method; exit status 0: it passes\n"
    for style in ("table", "markdown"):
        assert call(monkeypatch, "compare", *arguments, "--format", style) == 0
        assert capsys.readouterr().out == said
    assert call(monkeypatch, "compare", *arguments, "--format", "csv") == 0  # for programs: everything
    printed = capsys.readouterr()
    assert [line.split(",")[0] for line in printed.out.splitlines()] == ["method"] + 2 * ["theirmethod.m:restore"]
    assert said in printed.err


@pytest.mark.parametrize("named", ["own", "own/*.png", "own/list.txt", "Set5"])
def test_images_are_named_as_for_a_run(theirs: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    folder = theirs.parent / "own"
    (folder / "Set5").mkdir(parents=True)
    Image.effect_noise((16, 16), 40).save(folder / "tiny.png")
    Image.effect_noise((16, 16), 40).save(folder / "Set5" / "baby.png")
    (folder / "list.txt").write_text("tiny.png\n")
    monkeypatch.setenv("RESTOBENCH_DATA", str(folder))
    source = named if named == "Set5" else f"{theirs.parent}/{named}"
    question = Question("HEAD~1", "HEAD", str(spec_file(theirs)), folder=theirs, images=source)
    found = compare.compare(question, progress=lambda *_: None, say=lambda _: None)
    quality = next(finding for finding in found.findings if finding.metric == "psnr_db")
    assert quality.change is not None


def test_a_method_that_base_does_not_have_is_no_verdict(theirs: Path) -> None:
    (theirs / "src" / "theirmethod" / "new.py").write_text("def restore(image):\n    return 1.0 * image\n")
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


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (2, {"psnr_db": "interrupted after 1 of 2 images"}),
        (5, {"psnr_db": "", "macs_per_pixel": "no counter counts either revision", "seconds": "interrupted"}),
    ],
)
def test_an_interrupted_comparison_keeps_what_it_had_found(
    theirs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    after: int,
    found: dict[str, str],
) -> None:
    monkeypatch.setattr(turns, "BLOCK_SECONDS", 0.01)
    text = SPEC.replace('"camera"', '["camera", "coins"]') + '[[time]]\nmethod = "theirmethod.m:restore"\nsize = 32\n'
    steps = itertools.count(1)

    def interrupt() -> None:
        if next(steps) == after:
            raise KeyboardInterrupt

    monkeypatch.setattr("bench.progress.check", interrupt)
    arguments = ["HEAD", "HEAD", "--spec", str(spec_file(theirs, text)), "--budget", str(A_DAY), "--out", "out"]
    assert call(monkeypatch, "compare", *arguments, "--measure-all") == 3
    place = next((theirs / "out").iterdir())
    error = capsys.readouterr().err
    assert error == f"restobench: interrupted; what it had found until then is in {place.relative_to(theirs)}\n"
    kept = json.loads((place / "comparison.json").read_text())
    assert (kept["interrupted"], kept["status"]) == (True, 3)
    assert {finding["metric"]: finding["reason"] for finding in kept["findings"]} == found
    assert "exit status 3: it was interrupted" in (place / "comparison.md").read_text()
    assert git(theirs, "worktree", "list").count("\n") == 0


def test_outside_a_repository_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(monkeypatch, "compare", "HEAD") == 2
    assert "is not in a git repository" in capsys.readouterr().err


def test_a_base_without_this_suite_has_no_verdict(theirs: Path, commit: Callable[[Path, str], str]) -> None:
    """A repository that holds the package `restoration` itself, in another shape than the suite needs."""
    (theirs / "restoration").mkdir()
    (theirs / "restoration" / "__init__.py").write_text("")
    commit(theirs, "another restoration")
    with pytest.raises(NoVerdictError, match=r"does not run with this suite: .*ModuleNotFoundError"):
        asked(theirs, "HEAD")


def test_weights_are_fetched_before_anything_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    monkeypatch.setattr(compare, "find", lambda _: None)
    monkeypatch.setattr(compare, "fetch", fetched.append)

    class Bench:
        say = staticmethod(lambda _: None)

    cases = read_spec("quick").cases({1: ["camera", "coins"], 3: ["chelsea"]})
    compare._obtain_weights(Bench(), [*cases, replace(cases[0], method="absent")])  # type: ignore[arg-type]  # a stand-in
    assert sorted(fetched) == ["ipol-gray", "psnr-small-x2"]


def test_different_environments_are_no_verdict() -> None:
    class Sides:
        def ask(self, *_: object) -> tuple[dict[str, str], dict[str, str]]:
            return {"cpu": "x", "float32_matmul_precision": "high"}, {"cpu": "x", "float32_matmul_precision": "medium"}

    class Bench:
        class spec:  # noqa: N801 - stands for a spec
            thread_count = staticmethod(lambda: 1)

    with pytest.raises(NoVerdictError, match="float32_matmul_precision: 'high' / 'medium'"):
        compare._environment(Bench(), Sides())  # type: ignore[arg-type]  # stand-ins


def test_a_method_in_a_file_of_the_repository_is_named_from_its_root(
    theirs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = theirs / "src" / "theirmethod"
    monkeypatch.chdir(folder)
    for name in ("m.py", str(folder / "m.py")):
        assert compare._from_root(f"{name}:restore", theirs) == "src/theirmethod/m.py:restore"
    (tmp_path / "elsewhere.py").touch()
    for name in ("dct", "theirmethod.m:restore", f"{tmp_path}/elsewhere.py:f", "none.py:f"):
        assert compare._from_root(name, theirs) == name
    monkeypatch.chdir(theirs)
    assert Session().origin("src/theirmethod/m.py:restore") == str(folder / "m.py")


@pytest.mark.parametrize("share", ["0", "0%", "60%", "x", "-1%"])
def test_a_change_that_nobody_can_detect_is_refused(
    theirs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], share: str
) -> None:
    arguments = ["HEAD", "HEAD", "--spec", str(spec_file(theirs)), f"--detect={share}"]
    assert call(monkeypatch, "compare", *arguments) == 2
    assert capsys.readouterr().err == (
        f"restobench: --detect {share!r}: expected a change between 0.1% and 50%, as in 1%\n"
    )


def test_a_budget_that_is_spent_before_the_times_leaves_them_without_a_verdict(theirs: Path) -> None:
    text = SPEC + '[[time]]\nmethod = "theirmethod.m:restore"\nsize = 32\n'
    question = Question("HEAD", "HEAD", str(spec_file(theirs, text)), folder=theirs, budget=0.001, measure_all=True)
    found = compare.compare(question, progress=lambda *_: None, say=lambda _: None)
    seconds = next(finding for finding in found.findings if finding.metric == "seconds")
    assert (seconds.word, seconds.samples, seconds.undecided) == (Word.NO_VERDICT, ((), ()), False)
    assert "the time for it was spent before" in seconds.reason
    assert found.status == 3


def test_a_comparison_takes_so_many_minutes_at_most() -> None:
    asked = (
        Question("a"), Question("a", measure_all=True), Question("a", detect=0.01, measure_all=True),
        Question("a", budget=0.5, detect=0.01),
    )  # fmt: skip
    assert [question.seconds / 60 for question in asked] == [6.0, 12.0, 15.0, 0.5]


@pytest.mark.parametrize(("said", "asked", "expected"), [("", 0, 1), ("threads = 2", 0, 2), ("threads = 2", 1, 1)])
def test_times_are_of_one_thread_unless_somebody_says_otherwise(
    theirs: Path, said: str, asked: int, expected: int
) -> None:
    text = f'{said}{SPEC}[[time]]\nmethod = "theirmethod.m:restore"\nsize = 32\n'
    place = str(spec_file(theirs, text))
    question = Question("HEAD", "HEAD", place, folder=theirs, budget=0.001, measure_all=True, threads=asked)
    found = compare.compare(question, progress=lambda *_: None, say=lambda _: None)
    assert {finding.case.threads for finding in found.findings if finding.metric == "seconds"} == {expected}
    assert found.environment["threads"] == expected


@pytest.mark.parametrize("detect", [None, 0.01])
def test_the_change_to_detect_is_the_tolerance_of_time(
    theirs: Path, monkeypatch: pytest.MonkeyPatch, detect: float | None
) -> None:
    tolerances = []

    def noted(rule: Rule) -> Rule:
        tolerances.append(rule.tolerance)
        return rule

    monkeypatch.setattr("bench.regress.compare.Rule", lambda tolerance: noted(Rule(tolerance)))
    text = f"{SPEC}[tolerance]\ntime = 0.07\n"
    question = Question("HEAD", "HEAD", str(spec_file(theirs, text)), folder=theirs, detect=detect)
    compare.compare(question, progress=lambda *_: None, say=lambda _: None)
    assert tolerances == [detect or 0.07]
