"""Checks over all packs: what a single file's shape cannot say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from qafila.packs import ecg_layout, load, places
from qafila.packs.access import LEVELS
from qafila.packs.bedside_check import bedside_problems
from qafila.packs.country import Country
from qafila.packs.formulary_check import formulary_problems
from qafila.packs.problem import Problem
from qafila.packs.retention import WHOLE
from qafila.packs.shapes import PackError
from qafila.packs.specialty_check import is_icd10, specialty_problems, twice


def check(root: Path | None = None) -> list[Problem]:
    """Every problem of every pack, sorted; an empty list when all is well."""
    return sorted(set(_problems(root)))


def _problems(root: Path | None) -> Iterator[Problem]:
    yield from _guarded(lambda: _roles(root))
    yield from _guarded(lambda: _access(root))
    for name in load.profiles(root):
        yield from _guarded(lambda name=name: _profile(name, root))  # type: ignore[misc]
    for code in load.specialties(root):
        yield from _guarded(lambda code=code: specialty_problems(code, root))  # type: ignore[misc]
    for code in load.countries(root):
        yield from _guarded(lambda code=code: _country(code, root))  # type: ignore[misc]
    yield from _guarded(lambda: _services(root))
    yield from _guarded(lambda: _diagnoses(root))
    yield from _guarded(lambda: _subset(root))
    yield from _guarded(lambda: formulary_problems(root))
    yield from _guarded(lambda: _encounter(root))
    yield from _guarded(lambda: _loop(root))
    yield from _guarded(lambda: _layouts(root))
    yield from _guarded(lambda: _body(root))
    yield from _guarded(lambda: bedside_problems(root))


def _guarded(part: Callable[[], Iterable[Problem]]) -> Iterator[Problem]:
    try:
        yield from part()
    except PackError as error:
        yield Problem(error.file, error.where, error.what)


def _layouts(root: Path | None) -> Iterator[Problem]:
    codes = [layout.code for layout in ecg_layout.layouts(root)]
    yield from twice("ecg_layouts", "$.code", codes)


def _body(root: Path | None) -> Iterator[Problem]:
    body, file = load.body(root), "body.toml"
    yield from twice(
        file, "$.region and $.chest", [*(region.code for region in body.region), *(site.code for site in body.chest)]
    )
    yield from twice(file, "$.photo_set", (one.code for one in body.photo_set))
    yield from twice(file, "$.keep_reason", (one.code for one in body.keep_reason))
    for view in (view for one in body.photo_set for view in one.view):
        if view.site and body.region_of(view.site) is None:
            yield Problem(file, f"view {view.code}", f"unknown region {view.site!r}")


def _roles(root: Path | None) -> Iterator[Problem]:
    held = {right for role in load.roles(root).values() for right in role.rights}
    for right in sorted(load.rights(root) - held):
        yield Problem("roles.toml", "$.rights", f"no role holds {right!r}")


def _access(root: Path | None) -> Iterator[Problem]:
    rules, file = load.access(root), "access.toml"
    levels = [one.level for one in rules.label]
    yield from twice(file, "$.label", levels)
    yield from twice(file, "$.unusual", [one.code for one in rules.unusual])
    for level in LEVELS:
        if level not in levels:
            yield Problem(file, "$.label", f"nothing is said of {level!r}")
    for right in sorted({one.sees for one in rules.label} | {one.knows for one in rules.label if one.knows}):
        if right not in load.rights(root):
            yield Problem(file, "$.label", f"unknown right {right!r}")


def _profile(name: str, root: Path | None) -> Iterator[Problem]:
    file, profile = f"profiles/{name}.toml", load.profile(name, root)
    for role in profile.roles:
        if role not in load.roles(root):
            yield Problem(file, "$.roles", f"unknown role {role!r}")
    for role in set(profile.login.second_factor) - set(profile.roles):
        yield Problem(file, "$.login.second_factor", f"{role!r} does not work here")
    yield from twice(file, "$.lane", (str(lane.number) for lane in profile.lane))
    yield from twice(file, "$.job", (job.name for job in profile.job))
    if profile.disk.stop_free_mb >= profile.disk.warn_free_mb:
        yield Problem(file, "$.disk", "the warning must come before the stop")
    if profile.serves_sync and not profile.ports.sync:
        yield Problem(file, "$.ports.sync", "serves_sync needs a port")
    if profile.lease.warn_days > profile.lease.close_days:
        yield Problem(file, "$.lease", "the warning must come before the closing")


# --- countries ----------------------------------------------------------------------------


def _country(code: str, root: Path | None) -> Iterator[Problem]:
    country = load.country(code, root)
    file = f"countries/{country.folder}/country.toml"
    try:
        ZoneInfo(country.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield Problem(file, "$.time_zone", f"unknown zone {country.time_zone!r}")
    phone, identity = country.phone, country.national_id
    patterns = (("$.phone.mobile", phone.mobile, phone.example), ("$.phone.landline", phone.landline, ""),
                ("$.national_id.pattern", identity.pattern, identity.example))  # fmt: skip
    for where, pattern, example in patterns:
        yield from _pattern(file, where, pattern, example)
    if not country.emergency:
        yield Problem(file, "$.emergency", "a country needs its emergency numbers")
    known = places.places(code, root)
    levels = {level.code for level in country.level}
    for place in known.values():
        where = f"place {place.code}"
        if place.parent and place.parent not in known:
            yield Problem(f"countries/{country.folder}", where, f"unknown parent {place.parent!r}")
        if place.level not in levels:
            yield Problem(f"countries/{country.folder}", where, f"unknown level {place.level!r}")
    yield from _facilities(country, set(known), root)
    yield from _units(country, set(known), root)
    yield from _cast(country, root)
    yield from _people(country, root)
    yield from _retention(country, root)


def _pattern(file: str, where: str, pattern: str, example: str) -> Iterator[Problem]:
    try:
        match = re.fullmatch(pattern, example.replace(" ", ""))
    except re.error as error:
        yield Problem(file, where, f"not a pattern: {error}")
        return
    if example and not match:
        yield Problem(file, where, f"the example {example!r} does not match")


def _facilities(country: Country, known: set[str], root: Path | None) -> Iterator[Problem]:
    file, held = (
        f"countries/{country.folder}/facilities.toml",
        load.facilities(country.folder, root),
    )
    codes, types = {one.code for one in held.facility}, {one.code for one in held.type}
    yield from twice(file, "facilities", (one.code for one in held.facility))
    for one in held.facility:
        where = f"facility {one.code}"
        if one.place not in known:
            yield Problem(file, where, f"unknown place {one.place!r}")
        if one.parent and (one.parent not in codes or one.parent == one.code):
            yield Problem(file, where, f"unknown parent {one.parent!r}")
        if one.type not in types:
            yield Problem(file, where, f"unknown type {one.type!r}")
        if one.valid_to and one.valid_to < one.valid_from:
            yield Problem(file, where, "valid_to is before valid_from")
    for road in held.road:
        where = f"road {road.place} to {road.facility}"
        if road.place not in known:
            yield Problem(file, where, f"unknown place {road.place!r}")
        if road.facility not in codes:
            yield Problem(file, where, f"unknown facility {road.facility!r}")


def _units(country: Country, known: set[str], root: Path | None) -> Iterator[Problem]:
    file, held = f"countries/{country.folder}/units.toml", load.units(country.folder, root)
    hospitals = {one.code for one in load.facilities(country.folder, root).facility}
    yield from twice(file, "units", (unit.code for unit in held.unit))
    for unit in held.unit:
        if unit.place not in known:
            yield Problem(file, f"unit {unit.code}", f"unknown place {unit.place!r}")
        if unit.referral_facility not in hospitals:
            what = f"unknown facility {unit.referral_facility!r}"
            yield Problem(file, f"unit {unit.code}", what)
        for stop in (stop for trip in unit.round for stop in trip.stop):
            if stop.place not in known:
                yield Problem(file, f"stop {stop.code}", f"unknown place {stop.place!r}")


def _loop(root: Path | None) -> Iterator[Problem]:
    """Reminders come to the unit first; every urgency and code once. What a journey costs, in the country's money."""
    held = load.loop(root)
    yield from twice("loop.toml", "unread", (one.urgency for one in held.unread))
    for name, codes in (("nag", held.nag), ("contact_way", held.contact_way), ("contact_result", held.contact_result)):
        yield from twice("loop.toml", name, (one.code for one in codes))
    for rule in held.nag:
        if rule.coordinator_days <= rule.unit_days:
            yield Problem("loop.toml", f"nag {rule.code}", "the unit has to hear of it before the coordinator")
    for code in load.countries(root):
        country = load.country(code, root)
        asked = load.privacy(code, root)
        where = f"countries/{country.folder}/privacy.toml"
        yield from twice(where, "processing", (one.code for one in asked.processing))
        yield from twice(where, "breach.report", (one.code for one in asked.breach.report))
        yield from twice(where, "breach.category", (one.code for one in asked.breach.category))
        file, costs = f"countries/{country.folder}/savings.toml", load.savings(code, root).cost
        yield from twice(file, "cost", (one.name for one in costs))
        units = {"speed": "km/h", "fare": f"{country.currency.code}/km"}
        for one in costs:
            if one.unit != units[one.name]:
                yield Problem(file, f"cost {one.name}", f"has to be in {units[one.name]}")


