"""Labels: short, and the same however a case is written."""

from __future__ import annotations

from reports.derive.labels import label_of


def test_a_label_is_the_same_however_a_default_is_written() -> None:
    assert (
        label_of("dct", "{}") == label_of("dct", '{"block_size":8,"ratio":3.0,"stride":1,"engine":"auto"}') == "DCT 8×8"
    )
    assert label_of("dct", '{"block_size":16,"stride":4,"engine":"dense"}') == "DCT 16×16, stride 4, engine dense"
    assert label_of("ffdnet", '{"runtime":"auto"}') == "FFDNet"
    assert label_of("ffdnet", "{}", "bfloat16") == "FFDNet, bfloat16"
    assert label_of("mine", "not json") == "mine"
