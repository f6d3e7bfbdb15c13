"""What a shape cannot say of the formulary: every code that a row names exists, and numbers make sense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from qafila.packs import load
from qafila.packs.formulary_shapes import DoseRange, Formulary, LocalFormulary, Medicine
from qafila.packs.interactions import Interactions
from qafila.packs.problem import Problem
from qafila.packs.strengths import parse

ESSENTIAL, CROSS = "formulary/essential.toml", "formulary/cross_allergies.toml"
THESAURUS = "formulary/thesaurus.toml"


def formulary_problems(root: Path | None) -> Iterator[Problem]:
    """All that is wrong in the formulary, the cross-allergies, the lists of interactions and the countries' layers."""
    held = load.formulary(root=root)
    found = [(ESSENTIAL, where, what) for where, what in _formulary(held)]
    named = substances_and_classes(held)
    for n, cross in enumerate(load.cross_allergies(root).cross):
        found += [(CROSS, f"$.cross[{n}]", _unknown(code)) for code in (cross.one, cross.other) if code not in named]
    for n, extra in enumerate(load.thesaurus_names(root).name):
        if extra.code not in named:
            found.append((THESAURUS, f"$.name[{n}]", _unknown(extra.code)))
    for name, pack in load.interactions(root).items():
        found += [(f"interactions/{name}.toml", where, what) for where, what in _interactions(pack, named)]
    for code in load.countries(root):
        local = load.local_formulary(code, root)
        if local is not None:
            file = f"countries/{load.country(code, root).folder}/formulary.toml"
            found += [(file, where, what) for where, what in _local(local, held)]
    for file, where, what in found:
        yield Problem(file, load.place_in(file, where, root), what)


def substances_and_classes(held: Formulary) -> frozenset[str]:
    """Every code that an interaction or an allergy may name."""
    own = {one.code for one in held.medicine if not one.substances}
    return frozenset(own | {one.code for one in held.substance} | {one.code for one in held.family})


def _unknown(code: str) -> str:
    return f"{code!r} is neither a substance nor a class of the formulary"


def _formulary(held: Formulary) -> Iterator[tuple[str, str]]:
    for table, rows in (("medicine", held.medicine), ("substance", held.substance), ("class", held.family),
                        ("form", held.form), ("route", held.route), ("note", held.note)):  # fmt: skip
        yield from _twice(table, [one.code for one in rows])
    own = [one.code for one in held.medicine if not one.substances]
    for code, count in Counter([*own, *(s.code for s in held.substance), *(f.code for f in held.family)]).items():
        if count > 1:
            yield "$.substance", f"{code!r} names more than one medicine, substance or class"
    units = {one.code for one in held.unit}
    for n, form in enumerate(held.form):
        for unit in (*form.units, form.counted):
            if unit not in units:
                yield f"$.form[{n}]", f"unknown unit {unit!r}"
    strengths = " ".join(s for m in held.medicine for p in m.product for s in p.strengths)
    for n, word in enumerate(held.strength_word):
        if word.text not in strengths:
            yield f"$.strength_word[{n}]", f"{word.text!r} stands in no strength"
    classes = {one.code for one in held.family}
    for n, one in enumerate(held.substance):
        for code in one.classes:
            if code not in classes:
                yield f"$.substance[{n}]", f"unknown class {code!r}"
    known = {*own, *(one.code for one in held.substance)}
    for n, medicine in enumerate(held.medicine):
        for where, what in _medicine(medicine, held, known, classes):
            yield f"$.medicine[{n}]{where}", f"{medicine.code}: {what}"


def _twice(table: str, codes: list[str]) -> Iterator[tuple[str, str]]:
    for n, code in enumerate(codes):
        if code in codes[:n]:
            yield f"$.{table}[{n}]", f"the code {code!r} stands twice"


def _medicine(one: Medicine, held: Formulary, known: set[str], classes: set[str]) -> Iterator[tuple[str, str]]:
    routes = {r.code for r in held.route}
    if one.group not in {g.code for g in held.group}:
        yield ".group", f"unknown group {one.group!r}"
    yield from _products(one, held, routes)
    if one.substances and one.classes:
        yield ".classes", "a medicine of several substances has their classes"
    for code in one.substances:
        if code not in known:
            yield ".substances", f"unknown substance {code!r}"
    for code in one.classes:
        if code not in classes:
            yield ".classes", f"unknown class {code!r}"
    for n, row in enumerate(one.dose):
        yield from ((f".dose[{n}]", what) for what in _dose(row, one, routes))
    yield from _care(one, held)


