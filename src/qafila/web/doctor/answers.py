"""A specialist's answer as lines: the questions of the form with what was said, in the reader's language."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext

from qafila.clinic.cases.answering import COLUMNS
from qafila.clinic.cases.models import Answer, Case, Decline
from qafila.clinic.cases.proof import Proof, proof_of
from qafila.clinic.cases.queries import Line, Talk
from qafila.clinic.forms.context import pack_of
from qafila.packs.shapes import PackError
from qafila.packs.specialty import Item
from qafila.web.reception.words import language, listed
from qafila.web.templatetags.qafila import day


def choice(case: Case, link_id: str, code: str) -> str:
    """The words of a coded answer; the code itself where this node lacks the pack, "" for none."""
    item = next((i for i in _items(case) if i.link_id == link_id), None)
    return _option(item, code) if item is not None and code else code


def lines(case: Case, answer: Answer, but: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """(question, what was said) in the form's order, unanswered ones left out, as those named in `but`."""
    found = []
    for item in _items(case):
        if item.link_id in but:
            continue
        column = COLUMNS.get(item.link_id)
        value = getattr(answer, column[0]) if column else answer.more.get(item.link_id)
        if value not in (None, "", []):
            found.append((item.label.text(language()), _words(item, value)))
    return found


def decline_reason(case: Case, code: str) -> str:
    """Why the case was declined, in the pack's words; the code itself where this node lacks the pack."""
    try:
        known = pack_of(case).decline_reason
    except PackError:
        known = ()
    return next((one.label.text(language()) for one in known if one.code == code), code)


def said_with(case: Case, line: Line) -> str:
    """What was said with a line of the timeline; with a refusal, its reason first."""
    if not isinstance(line.what, Decline):
        return line.words
    return ". ".join(filter(None, (decline_reason(case, line.what.reason), line.words)))


def declined(case: Case, talk: Talk) -> list[tuple[Decline, str, Proof]]:
    """Each refusal of the case with its reason in words and what is known of its signature, oldest first."""
    return [
        (row, decline_reason(case, row.reason), proof_of(row, talk.staff.get(row.author_id), compare=False))
        for row in talk.declines
    ]


def _items(case: Case) -> tuple[Item, ...]:
    try:
        return tuple(pack_of(case).answer)
    except PackError:
        return ()


def _words(item: Item, value: Any) -> str:
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, list):
        return listed(_words(item, one) for one in value)
    if isinstance(value, date):
        return day(value)
    if item.type == "date":
        return day(date.fromisoformat(value))
    return _option(item, str(value))


def _option(item: Item, code: str) -> str:
    return next((o.label.text(language()) for o in item.options if o.code == code), code)
