"""What is printed after a run: every method stands in the table, and the last lines say how the run went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import synthetic
from synthetic import tried

from reports import terminal
from reports.page import Report, make_report

BAD = "OutputError: the output is NaN"


def report(directory: Path, *rows: dict[str, Any], **described: Any) -> Report:
    return make_report(synthetic.write_rows(directory / "run", rows, **described))


def test_failed_methods_stand_last_with_the_reason_and_the_count(tmp_path: Path) -> None:
    rows = [
        *tried("ffdnet", {"a": 40.0, "b": BAD}),
        *tried("nlm", {"a": 30.0, "b": 20.0}),
        *tried("tv", {"a": BAD, "b": BAD}),
    ]
    table = terminal.best(report(tmp_path, *rows))
    assert [line["method"] for line in table] == ["non-local means", "FFDNet", "total variation"]
    assert [line["images"] for line in table] == [2, 1, 0]
    assert table[1]["remark"] == f"failed on 1 of 2 images: {BAD}"
    assert table[2]["psnr_db"] is None
    assert "setting" not in table[0]


def test_the_setting_stands_beside_each_figure_and_in_the_title(tmp_path: Path) -> None:
    rows = [row for ratio in (2.4, 2.7) for row in tried("dct", {"a": 20 * ratio}, options={"ratio": ratio})]
    made = report(tmp_path, *rows)
    assert terminal.best(made)[0]["setting"] == "default ratio 2.7"
    assert "thresholds at their default ratio" in terminal.title(made)


def test_a_best_of_a_sweep_is_called_that(tmp_path: Path) -> None:
    rows = [row for ratio in (2.4, 3.0) for row in tried("dct", {"a": 20 * ratio}, options={"ratio": ratio})]
    made = report(tmp_path, *rows)
    assert terminal.best(made)[0]["setting"] == "ratio 3, the best of 2 on these images"
    assert "default" not in terminal.title(made)


def test_nothing_is_said_of_ratios_where_no_method_has_one(tmp_path: Path) -> None:
    made = report(tmp_path, *tried("nlm", {"a": 30.0}))
    assert "ratio" not in terminal.title(made)
    assert "threshold" not in terminal.title(made)


def test_methods_of_other_images_follow_beside_one_variant_of_each_method(tmp_path: Path) -> None:
    dct = [row for block in (8, 16) for row in tried("dct", {"a": 30.0, "b": 20.0}, options={"block_size": block})]
    table = terminal.best(report(tmp_path, *dct, *tried("bm3d", {"a": 31.0})))
    assert [(line["method"], line["images"], line["over"]) for line in table] == [
        ("DCT 8×8", 2, "a, b"), ("DCT 16×16", 2, "a, b"), ("BM3D", 1, "a"), ("DCT 8×8", 1, "a"),
    ]  # fmt: skip


def test_every_distinct_error_is_printed_once_and_the_status_is_last(tmp_path: Path) -> None:
    rows = [*tried("ffdnet", {"a": BAD, "b": BAD}), *tried("nlm", {"a": 30.0, "b": 20.0})]
    said = terminal.status(report(tmp_path, *rows, status="interrupted"))
    assert said[0] == f"{BAD} (2 cases: ffdnet)"
    assert "did not finish" in said[1]
    assert said[-1] == f"Of 4 cases 2 failed: {BAD}"


def test_more_errors_than_a_terminal_holds_are_counted(tmp_path: Path) -> None:
    rows = [row for number in range(25) for row in tried("ffdnet", {f"i{number}": f"OutputError: {number}"})]
    said = terminal.status(report(tmp_path, *rows))
    assert said[terminal.MOST_ERRORS] == "5 more errors: see the report"
    assert len(said) == terminal.MOST_ERRORS + 2


def test_a_method_whose_timing_failed_says_so_beside_its_score(tmp_path: Path) -> None:
    case = {"task": "denoise", "height": 512, "width": 512}
    failed = synthetic.row("time", "nlm", **case, quantity="failure", error="ProcessDiedError: killed")
    (line,) = terminal.best(report(tmp_path, *tried("nlm", {"a": 30.0}), failed))
    assert (line["psnr_db"], line["seconds_per_megapixel"]) == (30.0, None)
    assert line["remark"] == "timing failed: ProcessDiedError: killed"


def test_boards_have_the_best_first_with_gain_interval_and_milliseconds(tmp_path: Path) -> None:
    case = {"task": "denoise", "height": 1000, "width": 1000, "phase": "measure", "quantity": "seconds"}
    rows = [
        *tried("dct", {"a": 28.0, "b": 30.0}),
        *tried("ffdnet", {"a": 29.0, "b": 32.0}),
        *tried("tv", {"a": BAD, "b": BAD}),
        *(synthetic.row("time", "dct", value=0.013, repeat=repeat, **case) for repeat in range(9)),
    ]
    ((title, lines, more),) = terminal.boards(report(tmp_path, *rows))
    assert title == "Denoising, sigma 25: means over 2 images, 95 % intervals"
    assert [(line["method"], line["dB"]) for line in lines[1:]] == [("DCT 8×8", "29.00"), ("total variation", "failed")]
    assert {tuple(line) for line in lines} == {tuple(lines[0])}
    assert lines[0]["over DCT 8×8"] == "+1.50 ±6.35"
    assert (lines[1]["ms/MP"], lines[1]["95 % (ms)"], lines[1]["×"]) == ("13.0", "13.0 to 13.0", "1.00")
    assert more[0] == "All times are of 1000 × 1000 pixels."
    assert more[1].endswith("for 1 comparison, do not tell FFDNet from DCT 8×8.")
    assert any(line.startswith("Failed, and so not compared: total variation") for line in more)


def test_where_everything_failed_the_table_says_failed(tmp_path: Path) -> None:
    ((title, lines, more),) = terminal.boards(report(tmp_path, *tried("dct", {"a": BAD}), *tried("tv", {"a": BAD})))
    assert title == "Denoising, sigma 25"
    assert lines == [{"method": "DCT 8×8", "dB": "failed"}, {"method": "total variation", "dB": "failed"}]
    assert more == ["Failed, and so not compared: DCT 8×8 (1 of 1 image) and total variation (1 of 1 image)."]


def test_of_equally_good_methods_those_that_were_not_timed_stand_last(tmp_path: Path) -> None:
    case = {"task": "denoise", "height": 1000, "width": 1000, "phase": "measure", "quantity": "seconds"}
    rows = [row for method in ("tv", "dct", "nlm") for row in tried(method, {"a": 30.0})]
    rows += [synthetic.row("time", name, value=value, **case) for name, value in (("dct", 0.02), ("nlm", 0.01))]
    ((_, lines, _),) = terminal.boards(report(tmp_path, *rows))
    assert [line["method"] for line in lines] == ["non-local means", "DCT 8×8", "total variation"]


def test_boards_leave_variants_that_are_neither_as_built_nor_on_the_front_to_the_page(tmp_path: Path) -> None:
    case = {"task": "denoise", "height": 1000, "width": 1000, "phase": "measure", "quantity": "seconds"}
    plan = ((8, 30.0, 0.01), (16, 29.0, 0.05), (4, 28.0, 0.005))
    rows = [row for block, db, _ in plan for row in tried("dct", {"a": db}, options={"block_size": block})]
    rows += [
        synthetic.row("time", "dct", value=seconds, options={"block_size": block}, **case) for block, _, seconds in plan
    ]
    ((_, lines, _),) = terminal.boards(report(tmp_path, *rows))
    assert [line["method"] for line in lines] == ["DCT 8×8", "DCT 4×4"]


EDGES = {"name": "edges", "title": "edge error", "unit": "1/255", "better": "smaller", "digits": 3}
"""A metric of the user's."""