def _products(one: Medicine, held: Formulary, routes: set[str]) -> Iterator[tuple[str, str]]:
    forms = {f.code: f for f in held.form}
    if not one.product:
        yield "", "has no dosage form"
    for n, product in enumerate(one.product):
        if product.form not in forms:
            yield f".product[{n}]", f"unknown form {product.form!r}"
        if product.route not in routes:
            yield f".product[{n}]", f"unknown route {product.route!r}"
    products = {(p.form, s) for p in one.product for s in p.strengths}
    for n, usual in enumerate(one.usual):
        if (usual.form, usual.strength) not in products:
            yield f".usual[{n}]", f"no product is a {usual.form} of {usual.strength}"
        elif usual.form in forms and usual.unit not in forms[usual.form].units:
            yield f".usual[{n}]", f"a dose of a {usual.form} is not counted in {usual.unit}"


def _dose(row: DoseRange, one: Medicine, routes: set[str]) -> Iterator[str]:
    for route in row.routes:
        if route not in routes:
            yield f"unknown route {route!r}"
    if row.of and row.of not in one.substances:
        yield f"{row.of!r} is not in it"
    for low, high in filter(None, (row.dose, row.dose_per_kg, row.day_per_kg)):
        if low > high:
            yield f"{low:g} to {high:g} is the wrong way round"
    if row.from_kg and row.to_kg and row.from_kg >= row.to_kg:
        yield "no weight is both"
    if not any((row.dose, row.dose_per_kg, row.day_per_kg, row.max_dose, row.max_day)):
        yield "says nothing"
    if row.unit not in ("mg", "g", "microgram", "IU"):
        yield f"a range is of a substance: mg, g, microgram or IU, not {row.unit}"
    strengths = [parse(s) for p in one.product if p.route in row.routes for s in p.strengths]
    if row.unit == "IU" and any(s is not None and "IU" not in s.bases for s in strengths):
        yield "a range in IU of a product in mg"


def _care(one: Medicine, held: Formulary) -> Iterator[tuple[str, str]]:
    notes, sources = {n.code for n in held.note}, {s.code for s in held.source_list}
    rows = [(".pregnancy", one.pregnancy), (".lactation", one.lactation)]
    rows += [(f".renal[{n}]", r) for n, r in enumerate(one.renal)]
    rows += [(f".young[{n}]", y) for n, y in enumerate(one.young)]
    for where, row in rows:
        if row is None:
            continue
        if row.note and row.note not in notes:
            yield where, f"unknown note {row.note!r}"
        if row.level != "compatible" and not row.note:
            yield where, "say why: a note is lacking"
        if row.source not in sources:
            yield where, f"unknown source {row.source!r}"
    for n, dose in enumerate(one.dose):
        if dose.source not in sources:
            yield f".dose[{n}]", f"unknown source {dose.source!r}"


def _interactions(pack: Interactions, named: Iterable[str]) -> Iterator[tuple[str, str]]:
    known, whys = set(named), {one.code for one in pack.why}
    seen: set[frozenset[str]] = set()
    for n, pair in enumerate(pack.pair):
        where, both = f"$.pair[{n}]", frozenset((pair.one, pair.other))
        for code in sorted(both - known):
            yield where, _unknown(code)
        if pair.why and pair.why not in whys:
            yield where, f"unknown reason {pair.why!r}"
        if not pair.why and not pair.words:
            yield where, "say what happens"
        if both in seen:
            yield where, f"{pair.one} and {pair.other} stand here twice"
        seen.add(both)


def _local(local: LocalFormulary, held: Formulary) -> Iterator[tuple[str, str]]:
    products = {(m.code, p.form, s) for m in held.medicine for p in m.product for s in p.strengths}
    codes = {m.code for m in held.medicine}
    for n, one in enumerate(local.carried):
        if (one.code, one.form, one.strength) not in products:
            yield f"$.carried[{n}]", f"the formulary has no {one.code} as {one.form} of {one.strength}"
    for n, name in enumerate(local.name):
        if name.code not in codes:
            yield f"$.name[{n}]", f"unknown medicine {name.code!r}"
