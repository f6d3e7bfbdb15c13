"""What leaves as a file: each function that makes one is written down, and figures leave through one door."""

from __future__ import annotations

import ast
from pathlib import Path

from qafila.web.exports import EXPORTS, STATISTIC

SOURCES = Path(__file__).parents[2] / "src" / "qafila"
ANSWERS = ("JsonResponse", "StreamingHttpResponse", "FileResponse", "Content-Disposition", "StreamingResponse")
TYPES = ("text/csv", "application/json", "application/zip", "spreadsheetml", "application/pdf", "ndjson")
COUNTS = ("Count", "Sum", "Avg", "aggregate", "annotate", "Counter")
"""What a figure is made with."""


def giving() -> dict[str, str]:
    """Module and name of every function of the web that answers with a file or with data → its source."""
    found = {}
    for path in sorted((SOURCES / "web").rglob("*.py")):
        module = ".".join(path.relative_to(SOURCES).with_suffix("").parts)
        for one in ast.walk(ast.parse(path.read_text())):
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                body = one.body[1:] if ast.get_docstring(one) else one.body
                text = "\n".join(map(ast.unparse, body))
                named = any(kind in text for kind in TYPES) and "content_type" in text
                if named or any(mark in text for mark in ANSWERS):
                    found[f"{module}.{one.name}"] = text
    return found


def test_every_export_is_written_down() -> None:
    assert set(giving()) == set(EXPORTS)


def test_a_statistic_leaves_through_the_one_door_and_nothing_else_counts() -> None:
    for name, text in giving().items():
        if EXPORTS[name] == STATISTIC:
            assert "release.released(" in text, name
        else:
            assert not any(f"{word}(" in text for word in COUNTS), name


def test_true_counts_are_read_by_that_door_alone() -> None:
    for path in SOURCES.rglob("*.py"):
        inside = path.parent.name == "statistics" and path.parent.parent.name == "office"
        text = path.read_text()
        assert inside or "table_of(" not in text, path.name
        # How many there are is read elsewhere (the record of processing), what is in them is not.
        given_out = "office.statistics.models" in text and "Release.objects" in text.replace(
            "Release.objects.count()", ""
        )
        assert inside or not given_out, path.name