def _retention(country: Country, root: Path | None) -> Iterator[Problem]:
    file, lines = f"countries/{country.folder}/retention.toml", load.retention(country.folder, root).keep
    yield from twice(file, "keep", (one.code for one in lines))
    for one in lines:
        if WHOLE in one.kinds and one.kinds != (WHOLE,):
            yield Problem(file, f"keep {one.code}", "the whole record stands alone")
        if one.status == "approved" and one.source.text("en").startswith("Draft"):
            yield Problem(file, f"keep {one.code}", "an approved period names its source")


def _cast(country: Country, root: Path | None) -> Iterator[Problem]:
    file, members = f"countries/{country.folder}/cast.toml", load.cast(country.folder, root).member
    units = {unit.code for unit in load.units(country.folder, root).unit}
    spoken = {language.code for language in country.spoken}
    yield from twice(file, "usernames", (one.username for one in members))
    yield from twice(file, "PINs", (one.pin for one in members if one.pin))
    for one in members:
        where = f"member {one.username}"
        if one.role not in load.roles(root):
            yield Problem(file, where, f"unknown role {one.role!r}")
        for unit in {one.unit, *one.oversees} - units - {""}:
            yield Problem(file, where, f"unknown unit {unit!r}")
        if one.pin and not re.fullmatch(r"[0-9]{6}", one.pin):
            yield Problem(file, where, "a PIN has 6 digits")
        for language in set(one.speaks) - spoken:
            yield Problem(file, where, f"unknown language {language!r}")


