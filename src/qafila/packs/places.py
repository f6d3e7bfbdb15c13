"""Every place of a country: those written in its pack and those of the packages it names."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from qafila.packs import load
from qafila.packs.country import PlaceSource, WrittenPlace
from qafila.packs.shapes import Label, PackError, Shape

_RECORD = re.compile(rb"\{[^{}]*\}")


class Place(Shape, frozen=True):
    """A place. `code` is unique in the country; `parent` is "" at the top."""

    code: str
    level: str
    name: Label
    parent: str = ""
    latitude: float | None = None
    longitude: float | None = None
    population: int | None = None


@load.remembered
def places(country_code: str, root: Path | None = None) -> Mapping[str, Place]:
    """Places of the country by code, parents before children."""
    country = load.country(country_code, root)
    written = load.handwritten_places(country_code, root).place
    found = {place.code: _from_written(place) for place in written}
    for source in country.places:
        where = f"countries/{country.folder}/country.toml"
        by_geonames = tuple((place.geonames, place.code) for place in written if place.geonames)
        for place in _from_package(where, msgspec.json.encode(source), by_geonames):
            found.setdefault(place.code, place)
    return found


def children(country_code: str, parent: str, root: Path | None = None) -> tuple[Place, ...]:
    """Places directly below `parent` ("" = the top level)."""
    return _by_parent(country_code, root).get(parent, ())


@load.remembered
def _by_parent(country_code: str, root: Path | None) -> Mapping[str, tuple[Place, ...]]:
    found: dict[str, list[Place]] = {}
    for place in places(country_code, root).values():
        found.setdefault(place.parent, []).append(place)
    return {parent: tuple(below) for parent, below in found.items()}


def above(country_code: str, code: str, root: Path | None = None) -> tuple[Place, ...]:
    """The place itself and what it lies in, smallest first; empty for an unknown code."""
    known = places(country_code, root)
    chain: list[Place] = []
    while code in known and len(chain) < 10:
        chain.append(known[code])
        code = known[code].parent
    return tuple(chain)


def _from_written(place: WrittenPlace) -> Place:
    return Place(
        code=place.code,
        level=place.level,
        name=place.name,
        parent=place.parent,
        latitude=place.latitude,
        longitude=place.longitude,
    )


@lru_cache(maxsize=8)
def _from_package(where: str, encoded: bytes, by_geonames: tuple[tuple[str, str], ...]) -> tuple[Place, ...]:
    """A package does not change while a process runs, whatever happens to the packs. `encoded`: the source as JSON."""
    source = msgspec.json.decode(encoded, type=PlaceSource)
    return tuple(_read(source, where, dict(by_geonames)))


def _read(source: PlaceSource, where: str, by_geonames: Mapping[str, str]) -> Iterator[Place]:
    for row in _rows(source, where):
        if any(str(row.get(key)) != wanted for key, wanted in source.only.items()):
            continue
        try:
            parent = str(row[source.parent]) if source.parent else ""
            if source.parent_by == "geonames":
                if parent not in by_geonames:
                    continue
                parent = by_geonames[parent]
            latin = str(row[source.name_latin])
            yield Place(
                code=source.code_prefix + str(row[source.code]),
                level=source.level,
                name=Label(ar=_arabic(row, source) or latin, fr=latin, en=latin),
                parent=parent,
                latitude=_number(row, source.latitude),
                longitude=_number(row, source.longitude),
                population=_whole(row, source.population),
            )
        except KeyError as error:
            what = f"{source.package} has no column {error}"
            raise PackError(where, f"places {source.level}", what) from error


def _rows(source: PlaceSource, where: str) -> Iterator[Mapping[str, Any]]:
    try:
        data = resources.files(source.package).joinpath(source.resource).read_bytes()
    except (ModuleNotFoundError, FileNotFoundError) as error:
        what = f"the package {source.package} does not give {source.resource}"
        raise PackError(where, f"places {source.level}", what) from error
    if source.resource.endswith(".gz"):
        data = gzip.decompress(data)
    if ".json" in source.resource:
        # record by record: the settlements of the world as objects would not fit a unit
        marks = [f'"{wanted}"'.encode() for wanted in source.only.values()]
        for record in _RECORD.finditer(data):
            if all(mark in record[0] for mark in marks):
                yield json.loads(record[0])
    else:
        yield from csv.DictReader(io.StringIO(data.decode("utf-8-sig")))


def _arabic(row: Mapping[str, Any], source: PlaceSource) -> str:
    if source.name_ar:
        return str(row[source.name_ar] or "").strip()
    names = row[source.alternates] if source.alternates else ()
    written = [name for name in names if any("\u0621" <= letter <= "\u064a" for letter in name)]
    return written[0] if written else ""


def _number(row: Mapping[str, Any], column: str) -> float | None:
    return float(row[column]) if column and row[column] not in (None, "") else None


def _whole(row: Mapping[str, Any], column: str) -> int | None:
    number = _number(row, column)
    return None if number is None else int(number)
