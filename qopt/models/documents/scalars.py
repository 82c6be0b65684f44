"""What an unquoted word of a document means: the core schema of YAML 1.2, and identifiers stay text.

====================================  =================================================================
``true false null ~``, nothing        as in JSON (also ``True``, ``TRUE``, ``Null``, …)
``12  -3  0x1F  0o17  2.5  .5  1e3``  numbers
``no yes on off y n``                 text: they were booleans in YAML 1.1, and countries and switches to people
``12:30  2026-03-08  1_000``          text: times, dates and codes are not arithmetic
``007  0123  -01``                    text: a number does not begin with a zero, an article number may
``.inf  .nan  1e999``                 refused: no instance holds a number that is none
====================================  =================================================================

Quoted words are text, whatever they look like.
"""

from __future__ import annotations

import re
from typing import Any

_WORDS: dict[str, Any] = {"": None, "~": None}
for _word, _meaning in (("null", None), ("true", True), ("false", False)):
    _WORDS |= {_word: _meaning, _word.capitalize(): _meaning, _word.upper(): _meaning}

_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_OTHER_BASE = re.compile(r"0(x[0-9a-fA-F]+|o[0-7]+)\Z")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NO_NUMBER = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")
_LONGEST = 300  # digits; a longer whole number is beyond every float


class NotFinite(ValueError):
    """A number that is infinite or not a number."""


def meaning(word: str) -> Any:
    """The value of an unquoted word: None, a bool, an int, a float or the word itself.

    Raises
    ------
    NotFinite
        For ``.inf``, ``.nan`` and numbers too large to be held.
    """
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in "0123456789+-.":
        return word
    if _WHOLE.match(word) or _OTHER_BASE.match(word):
        if len(word) > _LONGEST:
            raise NotFinite(word)
        return int(word, 0 if word[:2] in ("0x", "0o") else 10)
    if _DECIMAL.match(word):
        number = float(word)
        if number in (float("inf"), float("-inf")):
            raise NotFinite(word)
        return number
    if _NO_NUMBER.match(word):
        raise NotFinite(word)
    return word


def looks_like_padded_number(word: str) -> bool:
    """Whether a word is text only because of its leading zeros, such as ``0123``."""
    return bool(re.match(r"[-+]?0[0-9]+(\.[0-9]*)?\Z", word))
