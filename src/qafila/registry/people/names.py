"""What a person is called on a screen: by the script of its language, else as it was written.

A name is never put into another script by a program: where it is known in one alone, that one is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from qafila.registry.people.models import Circumstance, Person, PersonName, Sex

Script, Use = PersonName.Script, PersonName.Use

_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufeff]")
_TIFINAGH = re.compile("[\u2d30-\u2d7f]")
_USES = {Use.OFFICIAL: 0, Use.USUAL: 1, Use.MAIDEN: 2}
_SCRIPTS = {
    "ar": (Script.ARABIC, Script.TIFINAGH, Script.LATIN),
    "": (Script.LATIN, Script.ARABIC, Script.TIFINAGH),
}


def script_of(text: str) -> PersonName.Script:
    """The script a name is written in."""
    if _ARABIC.search(text):
        return Script.ARABIC
    return Script.TIFINAGH if _TIFINAGH.search(text) else Script.LATIN


def _ranked(names: Iterable[PersonName], language: str) -> list[PersonName]:
    order = _SCRIPTS["ar" if language.startswith("ar") else ""]
    valid = [n for n in names if not n.withdrawn and n.text]
    return sorted(valid, key=lambda n: (order.index(Script(n.script)), _USES[Use(n.use)], n.pk.int))


def display(names: Iterable[PersonName], language: str) -> str:
    """The name for a screen in `language`; empty for a person without one."""
    ranked = _ranked(names, language)
    return ranked[0].text if ranked else ""


def both(names: Iterable[PersonName], language: str) -> tuple[str, str]:
    """The name for a screen in `language`, and the same in another script where it was written in two."""
    ranked = _ranked(names, language)
    if not ranked:
        return "", ""
    others = [n.text for n in ranked if n.script != ranked[0].script]
    return ranked[0].text, others[0] if others else ""


def unnamed(person: Person) -> str | Promise:
    """Words that stand for the name of somebody who has none."""
    if person.circumstance == Circumstance.NEWBORN:
        words = {Sex.FEMALE: _("Newborn girl, no name yet"), Sex.MALE: _("Newborn boy, no name yet")}
        return words.get(Sex(person.sex), _("Newborn, no name yet"))
    if person.circumstance == Circumstance.UNIDENTIFIED:
        words = {Sex.FEMALE: _("Unknown woman"), Sex.MALE: _("Unknown man")}
        return words.get(Sex(person.sex), _("Unknown person"))
    return _("Name not known")
