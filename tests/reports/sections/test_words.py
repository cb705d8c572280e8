"""The page's sentences and the modules that say them: none is missing, none is left over, every field is filled."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import reports
from reports.sections.words import joined, sentences, words

ROOT = Path(reports.__file__).parent


def uses() -> Iterator[tuple[str, frozenset[str]]]:
    """The key and the fields of every call of `words` in the package."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "words":
                (key,) = node.args
                assert isinstance(key, ast.Constant), f"{path.name}: a key that is no literal cannot be checked"
                yield str(key.value), frozenset(str(keyword.arg) for keyword in node.keywords)


def written() -> Iterator[tuple[str, frozenset[str]]]:
    """The key and the fields of every sentence; the conventions are shown as they stand."""
    for section, named in sentences().items():
        for name, sentence in named.items():
            fields = frozenset(field for _, field, _, _ in Formatter().parse(sentence) if field is not None)
            if section == "conventions":
                assert not fields
            else:
                yield f"{section}.{name}", fields


def test_every_sentence_is_said_and_every_one_that_is_said_is_there_with_its_fields() -> None:
    assert set(uses()) == set(written())


def test_a_sentence_is_one_line_of_whole_words() -> None:
    for named in sentences().values():
        for sentence in named.values():
            assert "\n" not in sentence
            assert "  " not in sentence
            assert sentence == sentence.rstrip()


def test_fields_are_filled_and_show_braces_of_a_name_as_they_are() -> None:
    assert words("notices.none") == "Nothing was left out."
    assert words("tradeoff.noisy", psnr_db=20.1749) == "The noisy input has 20.17 dB."
    assert words("denoising.best", methods="{mine}", settings="as named") == "Best {mine}; as named."


@pytest.mark.parametrize("key", ["notices.unheard", "unheard.none", "notices", "tradeoff.noisy"])
def test_an_unknown_sentence_and_a_missing_field_are_refused(key: str) -> None:
    with pytest.raises(KeyError, match=key):
        words(key)


def test_parts_are_joined_into_one_sentence() -> None:
    assert joined(["at one", "at two"]) == "At one; at two."