def _people(country: Country, root: Path | None) -> Iterator[Problem]:
    file, held = f"countries/{country.folder}/people.toml", load.people(country.folder, root)
    for key, names in (("female", held.female), ("male", held.male), ("family", held.family)):
        yield from twice(file, key, (name.ar for name in names))
        if any(not name.latin for name in names):
            yield Problem(file, key, "every name needs a Latin spelling")
    if sum(share.percent for share in held.spoken) != 100:
        yield Problem(file, "$.spoken", "the shares must sum to 100")
    known = {language.code for language in country.spoken}
    for share in held.spoken:
        if share.language not in known:
            yield Problem(file, "$.spoken", f"unknown language {share.language!r}")


def _services(root: Path | None) -> Iterator[Problem]:
    """What a red flag asks of a facility must be offered by some facility of each country."""
    wanted: dict[str, str] = {}
    for code in load.specialties(root):
        for flag in load.load_specialty(code, root).red_flag:
            if flag.service:
                wanted.setdefault(flag.service, f"specialties/{code}.toml: red_flag {flag.code}")
    for country in load.countries(root):
        offered = {service for one in load.facilities(country, root).facility for service in one.services}
        for service, first in wanted.items():
            if service not in offered:
                what = f"no facility offers {service!r}, which {first} asks for: add it, or correct the name"
                yield Problem(f"countries/{country}/facilities.toml", "services", what)


# --- codes and medicines ------------------------------------------------------------------


def _diagnoses(root: Path | None) -> Iterator[Problem]:
    file, held = "codes/icd10_labels.toml", load.diagnosis_labels(root)
    yield from twice(file, "codes", (one.code for one in held.diagnosis))
    for one in held.diagnosis:
        if not is_icd10(one.code):
            yield Problem(file, one.code, "is not a code of ICD-10")


def _subset(root: Path | None) -> Iterator[Problem]:
    held = load.code_subset(root)
    yield from twice("codes/subset.toml", "loinc", (one.code for one in held.loinc))
    yield from twice("codes/subset.toml", "ucum", (one.code for one in held.ucum))
    for one in held.loinc:
        if not _mod10(one.code):
            yield Problem("codes/subset.toml", f"loinc {one.code}", "its check digit is wrong: correct the code")


def _mod10(code: str) -> bool:
    """The check digit of a LOINC code (LOINC Users' Guide, appendix C: mod 10)."""
    digits, _, given = code.partition("-")
    odd = str(int(digits[::-1][::2]) * 2)
    total = sum(int(n) for n in digits[::-1][1::2] + odd)
    return (10 - total % 10) % 10 == int(given)


def _encounter(root: Path | None) -> Iterator[Problem]:
    held: Any = load.encounter(root)
    for key in (
        "encounter_class",
        "remote_act",
        "consent_purpose",
        "consent_method",
        "consent_giver",
    ):
        yield from twice("encounter.toml", key, (one.code for one in getattr(held, key)))
