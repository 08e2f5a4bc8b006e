"""The values of dbprocessing's config format (spec dbprocessing 2, value rules)."""

from __future__ import annotations

import ast

from headwater.core.errors import HeadwaterError

_TRUE = frozenset({"true", "yes", "y", "1"})
_FALSE = frozenset({"false", "no", "n", "0", ""})
_NONE = frozenset({"", "None", "none", "NONE"})


class NoValueError(HeadwaterError, ValueError):
    """A text is no value of the kind that its key needs; the message goes behind the place."""


def boolean(text: str) -> bool:
    """Read True or False; ``1`` is true, as its documentation says and its loader did not do.

    Raises
    ------
    NoValueError
        If `text` is neither.
    """
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise NoValueError(f"{text!r:.80} cannot be used, expected True or False")


def empty_is_none(text: str) -> str | None:
    """The text, or none where it is empty or the word None."""
    return None if text.strip() in _NONE else text


def input_triple(text: str) -> tuple[str, int, int]:
    """Read an input: ``section`` or ``("section", days before, days after)``.

    Raises
    ------
    NoValueError
        If `text` is neither.
    """
    if not text.strip():
        raise NoValueError("is empty, expected the section or the name of a product")
    wrong = NoValueError(f'{text!r:.80} cannot be used, expected ("section", yesterday, tomorrow)')
    if "(" not in text:
        if text[0] in "[{\"'":
            raise wrong
        return text, 0, 0
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise wrong from error
    if not isinstance(value, tuple) or len(value) != 3 or not isinstance(value[0], str):
        raise wrong
    product, before, after = value
    if type(before) is not int or type(after) is not int:
        raise wrong
    return product, before, after
