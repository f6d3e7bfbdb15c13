"""Long text as words: the words of a frame once, in alphabetical order, then one or two bytes for every place where
one stands. A space between two words goes without saying, and so does the capital after a full stop."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

_TOKEN = re.compile(r"[^\W_]+|[\W_]+")
_STOP = (". ", ".\n", "\n", "! ", "? ", "؟ ")
_ENDS = (" ", "\n")
_BETWEEN = "\0"
_BYTE = 256


def pack_words(text: str) -> tuple[int, str, bytes, bytes]:
    """(number of one-byte words, the words, first bytes, second bytes). A text with NUL comes back wrong."""
    every = _capitals(_TOKEN.findall(text))
    last = len(every) - 1
    tokens = [t for i, t in enumerate(every) if t != " " or i == 0 or i == last]
    counted = Counter(tokens)
    ranked = sorted(counted, key=lambda t: (-counted[t], t))
    single = min(len(ranked), _BYTE)
    while len(ranked) - single > (_BYTE - single) * _BYTE:
        single -= 1
    words = sorted(ranked[:single]) + sorted(ranked[single:])
    number = {word: i for i, word in enumerate(words)}
    first, second = bytearray(), bytearray()
    for token in tokens:
        at = number[token]
        if at < single:
            first.append(at)
        else:
            high, low = divmod(at - single, _BYTE)
            first.append(single + high)
            second.append(low)
    return single, _BETWEEN.join(words), bytes(first), bytes(second)


def unpack_words(single: int, words: str, first: bytes, second: bytes, grow: Callable[[int], None]) -> str:
    """The text. `grow` is told the size before it is allocated. Raises `ValueError`, `IndexError`."""
    known = words.split(_BETWEEN)
    lows = iter(second)
    tokens = []
    for code in first:
        if code >= single:
            low = next(lows, None)
            if low is None:
                raise ValueError("no such word")
            code = single + (code - single) * _BYTE + low
        tokens.append(known[code])
    grow(4 * (sum(map(len, tokens)) + len(tokens)))
    plain = {token for token in set(tokens) if token[:1].isalnum()}
    spaced = []
    word = False
    for token in tokens:
        if token in plain:
            if word:
                spaced.append(" ")
            word = True
        else:
            word = False
        spaced.append(token)
    return "".join(_capitals(spaced))


def _capitals(tokens: list[str]) -> list[str]:
    """Turn the first letter after a full stop the other way round; its own inverse."""
    start = True
    out = list(tokens)
    for place, token in enumerate(out):
        if start:
            start = False
            turned = token[:1].swapcase()
            if len(turned) == 1 and turned.swapcase() == token[:1]:
                out[place] = turned + token[1:]
        if token[-1:] in _ENDS:
            start = token.endswith(_STOP)
    return out
