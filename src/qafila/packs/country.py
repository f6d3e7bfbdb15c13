"""What a country pack says: the country, its places, facilities, demo units, names and cast."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import msgspec

from qafila.packs.shapes import Code, Identifier, Label, Language, Shape, Status, Text

Weekday = Annotated[int, msgspec.Meta(ge=1, le=7)]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Sex = Literal["female", "male"]


class Currency(Shape, frozen=True):
    """ISO 4217 code and label."""

    code: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
    label: Label


class Phone(Shape, frozen=True):
    """Telephone numbers: `prefix` international, `trunk` national, `mobile` a pattern on the
    national number (digits only), `example_stem` the beginning that synthetic numbers get."""

    prefix: Text
    trunk: str
    mobile: Text
    landline: Text
    example: Text
    example_stem: Text


class EmergencyNumber(Shape, frozen=True):
    """A number to call at once, and where it was taken from."""

    code: Identifier
    number: Text
    label: Label
    source: Text


class NationalId(Shape, frozen=True):
    """The national identity number.

    `pattern` is matched on the text in capitals without spaces; the groups that it names
    (`century`, `year`, `month`, `day`, `region`, `sex`) are read by `packs.national_id`.
    A number that does not match is kept with a warning; no check digit is ever computed.
    """

    code: Identifier
    label: Label
    pattern: Text
    example: Text
    source: Text
    century: dict[str, int] = msgspec.field(default_factory=dict)
    odd_sex: Literal["", "female", "male"] = ""


class PlaceSource(Shape, frozen=True):
    """One level of places read from an installed package.

    `resource` is a CSV (gzip or not) or a JSON file of flat records in `package`; the other keys name its
    columns. `only` keeps rows whose columns equal the given values; `parent_by` says that the
    parent column holds the parent's value of that key in `places.toml`, not its code.
    `code_prefix` is put before the code.
    """

    level: Identifier
    package: Text
    resource: Text
    credit: Text
    code: Text
    name_latin: Text
    name_ar: str = ""
    alternates: str = ""
    parent: str = ""
    parent_by: Literal["", "geonames"] = ""
    code_prefix: str = ""
    latitude: str = ""
    longitude: str = ""
    population: str = ""
    only: dict[str, str] = msgspec.field(default_factory=dict)


class Level(Shape, frozen=True):
    """A level of the country's divisions, from the top."""

    code: Identifier
    label: Label


class Holiday(Shape, frozen=True):
    """A fixed date (`month`, `day`) or one of the Islamic calendar (`hijri` = true)."""

    code: Identifier
    label: Label
    month: Annotated[int, msgspec.Meta(ge=1, le=12)]
    day: Annotated[int, msgspec.Meta(ge=1, le=31)]
    days: int = 1
    hijri: bool = False


class SpokenLanguage(Shape, frozen=True):
    """A language that patients speak (BCP 47 code)."""

    code: Code
    label: Label


class Country(Shape, frozen=True):
    """`country.toml`. `weekend` in ISO weekdays (Monday 1 … Sunday 7)."""

    code: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
    name: Label
    version: int
    status: Status
    source: Text
    languages: tuple[Language, ...]
    default_language: Language
    time_zone: Text
    weekend: tuple[Weekday, ...]
    crs: Text
    currency: Currency
    phone: Phone
    national_id: NationalId
    custodian: Label
    programme: Label
    folder: str = ""
    emergency: tuple[EmergencyNumber, ...] = ()
    level: tuple[Level, ...] = ()
    places: tuple[PlaceSource, ...] = ()
    holiday: tuple[Holiday, ...] = ()
    spoken: tuple[SpokenLanguage, ...] = ()


class WrittenPlace(Shape, frozen=True):
    """A place written in the pack. `id_region` and `geonames` are its codes elsewhere."""

    code: Code
    level: Identifier
    name: Label
    parent: str = ""
    id_region: str = ""
    geonames: str = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class Places(Shape, frozen=True):
    """`places.toml`."""

    source: str = ""
    place: tuple[WrittenPlace, ...] = ()


class Facility(Shape, frozen=True):
    """A health facility. `services` are specialty or service codes."""

    code: Code
    name: Label
    type: Identifier
    place: Code
    latitude: Latitude
    longitude: Longitude
    valid_from: datetime.date
    parent: str = ""
    services: tuple[Identifier, ...] = ()
    emergency: bool = False
    hours: str = ""
    phone: str = ""
    valid_to: datetime.date | None = None


class FacilityType(Shape, frozen=True):
    """A kind of facility."""

    code: Identifier
    label: Label


class Road(Shape, frozen=True):
    """How far a facility is from a place by road: km, and minutes where somebody timed it."""

    place: Code
    facility: Code
    km: Annotated[float, msgspec.Meta(gt=0)]
    source: Text
    valid_from: datetime.date
    minutes: int | None = None


class Facilities(Shape, frozen=True):
    """`facilities.toml`. Distances by road are given where they are known; all others are straight lines."""

    source: Text
    type: tuple[FacilityType, ...]
    facility: tuple[Facility, ...]
    road: tuple[Road, ...] = ()


class Stop(Shape, frozen=True):
    """One stop of a round: day of the round (1 first), locality, place."""

    code: Code
    day: Annotated[int, msgspec.Meta(ge=1)]
    name: Label
    place: Code
    site: Identifier
    latitude: Latitude
    longitude: Longitude


class Round(Shape, frozen=True):
    """A round: stops in the order of the days."""

    code: Code
    name: Label
    stop: tuple[Stop, ...]


class Vehicle(Shape, frozen=True):
    """The unit's vehicle at the start of the demonstration."""

    plate: Text
    model: Text


class Unit(Shape, frozen=True):
    """A mobile medical unit."""

    code: Code
    name: Label
    place: Code
    referral_facility: Code
    vehicle: Vehicle
    rooms: tuple[Label, ...]
    round: tuple[Round, ...]


class Units(Shape, frozen=True):
    """`units.toml`."""

    source: Text
    unit: tuple[Unit, ...]


class Name(Shape, frozen=True):
    """One name in Arabic with the Latin spellings met in the country, commonest first."""

    ar: Text
    latin: tuple[Text, ...]


class SpokenShare(Shape, frozen=True):
    """Share (percent) of the demonstration's patients who speak a language."""

    language: Code
    percent: Annotated[int, msgspec.Meta(ge=0, le=100)]


class People(Shape, frozen=True):
    """`people.toml`: lists of names; `middle` = "father" puts the father's given name between."""

    source: Text
    middle: Literal["", "father"]
    female: tuple[Name, ...]
    male: tuple[Name, ...]
    family: tuple[Name, ...]
    spoken: tuple[SpokenShare, ...]


class Member(Shape, frozen=True):
    """A named person of the staff. Passwords and PINs are for the demonstration only."""

    username: Identifier
    given: Name
    family: Name
    sex: Sex
    role: Identifier
    language: Language
    speaks: tuple[Code, ...]
    password: Text
    unit: str = ""
    oversees: tuple[str, ...] = ()
    """Units that somebody belongs to without being of the crew that travels with them."""
    pin: str = ""
    licence: str = ""
    specialty: str = ""


class Cast(Shape, frozen=True):
    """`cast.toml`."""

    source: Text
    member: tuple[Member, ...]
