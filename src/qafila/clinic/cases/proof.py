"""The case as a specialist sees it, in facts and hashes; and whether the signature of what they say of it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from django.apps import apps
from django.db.models import Q

from qafila.clinic.cases.models import Answer, Case, Decline, Message
from qafila.clinic.cases.signature import ALTERED, ANSWER, DECLINE, GOOD, PublicKey, changed, fact_hash, message, verify
from qafila.clinic.forms.context import attachments_of, conditions_of, consent_of, notes_of, observations_of
from qafila.clinic.visits.models import Allergy, Attachment, Condition, FactStatus, Note, Observation
from qafila.journal import canon
from qafila.journal.models import Blob, Label, Recorded
from qafila.registry.people.queries import one_with
from qafila.registry.staff.models import Staff
from qafila.registry.staff.queries import key_of
from qafila.registry.staff.signing import OpenKey
from qafila.registry.staff.signing_models import SigningKey

ASKED = ("person", "visit", "specialty", "urgency", "question", "intake", "incomplete_reason")
"""Of the case itself: what the unit wrote."""
APART = frozenset({"label", "custodian", "programme"})
DOCUMENTS = {Answer: ANSWER, Decline: DECLINE}
VOICE = "voice-"
"""The beginning of the `view` of a recorded explanation: made after an answer, no part of the case."""


@dataclass(frozen=True)
class Proof:
    """What is known of a signature. `state`: see `signature.verify`."""

    state: str
    author: Staff | None
    licence: str
    at: datetime
    facts: int
    """Facts that it covers."""
    files: int
    """Of these, recordings and pictures."""
    missing: int
    """Files that had not arrived."""
    changed: int
    """Facts that say something else today."""
    unseen: int
    """Facts that are not on this node."""

    @property
    def good(self) -> bool:
        """Signed by its author, and not altered."""
        return self.state == GOOD

    @property
    def bad(self) -> bool:
        """Not what was signed."""
        return self.state not in (GOOD, "unsigned", "no_key")


def facts_of(row: Recorded, only: Iterable[str] = ()) -> dict[str, Any]:
    """What a row says in canonical values, without what it leaves at its default: a later layout changes nothing."""
    wanted = set(only)
    found = {}
    for field in canon.payload_fields(type(row)):
        if field.name in APART or (wanted and field.name not in wanted):
            continue
        value = canon.plain(field, getattr(row, field.attname))
        if value != canon.unsaid(field):
            found[field.name] = value
    return found


def hashed(row: Recorded, only: Iterable[str] = ()) -> list[str]:
    """Kind, id and hash of a row."""
    return [row.kind(), row.pk.hex, fact_hash(facts_of(row, only))]


def arrived(files: Iterable[Attachment]) -> tuple[list[Attachment], list[Attachment]]:
    """Files whose bytes are all here, and the others."""
    held = list(files)
    names = [f.sha256 for f in held]
    whole = set(Blob.objects.filter(sha256__in=names, complete=True).values_list("sha256", flat=True))
    return [f for f in held if f.sha256 in whole], [f for f in held if f.sha256 not in whole]


def of_case(files: Iterable[Attachment]) -> list[Attachment]:
    """Without what was recorded for the person after an answer."""
    return [f for f in files if not f.view.startswith(VOICE)]


def shown_of(case: Case, files: Iterable[Attachment] | None = None) -> list[list[str]]:
    """Every fact of the case's page as it is now: what a signature covers. `files`: those that have arrived."""
    here = arrived(of_case(attachments_of(case)))[0] if files is None else list(files)
    final = {"status": FactStatus.FINAL}
    visit = Q(visit_id=case.visit_id) if case.visit_id else Q(pk__in=[])
    person = one_with(case.person_id)
    consent = consent_of(case)
    rows: Iterable[Recorded] = chain(
        Observation.objects.filter(visit, **final),
        Note.objects.filter(visit, label=Label.NORMAL, **final),
        Condition.objects.filter(person_id__in=person, **final),
        Allergy.objects.filter(person_id__in=person, **final),
        Message.objects.filter(case_id=case.pk),
        [consent] if consent is not None else [],
        here,
    )
    return sorted([hashed(case, ASKED), *(hashed(row) for row in rows)])


def today(shown: Iterable[Iterable[str]], read: Iterable[Recorded] = ()) -> list[list[str]]:
    """The same facts as this node has them now; those that it has not are left out. `read`: rows that the page has at
    hand; one query for each kind of the others."""
    held = {row.pk.hex: row for row in read}
    by_kind: dict[str, list[str]] = {}
    for kind, one, _ in shown:
        by_kind.setdefault(kind, []).append(one)
    found = []
    for kind, every in by_kind.items():
        found += [hashed(held[one], ASKED if isinstance(held[one], Case) else ()) for one in every if one in held]
        ids = [one for one in every if one not in held]
        if not ids:
            continue
        try:
            model: Any = apps.get_model(kind)
        except (LookupError, ValueError):
            continue
        found += [hashed(row, ASKED if model is Case else ()) for row in model._base_manager.filter(pk__in=ids)]
    return found


def content_of(row: Answer | Decline) -> dict[str, Any]:
    """The signed fields of an answer or a refusal in canonical values."""
    fields = {f.name: f for f in canon.payload_fields(type(row))}
    wanted = [name for name in DOCUMENTS[type(row)].fields if name != "id"]
    return {"id": row.pk.hex, **{n: canon.plain(fields[n], getattr(row, fields[n].attname)) for n in wanted}}


def sign(row: Answer | Decline, case: Case, by: Staff, key: OpenKey) -> None:
    """Put the case as it is on the screen, the author's licence and the signature into a row that is not saved yet."""
    here, missing = arrived(of_case(attachments_of(case)))
    row.missing_attachments = [f.pk.hex for f in missing]
    row.shown = shown_of(case, here)
    row.licence, row.key_id = by.licence, key.id
    row.signature = key.sign(message(DOCUMENTS[type(row)], content_of(row)))


def state_of(row: Answer | Decline, key: SigningKey | None) -> str:
    """Whether a signature holds: see `signature.verify`."""
    public = None
    if key is not None:
        public = PublicKey(key.pk.hex, key.staff_id.hex, key.public, key.starts, key.ends)
    try:
        return verify(DOCUMENTS[type(row)], content_of(row), row.signature, public, row.at)
    except (canon.Unfit, KeyError, TypeError, ValueError):
        return ALTERED


def at_hand(case: Case) -> list[Recorded]:
    """What pages of a case have read anyway."""
    consent = consent_of(case)
    rows: list[Recorded] = [case, *observations_of(case), *notes_of(case), *conditions_of(case), *attachments_of(case)]
    return [*rows, consent] if consent is not None else rows


def proof_of(
    row: Answer | Decline, author: Staff | None = None, *, compare: bool = True, read: Iterable[Recorded] = ()
) -> Proof:
    """All there is to say of the signature of an answer or a refusal. `compare`: with what this node holds of the case
    today; `read`: rows at hand."""
    by = author or Staff.objects.filter(pk=row.author_id).first()
    others, unseen = changed(row.shown, today(row.shown, read)) if compare else ([], [])
    return Proof(
        state=state_of(row, key_of(row.key_id)),
        author=by,
        licence=row.licence,
        at=row.at,
        facts=len(row.shown),
        files=sum(kind == Attachment.kind() for kind, _, _ in row.shown),
        missing=len(row.missing_attachments),
        changed=len(others),
        unseen=len(unseen),
    )
