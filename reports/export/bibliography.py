"""BibTeX of the methods' papers, from the line by which each method of a run names its paper.

Such a line has authors, title, perhaps the place and the year, and a DOI or the number of a preprint: `Yu and Sapiro,
DCT image denoising, Image Processing On Line 2011, 10.5201/ipol.2011.ys-dct`. What follows a semicolon is a note.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_NAME = r"[^\W\d_a-z][^\s,]*(?: [^\W\d_a-z][^\s,]*)*"
_AUTHORS = re.compile(rf"({_NAME}(?:, {_NAME})* and {_NAME}|{_NAME}(?: et al\.)?), (?=\S)")
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s;]*[^\s;,.]")
_PREPRINT = re.compile(r"(?<![\d./])(\d\d)(?:0[1-9]|1[0-2])\.\d{4,5}(?![\d.])")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_SMALL = {"a", "an", "the"}


@dataclass(frozen=True)
class Paper:
    """One entry of the bibliography."""

    key: str
    kind: str
    fields: Mapping[str, str]

    def text(self, escape: Callable[[object], str]) -> str:
        """The entry; `escape` makes text literal."""
        raw = {"doi", "eprint", "archiveprefix", "year"}
        shown = {
            name: text if name in raw else _kept(escape(text)) if name == "title" else escape(text)
            for name, text in self.fields.items()
        }
        lines = (f"  {name} = {{{text}}}," for name, text in shown.items())
        return "\n".join((f"@{self.kind}{{{self.key},", *lines, "}"))


def papers(records: Iterable[Mapping[str, Any]]) -> dict[str, Paper]:
    """The paper of each method that names one; `records` are the methods of `run.json`.

    A key is made from the line alone; where two papers of a run would share one, a mark of each line follows.
    Braces, which BibTeX counts, are dropped.
    """
    stated = {
        str(record.get("name")): " ".join(re.sub(r"[{}]", " ", str(record.get("paper") or "")).split())
        for record in records
    }
    named = {name: line for name, line in stated.items() if line}
    made = {line: _paper(line) for line in dict.fromkeys(named.values())}
    count = Counter(paper.key for paper in made.values())
    for line, paper in made.items():
        if count[paper.key] > 1:
            mark = hashlib.sha256(line.encode("utf-8", "backslashreplace")).hexdigest()[:6]
            made[line] = Paper(f"{paper.key}-{mark}", paper.kind, paper.fields)
    return {name: made[line] for name, line in named.items()}


def bibliography(found: Iterable[Paper], escape: Callable[[object], str]) -> str:
    """The `.bib` file: each paper once, by its key."""
    once = {paper.key: paper for paper in found}
    return "\n\n".join(once[key].text(escape) for key in sorted(once)) + "\n"


def _paper(line: str) -> Paper:
    whole, _, note = line.partition(";")
    authors = _AUTHORS.match(whole)
    doi, preprint = _DOI.search(whole), None
    rest = whole[authors.end() :] if authors else whole
    if doi:
        rest = rest.replace(doi[0], "")
    elif preprint := _PREPRINT.search(rest):
        rest = rest.replace(preprint[0], "")
    title, *places = [part.strip(" .") for part in rest.split(", ") if part.strip(" .,")] or [whole]
    year = _YEAR.search(rest) or (_YEAR.search(doi[0].partition("/")[2]) if doi else None)
    when = year[1] if year else f"20{preprint[1]}" if preprint else ""
    place = ", ".join(_YEAR.sub("", part).strip() for part in places).strip(", ")
    known = {
        "author": " and ".join(_people(authors[1])) if authors else "",
        "title": title, "howpublished": place, "year": when, "doi": doi[0] if doi else "",
        "eprint": preprint[0] if preprint else "", "archiveprefix": "arXiv" if preprint else "", "note": note.strip(),
    }  # fmt: skip
    return Paper(_key(authors[1] if authors else "", when, title), "misc", {k: v for k, v in known.items() if v})


def _kept(title: str) -> str:
    """A title whose names keep their capitals in styles that write it small: `{DCT} image denoising`."""
    return re.sub(r"(?<![\\\w{])([^\W_]*[^\W\d_a-z][^\W_]*)", lambda word: _braced(word[0], word.start()), title)


def _braced(word: str, start: int) -> str:
    return word if start == 0 and word[1:] == word[1:].lower() else f"{{{word}}}"


def _people(authors: str) -> Iterator[str]:
    """Each author; `et al.` is BibTeX's `others`."""
    for part in re.split(r", | and ", authors.replace(" et al.", " and others")):
        yield part if " " not in part else f"{{{part}}}"


def _key(authors: str, year: str, title: str) -> str:
    """`yu2011dct`: the first author, the year and the first word of the title, in plain letters."""
    first = re.split(r", | and | et al", authors)[0]
    word = next((word for word in re.split(r"[\s/]", title) if _plain(word) and word.lower() not in _SMALL), "")
    return "".join((_plain(first), year, _plain(word))) or "paper"


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", text).lower())
