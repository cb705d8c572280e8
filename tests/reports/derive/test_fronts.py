"""The front of quality against time."""

from __future__ import annotations

from reports.derive.summary import Summary, summarise


def test_the_front_holds_nothing_that_is_slower_and_worse(summary: Summary) -> None:
    for _, group in summary.traded.groupby(["task", "degradation", "sigma_255", "scale"], observed=True):
        for line in group.itertuples():
            beaten = ((group["per_megapixel"] < line.per_megapixel) & (group["psnr_db"] > line.psnr_db)).any()
            assert line.front == (not beaten)


def test_a_mean_over_fewer_images_is_not_on_the_front(summary: Summary) -> None:
    quality = summary.tables["quality"]
    fewer = quality[~((quality["method"] == "ffdnet") & (quality["image"] != "camera"))]
    traded = summarise({**summary.tables, "quality": fewer}, summary.methods).traded
    ffdnet = traded[traded["method"] == "ffdnet"]
    assert not ffdnet["whole"].any()
    assert not ffdnet["front"].any()
