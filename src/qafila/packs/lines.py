"""In which line of a TOML file a value stands: the reader of the standard library does not say."""

from __future__ import annotations

import re

_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.\"-]+)\s*\]\]?")


def at_line(text: str, where: str) -> str:
    """`where`, with the line in front as far as it can be told: `line 31, $.medicine[2].atc (amoxicillin)`."""
    number = line_of(text, where)
    return f"line {number}, {where}" if number else where


def line_of(text: str, where: str) -> int:
    """The line (from 1) of a path such as `$.medicine[2].dose[0].unit`, or of the nearest thing around it; 0: unknown.

    Understood: arrays of tables (`[[medicine]]`), tables, keys, and arrays that hold one inline table a line.
    """
    steps = [key or int(index) for key, index in _STEP.findall(where.partition(" (")[0])]
    lines = text.splitlines()
    at, best, path = 0, 0, ""
    end = len(lines)
    while steps:
        step = steps.pop(0)
        if isinstance(step, int):
            found = _item(lines, at, end, step)
            if not found:
                break
            at = best = end = found
            continue
        path = f"{path}.{step}" if path else step
        headers = _headers(lines, path, at, end)
        if headers:
            count = steps.pop(0) if steps and isinstance(steps[0], int) else 0
            if count >= len(headers):
                break
            at = best = headers[count]
            end = headers[count + 1] - 1 if count + 1 < len(headers) else end
            continue
        found = _key(lines, step, at, end)
        if not found:
            break
        at = best = found
    return best


def _headers(lines: list[str], path: str, start: int, end: int) -> list[int]:
    found = []
    for number in range(start + 1, end + 1):
        header = _HEADER.match(lines[number - 1])
        if header and header[2].replace('"', "") == path:
            found.append(number)
    return found


def _key(lines: list[str], key: str, start: int, end: int) -> int:
    line = re.compile(rf"\s*\"?{re.escape(key)}\"?\s*=")
    for number in range(start + 1, end + 1):
        if line.match(lines[number - 1]):
            return number
        if number > start + 1 and _HEADER.match(lines[number - 1]):
            return 0
    return 0


def _item(lines: list[str], start: int, end: int, index: int) -> int:
    """The line of an array's item, where each stands on a line of its own below `key = [`."""
    if not lines[start - 1].rstrip().endswith("["):
        return 0
    number = start + 1 + index
    return number if number <= end and lines[number - 1].strip() not in ("", "]") else 0
