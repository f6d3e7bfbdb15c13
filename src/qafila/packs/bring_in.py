"""`qafila packs import`: a file of another format becomes the TOML of a draft pack, whole or not at all."""

from __future__ import annotations

import re
import tempfile
from datetime import date
from pathlib import Path

from qafila.kernel import clock
from qafila.packs import load, questionnaire_in, xlsform
from qafila.packs.draft import MOST_BYTES, DraftPack, ImportRefused, Refusal, to_toml
from qafila.packs.problem import Problem
from qafila.packs.shapes import PackError
from qafila.packs.specialty_check import specialty_problems

_CODE = re.compile(r"[a-z][a-z0-9_]{0,29}")


def bring_in(file: Path, code: str = "", out: Path | None = None, *, copy: bool = False) -> tuple[Path, list[Problem]]:
    """Write the draft of `file` to `out` (default: CODE.toml here); its path and what `packs check` says of it.

    Raises `ImportRefused` (nothing was written), `OSError`, `FileExistsError` where `out` is there already.
    """
    with file.open("rb") as held:
        data = held.read(MOST_BYTES + 1)
    made = draft(data, code, copy=copy)
    text, problems = checked(made, clock.now().date())
    path = out or Path(f"{made.code}.toml")
    with path.open("x", encoding="utf-8") as opened:
        opened.write(text)
    return path, problems


def draft(data: bytes, code: str = "", *, copy: bool = False) -> DraftPack:
    """The draft in a file's bytes: a workbook by its first bytes, else JSON. Raises `ImportRefused`."""
    read = xlsform.read if data[:2] == b"PK" else questionnaire_in.read
    made = read(data, code, copy=copy)
    if not _CODE.fullmatch(made.code):
        what = f"{made.code[:40]!r} is no code for a specialty: give one with --code (letters, digits, _)"
        raise ImportRefused([Refusal("file", 0, what)])
    return made


def checked(made: DraftPack, day: date) -> tuple[str, list[Problem]]:
    """The TOML of a draft and the problems that are left in it. Raises `ImportRefused` where it would not load."""
    text = to_toml(made, day)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "specialties" / f"{made.code}.toml"
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        try:
            return text, list(specialty_problems(made.code, Path(folder)))
        except PackError as error:
            raise ImportRefused([Refusal(error.where or "file", 0, error.what)]) from error
        finally:
            load.clear()
