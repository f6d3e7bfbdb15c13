"""Reading a national identity number by the country's pack. Nothing is ever refused here."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from qafila.packs import load
from qafila.packs.country import NationalId

_DIGITS = {**{0x0660 + n: str(n) for n in range(10)}, **{0x06F0 + n: str(n) for n in range(10)}}
Doubt = Literal["form", "date", "region"]


@dataclass(frozen=True, slots=True)
class ReadId:
    """What a number says. `warnings`: `form` (not the usual form), `date` (no such or a future
    date), `region` (unknown region): shown to the person, who decides."""

    value: str
    birth_date: datetime.date | None = None
    sex: Literal["female", "male", ""] = ""
    region: str = ""
    warnings: tuple[Doubt, ...] = ()


def normalised(text: str) -> str:
    """Capitals, Latin digits, no spaces or hyphens."""
    return re.sub(r"[\s\-./\u200e\u200f]", "", text.translate(_DIGITS)).upper()


def read(country_code: str, text: str, today: datetime.date, root: Path | None = None) -> ReadId:
    """Read `text` as the country's national number; `region` is the code of a place."""
    form = load.country(country_code, root).national_id
    value = normalised(text)
    match = _pattern(form.pattern).fullmatch(value)
    if match is None:
        return ReadId(value, warnings=("form",))
    parts = match.groupdict()
    warnings: list[Doubt] = []
    birth = None
    if "year" in parts:
        birth = _date(parts, form)
        if birth is None or birth > today:
            birth = None
            warnings.append("date")
    region = ""
    if parts.get("region"):
        region = _regions(country_code, root).get(parts["region"], "")
        if not region:
            warnings.append("region")
    return ReadId(value, birth, _sex(parts, form), region, tuple(warnings))


def _date(parts: dict[str, str | None], form: NationalId) -> datetime.date | None:
    century = form.century.get(parts.get("century") or "")
    if century is None:
        return None
    try:
        year = century + int(parts["year"] or "")
        return datetime.date(year, int(parts["month"] or ""), int(parts["day"] or ""))
    except ValueError:
        return None


def _sex(parts: dict[str, str | None], form: NationalId) -> Literal["female", "male", ""]:
    digit = parts.get("sex")
    if not digit or not form.odd_sex:
        return ""
    if int(digit) % 2:
        return form.odd_sex
    return "female" if form.odd_sex == "male" else "male"


@lru_cache(maxsize=32)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@load.remembered
def _regions(country_code: str, root: Path | None) -> dict[str, str]:
    written = load.handwritten_places(country_code, root).place
    return {place.id_region: place.code for place in written if place.id_region}
