"""Text as LaTeX that shows it literally, in plain ASCII for every engine, and how wide it is set.

Widths are those of Computer Modern Roman, in em of the font they stand in: rows are planned with them, so that no table
has to be tried.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

_SIGNS: Mapping[str, str] = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "[": "{[}", "]": "{]}", "*": "{*}",
    '"': r"\texttt{\char34}", "'": r"\texttt{\char39}", "`": r"\texttt{\char96}",
    "×": r"$\times$", "·": r"$\cdot$", "±": r"$\pm$", "−": "$-$", "–": "--", "—": "---", "…": r"\dots{}",
    "“": "``", "”": "''", "→": r"$\rightarrow$", "≤": r"$\leq$",
    "≥": r"$\geq$", "≈": r"$\approx$", "√": r"$\surd$", "∞": r"$\infty$", "°": r"$^\circ$", "µ": r"$\mu$",
    "β": r"$\beta$", "δ": r"$\delta$", "ε": r"$\epsilon$", "λ": r"$\lambda$", "μ": r"$\mu$", "π": r"$\pi$",
    "\N{GREEK SMALL LETTER ALPHA}": r"$\alpha$", "\N{GREEK SMALL LETTER GAMMA}": r"$\gamma$",
    "\N{GREEK SMALL LETTER SIGMA}": r"$\sigma$", "τ": r"$\tau$", "Δ": r"$\Delta$", "Σ": r"$\Sigma$",
    "\N{LEFT SINGLE QUOTATION MARK}": r"\textquoteleft{}", "\N{RIGHT SINGLE QUOTATION MARK}": r"\textquoteright{}",
    "ß": r"\ss{}", "ø": r"\o{}", "Ø": r"\O{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}",
    "ł": r"\l{}", "Ł": r"\L{}", "\N{LATIN SMALL LETTER DOTLESS I}": r"\i{}",
}  # fmt: skip
_ACCENTS: Mapping[str, str] = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
}  # fmt: skip
_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_PARTS = re.compile(r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|\s|.", re.DOTALL)
_JOINED = re.compile(r"(?<=[-,?!])(?=[-,`'])")
"""Between letters that fonts make into one: two hyphens a dash, two commas a quote."""

_BREAKS = re.compile(r"[^/\\._:,;=-]{1,4}[/\\._:,;=-]*|.[/\\._:,;=-]*", re.DOTALL)
_LONG = 9.0
"""From this width on a word may be broken, in em."""

_WIDTHS: Mapping[str, float] = {
    letter: width
    for width, letters in {
        0.28: "ijl.,:;!'`[]|", 0.34: "f", 0.4: 'rst()_-" \u00a0', 0.45: "cz", 0.5: "0123456789aeo/*$?~^\\{}–",
        0.53: "kvxyqI", 0.56: "bdhnpuJS", 0.65: "FL", 0.69: "EPZ", 0.75: "ABCDGHKNRTUVXY", 0.79: "OQ×−+=<>±&@w%#µ·",
        0.84: "m", 0.92: "M",
    }.items()
    for letter in letters
}  # fmt: skip
_WIDEST = 1.05


def latex_text(text: object) -> str:
    """`text` as LaTeX that shows it literally, ASCII alone; a letter that fonts may lack stands by its number."""
    kept = re.sub(r"(?<=\d) (?=%)", "\u00a0", str(text))
    return "".join(_signs(_JOINED.sub("\0", kept)))


def flowing_text(text: object) -> str:
    """`text` for lines that are broken, in long words too: after a punctuation mark or, without one, a few letters."""
    words = re.split(r"(\s+)", str(text))
    return "".join(r"\allowbreak{}".join(map(latex_text, chunks(word))) for word in words)


def chunks(word: str) -> list[str]:
    """The parts between which a word may be broken; a short one is whole."""
    return [word] if width(word) < _LONG else _BREAKS.findall(word)


def width(text: str) -> float:
    """How wide `text` is set on one line, in em."""
    return sum(_WIDTHS.get(letter, _WIDEST if letter in _SIGNS else _width_of(letter)) for letter in text)


def _width_of(letter: str) -> float:
    return sum(_WIDTHS.get(one, _WIDEST) for one in shown) if (shown := _letter(letter)).startswith("{") else _WIDEST


def _signs(text: str) -> Iterator[str]:
    for part in _PARTS.findall(text):
        if part == "\0":
            yield "{}"
        elif part == "\u00a0":
            yield "~"
        elif part.isspace():
            yield " "
        elif part[0].translate(_RAISED) != part[0]:
            yield f"$^{{{part.translate(_RAISED)}}}$"
        else:
            yield _SIGNS.get(part) or _letter(part)


def _letter(letter: str) -> str:
    """ASCII as it is, an accent as a command, any other by its number."""
    if " " <= letter <= "~":
        return letter
    parts = unicodedata.normalize("NFD", letter)
    base, accents = parts[:1], parts[1:]
    if base.isascii() and base.isalpha() and accents in _ACCENTS:
        dotless = rf"\{base}" if base in "ij" else base
        return rf"\{_ACCENTS[accents]}{{{dotless}}}"
    return f"{{[}}U+{ord(letter):04X}{{]}}"
