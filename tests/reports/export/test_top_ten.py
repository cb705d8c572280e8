"""The ten best methods as a table of a paper: the best first, each citing its paper, n and machine in the caption."""

from __future__ import annotations

import re
from pathlib import Path

import synthetic

from reports.export.top_ten import top_tens
from reports.page import make_report

PSNR = {f"method_{number}": 25.0 + number / 10 for number in range(12)}


def tables(directory: Path, rows: list[dict[str, object]], keys: dict[str, str]) -> dict[str, str]:
    return top_tens(make_report(synthetic.write_rows(directory, rows), paper=True), keys)


def test_the_ten_best_of_more_stand_in_their_order_with_their_keys(tmp_path: Path) -> None:
    rows = [row for name, db in PSNR.items() for row in synthetic.tried(name, {"a": db, "b": db + 1, "c": db - 1})]
    rows += [
        synthetic.row("time", "method_11", task="denoise", height=1000, width=1000, phase="measure", repeat=repeat,
                      quantity="seconds", value=0.0171 + repeat / 1e5, unit="s")
        for repeat in range(9)
    ]  # fmt: skip
    found = tables(tmp_path, rows, {"method_11": "yu2011dct"})
    (latex,) = found.values()
    assert list(found) == ["top-ten-denoising-sigma-25"]
    names = re.findall(r"^(method\\_\d+)", latex, flags=re.MULTILINE)
    assert names == [rf"method\_{number}" for number in range(11, 1, -1)]
    caption = next(line for line in latex.splitlines() if r"\caption" in line).replace("~", " ")
    assert "the 10 best of 12 methods by mean PSNR over n = 3 images" in caption
    assert "Measured on Some CPU @ 2.90GHz, 2 cores, 24 GiB" in caption
    assert "2026-01-02." in caption
    assert "No line has: memory (MiB/MP), parameters." in caption
    best = next(line for line in latex.splitlines() if r"\cite" in line)
    assert re.match(r"method\\_11 \\cite\{yu2011dct\} & 26\.10 & .* & 17\.1 & 17\.1 to 17\.2", best), best
    assert latex.count(r"\cite") == 1


def test_gains_have_a_sign_and_the_reference_has_none(tmp_path: Path) -> None:
    rows = synthetic.tried("dct", {"a": 28.0, "b": 29.0}) + synthetic.tried("wavelet", {"a": 27.0, "b": 28.5})
    (latex,) = tables(tmp_path, rows, {}).values()
    assert re.search(r"^DCT 8\$\\times\$8 & 28\.50 & -- \\\\$", latex, flags=re.MULTILINE)
    assert re.search(r"^wavelet & 27\.75 & \$-\$0\.75 \$\\pm\$ 3\.18 \\\\$", latex, flags=re.MULTILINE)
