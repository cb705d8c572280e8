"""Labels: short, and the same however a case is written and whichever version wrote the run."""

from __future__ import annotations

import pytest
import synthetic

from reports.derive.labels import label_of
from reports.read.methods import Methods, methods_of

NEW = methods_of(synthetic.about(synthetic.Content())["methods"])


@pytest.mark.parametrize("methods", [NEW, Methods()], ids=["new", "older"])
def test_a_label_is_the_same_however_a_default_is_written(methods: Methods) -> None:
    written = '{"block_size":8,"engine":"auto","ratio":3.0,"stride":1,"spacing":0.0}'
    assert label_of(methods, "dct", "{}") == label_of(methods, "dct", written) == "DCT 8×8"
    dense = '{"block_size":16,"engine":"dense","stride":4}'
    assert label_of(methods, "dct", dense) == "DCT 16×16, stride 4, engine dense"
    assert label_of(methods, "dct", '{"engine":"fused","keep_dc":false}') == "DCT 8×8, no keep dc"
    assert label_of(methods, "ffdnet", '{"runtime":"auto"}') == "FFDNet"
    assert label_of(methods, "ffdnet", "{}", "bfloat16") == "FFDNet, bfloat16"
    assert label_of(methods, "xphoto-dct", '{"block_size":8}') == "OpenCV DCT 8×8"
    assert label_of(methods, "mine", "not json") == "mine"


def test_a_title_and_a_default_come_from_the_run() -> None:
    methods = methods_of([{"name": "mine", "title": "My method", "options": {"mode": "fast"}}, {"name": "dct"}])
    assert label_of(methods, "mine", '{"mode":"fast"}') == "My method"
    assert label_of(methods, "mine", '{"mode":"slow"}') == "My method, mode slow"
    assert label_of(methods, "dct", "{}") == "DCT 8×8"


def test_a_default_block_size_of_the_run_is_what_a_case_means_by_silence() -> None:
    methods = methods_of([{"name": "dct", "title": "DCT", "options": {"block_size": 16, "stride": 2}}])
    assert label_of(methods, "dct", "{}") == "DCT 16×16"
    assert methods.number("dct", "{}", "block_size") == 16
    assert methods.number("dct", '{"block_size":4}', "block_size") == 4


def test_a_broken_record_is_read_as_in_an_older_run() -> None:
    methods = methods_of([{"name": "dct", "title": 3, "options": ["block_size"]}, {"title": "nameless"}])
    assert label_of(methods, "dct", "{}") == "DCT 8×8"


def test_methods_that_share_a_title_are_told_apart_by_their_names() -> None:
    methods = methods_of([{"name": name, "title": "FFDNet"} for name in ("ffdnet", "mine")] + [{"name": "nlm"}])
    labels = [label_of(methods, name, "{}") for name in ("ffdnet", "mine", "nlm")]
    assert labels == ["FFDNet (ffdnet)", "FFDNet (mine)", "non-local means"]
