"""The front of quality against time."""

from __future__ import annotations

from reports.derive.scores import RIVALS
from reports.derive.summary import Summary, summarise


def test_the_front_holds_nothing_that_is_slower_and_worse(summary: Summary) -> None:
    timed = summary.standings[summary.standings["compared"] & (summary.standings["per_megapixel"] > 0)]
    for _, group in timed.groupby([*RIVALS, "board"], observed=True):
        for line in group.itertuples():
            beaten = ((group["per_megapixel"] < line.per_megapixel) & (group["psnr_db"] > line.psnr_db)).any()
            assert line.front == (not beaten)


def test_a_method_of_fewer_images_is_on_the_front_of_its_own_board_alone(summary: Summary) -> None:
    quality = summary.tables["quality"]
    fewer = quality[~((quality["method"] == "ffdnet") & (quality["image"] != "camera"))]
    found = summarise({**summary.tables, "quality": fewer}, summary.methods)
    assert "ffdnet" not in set(found.traded["method"])
    ffdnet = found.standings[found.standings["method"] == "ffdnet"]
    assert (ffdnet["board"] == 1).all()
    assert (ffdnet["n"] == 1).all()
