"""Regions of the body and of the chest, and the photographs that are taken of them (`body.toml`)."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import msgspec

from qafila.packs.shapes import Choice, Identifier, Label, Shape, Status, Text

Side = Literal["front", "back"]
Path = Annotated[str, msgspec.Meta(pattern=r"^[MLCZ0-9 .\-]+$")]
Place = Annotated[float, msgspec.Meta(ge=0, le=200)]


class Region(Shape, frozen=True):
    """A region of the body; `shape` is an SVG path on the figure of 200 x 410 of its side.

    `intimate`: pictures of it are restricted.
    """

    code: Identifier
    side: Side
    label: Label
    shape: Path
    intimate: bool = False


class Site(Shape, frozen=True):
    """A site of auscultation: a spot on the figure of the chest, 200 x 200."""

    code: Identifier
    side: Side
    organ: Literal["heart", "lung", "neck"]
    x: Place
    y: Place
    label: Label


class PhotoView(Shape, frozen=True):
    """A photograph of a set; `site`: the region that it shows in any case."""

    code: Identifier
    label: Label
    hint: Label
    site: str = ""


class PhotoSet(Shape, frozen=True):
    """The photographs that belong together: skin, ear, throat …"""

    code: Identifier
    label: Label
    view: tuple[PhotoView, ...]


class Body(Shape, frozen=True):
    """`body.toml`."""

    version: int
    status: Status
    valid_from: datetime.date
    source: Text
    keep_reason: tuple[Choice, ...]
    photo_set: tuple[PhotoSet, ...]
    chest: tuple[Site, ...]
    region: tuple[Region, ...]

    def region_of(self, code: str) -> Region | None:
        """The region of that code."""
        return next((one for one in self.region if one.code == code), None)

    def site_of(self, code: str) -> Site | None:
        """The site of auscultation of that code."""
        return next((one for one in self.chest if one.code == code), None)

    def words(self, code: str, language: str) -> str:
        """What a region or a site is called; the code itself where it is not known here."""
        found = self.region_of(code) or self.site_of(code)
        return found.label.text(language) if found else code
