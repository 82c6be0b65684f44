"""A first look at an expression's characters: what a parser would word badly or choke on is caught here."""

from __future__ import annotations

import keyword
import re

from qopt.models.documents.limits import Limits
from qopt.models.formulas.faults import FormulaFault

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?)
      | (?P<name>[^\W\d]\w*)
      | (?P<text>'[^'\\\n]*'|"[^"\\\n]*")
      | (?P<operator>\*\*|<=|>=|==|!=|[-+*/<>(),\[\]])
      | (?P<other>//|:=|&&|\|\||.)""",
    re.VERBOSE | re.DOTALL,
)
_OTHERS = {
    "=": "write == for equality",
    "^": "write ** for a power",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "×": "write *",
    "·": "write *",
    "−": "write - (this is a typographic minus)",
    "–": "write - (this is a dash)",
    "∑": "write sum(… for i in …)",
    "//": "write /",
    "%": "there is no remainder; use two sets, or a parameter",
    "&&": "write and",
    "||": "write or",
    "!": "write not",
    "#": "put the remark into the document, behind the expression",
    ".": "names have no parts; write name[index]",
    "'": "close the quote",
    '"': "close the quote",
}
_KEYWORDS = frozenset({"for", "in", "if", "and", "or", "not"})
_REFUSED = frozenset(keyword.kwlist) - _KEYWORDS
_CLOSES = {")": "(", "]": "["}


def scan(text: str, limits: Limits) -> None:
    """Check the characters of an expression.

    Raises
    ------
    FormulaFault
        Too long, too deep, an unknown character, a word that means something else in Python, an unbalanced bracket, two
        values without an operator between them, a number that is not finite or too large to be exact.
    """
    if len(text) > limits.expression_chars:
        rule = f"the expression has {len(text)} characters, at most {limits.expression_chars} are accepted"
        raise FormulaFault(rule, suggestion="name its parts, or split it into several constraints")
    if not text.strip():
        raise FormulaFault("the expression is empty", suggestion="write one, or delete the key")
    open_brackets: list[tuple[str, int]] = []
    value_before = False  # whether the token before ends a value
    parts = 0
    for match in _TOKEN.finditer(text):
        kind, word, at = _kind(match), match.group(), match.start()
        if kind == "space":
            continue
        if kind == "other":
            suggestion = _OTHERS.get(word, "delete it")
            raise FormulaFault("a character that expressions do not know", word, suggestion, at)
        if kind == "name" and word in _REFUSED:
            raise FormulaFault("a word that expressions do not know", word, "choose another name", at)
        keyword = kind == "name" and word in _KEYWORDS
        begins = kind in ("number", "name", "text") and not keyword
        if begins and value_before:
            raise FormulaFault("an operator is missing before this", word, "write *, +, … between two values", at)
        if word in ("(", "["):
            if word == "(" and value_before and text[:at].rstrip()[-1:].isdigit() and not _after_name(text, at):
                raise FormulaFault("an operator is missing before this", word, "write * between them", at)
            open_brackets.append((word, at))
            if len(open_brackets) > limits.depth:
                rule = f"brackets are nested {len(open_brackets)} deep, at most {limits.depth} is accepted"
                raise FormulaFault(rule, suggestion="split the expression", offset=at)
        elif word in _CLOSES:
            if not open_brackets or open_brackets[-1][0] != _CLOSES[word]:
                raise FormulaFault(f"this '{word}' closes nothing", suggestion="check the brackets", offset=at)
            open_brackets.pop()
        if kind == "number":
            _number(word, at)
        parts += word not in "()[],"
        value_before = begins or word in _CLOSES
    if open_brackets:
        word, at = open_brackets[-1]
        raise FormulaFault(f"this '{word}' is not closed", suggestion="close it", offset=at)
    if parts > limits.expression_nodes:
        rule = f"the expression has {parts} parts, at most {limits.expression_nodes} are accepted"
        raise FormulaFault(rule, suggestion="sum over a set instead of writing terms out")


def _kind(match: re.Match[str]) -> str:
    for kind in ("space", "number", "name", "text", "operator"):
        if match.group(kind) is not None:
            return kind
    return "other"


def _after_name(text: str, at: int) -> bool:
    """Whether the word right before ``at`` is a name, such as ``x1`` in ``x1(``."""
    return bool(re.search(r"[^\W\d]\w*\s*\Z", text[:at]))


def _number(word: str, at: int) -> None:
    if not float(word) < float("inf"):
        raise FormulaFault("a number must be finite", word[:40], "write the number that is meant", at)
    if word.isdigit() and (len(word) > 16 or int(word) > 2**53):
        raise FormulaFault("a whole number above 2**53 is not exact", word[:40], "change the unit", at)
    if word.isdigit() and len(word) > 1 and word[0] == "0":
        raise FormulaFault("a number does not begin with 0", word, f"write {word.lstrip('0') or '0'}", at)
