"""The tables: their columns, that nothing is lost, and that failures stay lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic

from reports.read.run import Run, load_run
from reports.read.tables import TABLES, all_tables, failed, write_tables

PROMISED = {
    "cost": [
        "method",
        "variant",
        "scale",
        "height",
        "width",
        "counter",
        "macs_per_pixel",
        "flops_per_pixel",
        "residue",
    ],
    "time": ["method", "variant", "device", "dtype", "threads", "height", "width", "phase", "repeat", "seconds"],
    "quality": [
        "method",
        "variant",
        "task",
        "image",
        "block_size",
        "stride",
        "ratio",
        "sigma_255",
        "scale",
        "degradation",
        "seed",
        "psnr_db",
        "ssim",
        "residual_std_255",
    ],
    "energy": ["method", "variant", "device", "height", "width", "counter", "joules", "note"],
    "memory": ["method", "variant", "device", "height", "width", "peak_bytes"],
    "layers": ["method", "layer", "seconds", "macs", "peak_share"],
    "paired": ["group", "block", "phase", "method", "variant", "seconds"],
    "experiment": ["experiment", "part", "repeat", "quantity", "value"],
}


@pytest.fixture(scope="module")
def whole(run: Path) -> Run:
    return load_run(run)


@pytest.fixture(scope="module")
def tables(whole: Run) -> dict[str, pd.DataFrame]:
    return all_tables(whole)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_its_columns_with_and_without_rows(
    name: str, tables: dict[str, pd.DataFrame], whole: Run
) -> None:
    assert set(PROMISED[name]) <= set(tables[name].columns)
    assert not tables[name].empty
    assert set(PROMISED[name]) <= set(TABLES[name](replace(whole, rows=whole.rows.iloc[:0])).columns)


def test_every_raw_sample_is_in_the_time_table(whole: Run, tables: dict[str, pd.DataFrame]) -> None:
    rows = whole.rows[(whole.rows["kind"] == "time") & (whole.rows["quantity"] == "seconds")]
    assert sorted(tables["time"]["seconds"]) == sorted(rows["value"])


def test_warm_up_is_told_apart_from_the_rounds_that_share_its_numbers(tables: dict[str, pd.DataFrame]) -> None:
    paired = tables["paired"]
    same = paired[(paired["block"] == 0) & (paired["group"] == paired["group"].iloc[0])]
    assert set(same["phase"]) == {"build", "first", "warmup", "measure"}


def test_flops_are_twice_the_multiply_adds(tables: dict[str, pd.DataFrame]) -> None:
    cost = tables["cost"]
    assert (cost["flops_per_pixel"] == 2 * cost["macs_per_pixel"]).all()
    ffdnet = cost[(cost["method"] == "ffdnet") & (cost["counter"] == "closed_form")]
    assert ffdnet["macs_per_pixel"].tolist() == [121104]


def test_each_scored_case_is_one_line_with_all_its_scores(whole: Run, tables: dict[str, pd.DataFrame]) -> None:
    psnr = whole.rows[whole.rows["quantity"] == "psnr_db"]
    quality = tables["quality"][tables["quality"]["error"] == ""]
    assert sorted(quality["psnr_db"]) == sorted(psnr["value"])
    assert quality[["psnr_db", "ssim", "residual_std_255"]].notna().all(axis=None)
    dct = quality[quality["method"] == "dct"]
    assert dct[["block_size", "stride", "ratio"]].notna().all(axis=None)
    assert quality.loc[quality["method"] == "ffdnet", "ratio"].isna().all()


def test_what_a_dct_case_does_not_say_is_the_default_of_its_run(whole: Run) -> None:
    silent = replace(whole, rows=whole.rows[whole.rows["method"].isin(["dct", "nlm"])].assign(options="{}"))
    about = {"methods": [{"name": "dct", "options": {"block_size": 4, "stride": 2, "ratio": 3.1}}]}
    columns = ["method", "block_size", "stride", "ratio"]
    for run, expected in ((silent, [8, 1, 2.7]), (replace(silent, about=about), [4, 2, 3.1])):
        lines = TABLES["quality"](run)[columns].astype({"method": object}).drop_duplicates().set_index("method")
        assert lines.loc["dct"].tolist() == expected
        assert lines.loc["nlm"].isna().all()


def test_a_failed_case_is_a_line_with_its_error(whole: Run, tables: dict[str, pd.DataFrame]) -> None:
    broken = tables["quality"][tables["quality"]["error"] != ""]
    assert len(broken) == len(failed(whole.rows)) == 1
    assert "truncated" in broken["error"].iloc[0]
    assert np.isnan(broken["psnr_db"].iloc[0])


def test_what_became_of_a_case_is_no_reading_of_it(tmp_path: Path) -> None:
    kinds = ("cost", "time", "paired", "quality", "memory", "layers", "experiment")
    quantities = {"skipped": "bm3d is not installed", "input_written": ""}
    rows = [synthetic.row(kind, "dct", quantity=what, note=note) for kind in kinds for what, note in quantities.items()]
    run = load_run(synthetic.write_rows(tmp_path / "run", rows))
    assert {name: len(table) for name, table in all_tables(run).items()} == dict.fromkeys((*kinds, "energy"), 0)


def test_the_order_of_rows_does_not_matter(whole: Run, tables: dict[str, pd.DataFrame]) -> None:
    shuffled = TABLES["quality"](replace(whole, rows=whole.rows.sample(frac=1, random_state=0)))
    columns = ["method", "variant", "image", "sigma_255", "degradation"]
    left, right = (
        table.astype(dict.fromkeys(columns, str)).sort_values([*columns, "psnr_db"])["psnr_db"].tolist()
        for table in (tables["quality"], shuffled)
    )
    np.testing.assert_array_equal(left, right)


def test_files_hold_the_tables(tmp_path: Path, tables: dict[str, pd.DataFrame]) -> None:
    paths = write_tables(tables, tmp_path)
    assert {path.name for path in paths} == {f"{name}.{kind}" for name in TABLES for kind in ("csv", "parquet")}
    for name, table in tables.items():
        stored, text = (
            pd.read_parquet(tmp_path / "tables" / f"{name}.parquet"),
            pd.read_csv(tmp_path / "tables" / f"{name}.csv"),
        )
        assert list(stored.columns) == list(text.columns) == list(table.columns)
        assert len(stored) == len(text) == len(table)
    assert ",512,512,1,closed_form,8192," in (tmp_path / "tables" / "cost.csv").read_text(encoding="utf-8").replace(
        '"', ""
    )