def scored(method: str, images: dict[str, float], **case: Any) -> list[dict[str, Any]]:
    return [{**row, "quantity": "edges"} for row in tried(method, images, **case)]


def test_own_metrics_have_a_table_of_their_own_with_the_input_and_how_many_images_they_are_over(tmp_path: Path) -> None:
    rows = [
        *tried("dct", {"a": 28.0, "b": 30.0}), *scored("dct", {"a": 2.0}),
        *tried("noisy", {"a": 20.0, "b": 20.0}), *scored("noisy", {"a": 8.0, "b": 9.0}),
    ]  # fmt: skip
    made = report(tmp_path, *rows, metrics=[EDGES])
    ((title, lines, more),) = terminal.judged(made)
    assert title == "Denoising, sigma 25: means over 2 images"
    assert lines == [{"method": "DCT 8×8", "edges": "2.000"}, {"method": "noisy input", "edges": "8.000"}]
    assert more == ["edges: edge error (1/255), less is better, 1 of 2 images"]
    assert terminal.best(made)[0]["remark"] == "edge error over 1 of 2 images"


def test_what_was_judged_without_psnr_has_its_table(tmp_path: Path) -> None:
    made = report(tmp_path, *scored("dct", {"a": 2.0}), metrics=[EDGES])
    assert terminal.boards(made) == []
    assert terminal.judged(made)[0][1] == [{"method": "DCT 8×8", "edges": "2.000"}]


def test_without_own_metrics_there_is_no_further_table(tmp_path: Path) -> None:
    assert terminal.judged(report(tmp_path, *tried("dct", {"a": 30.0}))) == []


def test_the_input_is_named_beside_the_methods_and_what_makes_it_worse(tmp_path: Path) -> None:
    rows = [*tried("dct", {"a": 28.0}), *tried("ffdnet", {"a": 31.0}), *tried("noisy", {"a": 30.0})]
    ((_, lines, more),) = terminal.boards(report(tmp_path, *rows))
    assert [line["method"] for line in lines] == ["FFDNet", "DCT 8×8"]
    assert more[0] == "The input itself has 30.00 dB, more than DCT 8×8."
    fine = report(tmp_path / "fine", *tried("dct", {"a": 28.0}), *tried("noisy", {"a": 20.0}))
    assert terminal.boards(fine)[0][2][0] == "The input itself has 20.00 dB."
