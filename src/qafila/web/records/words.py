"""What the journal says, in words: kinds of rows, fields, values, acts, nodes and people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.html import strip_tags
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from qafila.journal.models import Recorded, Ref
from qafila.packs import load
from qafila.registry.places.here import country
from qafila.registry.units.models import Unit
from qafila.web.nurse.record import label as reading
from qafila.web.reception.words import language, unit_name
from qafila.web.records.attachments import kind_words as file_words
from qafila.web.specialist.packet import certainty_words, method_words, note_words
from qafila.web.specialist.words import act_words as case_act
from qafila.web.specialist.words import specialty_words
from qafila.web.specialist.words import status_words as case_status
from qafila.web.staff_names import staff_names
from qafila.web.templatetags.qafila import moment

KINDS = {
    "registry.person": _("Person"),
    "registry.personname": _("Name"),
    "registry.personlink": _("Link to another person"),
    "registry.erasurerequest": _("Request for erasure"),
    "registry.restriction": _("Record put aside"),
    "registry.rectification": _("Said to be wrong"),
    "registry.lot": _("Lot of the stock"),
    "registry.stockmove": _("Move of the stock"),
    "registry.shipment": _("Shipment"),
    "registry.instrument": _("Instrument"),
    "registry.instrumentevent": _("Care of an instrument"),
    "clinic.visit": _("Visit"),
    "clinic.encounter": _("Encounter"),
    "clinic.observation": _("Reading"),
    "clinic.striptest": _("Test at the bedside"),
    "clinic.laborder": _("Order to the laboratory"),
    "clinic.note": _("Note"),
    "clinic.condition": _("Diagnosis"),
    "clinic.allergy": _("Allergy"),
    "clinic.attachment": _("File"),
    "clinic.ecgcheck": _("Check of an ECG"),
    "clinic.mark": _("Mark on a picture"),
    "clinic.originalasked": _("Original asked for"),
    "clinic.teachingcopy": _("Teaching copy"),
    "clinic.consent": _("Consent"),
    "clinic.historyentry": _("Line of the history"),
    "clinic.case": _("Case"),
    "clinic.caseevent": _("Line of a case"),
    "clinic.message": _("Message"),
    "clinic.answer": _("Answer"),
    "clinic.decline": _("Refusal of a case"),
    "clinic.contact": _("Attempt to reach the person"),
    "clinic.plainwords": _("Answer in plain words"),
    "clinic.saving": _("Journey not made"),
    "clinic.prescription": _("Prescription"),
    "clinic.prescriptionitem": _("Medicine"),
    "clinic.accessgrant": _("Access to the record"),
}
FIELDS = {
    "status": _("State"),
    "phone": _("Telephone"),
    "phone_owner": _("Whose telephone"),
    "address": _("Address"),
    "sex": _("Sex"),
    "birth_date": _("Date of birth"),
    "place": _("Commune"),
    "language": _("Language"),
    "section": _("List"),
    "site": _("Where on the body"),
    "since": _("Since"),
    "until": _("Until"),
    "due": _("Due"),
    "detail": _("More"),
    "mother_name": _("Mother’s name"),
    "relation": _("Who is it"),
    "note": _("Words"),
    "masked": _("Rectangles covered"),
    "withdrawn": _("Withdrawn"),
    "description": _("Description"),
    "national_id": _("National number"),
    "deadline": _("Promised time"),
    "specialist": _("Specialist"),
    "doctor": _("Doctor"),
    "unit": _("Unit"),
    "urgency": _("Urgency"),
    "question": _("Question"),
    "reason": _("Reason"),
    "outcome": _("Outcome"),
    "outcome_note": _("What became of it"),
    "triage": _("Triage"),
    "text": _("Text"),
    "words": _("Words"),
    "number": _("Value"),
    "code": _("Code"),
    "given": _("Given name"),
    "family": _("Family name"),
    "died_on": _("Date of death"),
    "author": _("Author"),
    "at": _("Time"),
    "label": _("Confidentiality"),
    "title": _("Title"),
    "substance": _("Substance"),
    "reaction": _("Reaction"),
    "decision": _("Decision"),
    "diagnosis": _("Diagnosis"),
    "plan": _("Plan"),
    "certainty": _("Certainty"),
    "error_reason": _("Why it is an error"),
    "reconfirm": _("To be confirmed again"),
    "act": _("Act"),
    "by": _("By"),
    "node": _("Node"),
    "closed_at": _("Closed"),
    "ended_at": _("End"),
    "started_at": _("Beginning"),
    "opened_at": _("Begun"),
    "sent_at": _("Sent"),
    "received_at": _("Received"),
    "answered_at": _("Answered"),
    "on_unit_at": _("On the unit"),
    "intake": _("Answers to the questions"),
    "kind_of_note": _("Kind"),
    "kind_of_file": _("Kind"),
    "size": _("Size"),
    "responsible": _("Responsible doctor"),
    "entered": _("Entered"),
    "entered_unit": _("Entered unit"),
    "method": _("Method"),
    "purpose": _("Purpose"),
    "specialty": _("Specialty"),
    "reassess_at": _("To be looked at again"),
    "none_known": _("None known"),
    "proposal": _("Prescription proposed"),
    "came_after": _("Something came after the answer"),
    "red_flag_advice": _("When to come back at once"),
    "follow_up": _("Follow-up"),
    "teaching": _("Teaching note"),
    "ticket": _("Number in the queue"),
}
HIDDEN = frozenset(
    {
        "person",
        "custodian",
        "programme",
        "sha256",
        "preview",
        "pack_version",
        "loinc",
        "code_version",
        "values",
        "heads",
    }
    | {"participants", "triage_basis", "encounter_class", "remote_type", "view", "media", "missing_attachments"}
    | {"quality", "original", "made_from", "x", "y", "to_x", "to_y"}
    | {"shown", "key", "signature", "sealed", "public"}
)
"""Fields of no meaning to a reader of the history."""
LONGEST = 300


def decision_words(code: str) -> str:
    """What a person said to one purpose."""
    return {
        "not_asked": gettext("Not asked yet"),
        "permit": gettext("agrees"),
        "deny": gettext("refuses"),
        "emergency": gettext("could not be asked (emergency)"),
        "withdrawn": gettext("taken back"),
    }.get(code, code)


def _labelled(code: str, choices: Iterable[Any]) -> str:
    return next((str(one.label.text(language())) for one in choices if one.code == code), code)


def _purpose(code: str) -> str:
    return _labelled(code, load.encounter().consent_purpose)


def _spoken(code: str) -> str:
    return _labelled(code, country().spoken)


CODES = {
    ("clinic.case", "status"): case_status,
    ("clinic.case", "specialty"): specialty_words,
    ("clinic.caseevent", "act"): case_act,
    ("clinic.caseevent", "note"): gettext,
    ("clinic.consent", "purpose"): _purpose,
    ("clinic.consent", "decision"): decision_words,
    ("clinic.consent", "method"): method_words,
    ("clinic.consent", "language"): _spoken,
    ("registry.person", "language"): _spoken,
    ("clinic.observation", "code"): reading,
    ("clinic.note", "kind_of_note"): note_words,
    ("clinic.attachment", "kind_of_file"): file_words,
    ("clinic.condition", "certainty"): certainty_words,
}
"""Codes that have words of their own."""


def kind_words(kind: str) -> str:
    """What a row is."""
    return str(KINDS.get(kind, "")) or kind.split(".")[-1]


def model_of(kind: str) -> type[Recorded] | None:
    """The model of a kind; None for one that this node does not know."""
    try:
        found: type[Recorded] = apps.get_model(kind)
    except (LookupError, ValueError):
        return None
    return found


def field_of(kind: str, name: str) -> Any:
    """A field of a kind, None where it is not known here."""
    model = model_of(kind)
    return next((f for f in model._meta.concrete_fields if f.name == name), None) if model else None


def field_words(kind: str, name: str) -> str:
    """What a field is called."""
    if name in FIELDS:
        return str(FIELDS[name])
    field = field_of(kind, name)
    return str(field.verbose_name).capitalize() if field is not None else name


def label_words(value: int) -> str:
    """A label of confidentiality, as the pack names it."""
    return load.access().labelled(value).label.text(language())


def value_words(kind: str, name: str, value: Any, known: dict[UUID, str]) -> str:
    """A canonical value as people read it; `known`: names of the staff and units that it may point to."""
    if value is None or value == "" or value == [] or value == {}:
        return gettext("empty")
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if (kind, name) in CODES:
        return CODES[kind, name](str(value))
    if name == "label":
        return label_words(int(value))
    field = field_of(kind, name)
    if isinstance(field, Ref):
        one = uuid_of(value)
        return known.get(one, gettext("another record")) if one else str(value)
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, models.DateTimeField):
        at = parse_datetime(str(value))
        return _plain(at) if at else str(value)
    if isinstance(field, models.DecimalField):
        return f"{Decimal(str(value)).normalize():f}"
    if isinstance(value, (list, dict)):
        return ngettext("%(n)s entry", "%(n)s entries", len(value)) % {"n": len(value)}
    return str(value)[:LONGEST]


def shown(kind: str, created: bool, name: str, value: Any, known: dict[UUID, str]) -> bool:
    """Whether a field tells a reader anything: no pointers to rows without a name, nothing empty in a new row."""
    if name in HIDDEN or (created and value in (None, "", [], {}, False)):
        return False
    return not (isinstance(field_of(kind, name), Ref) and uuid_of(value) not in known)


def _plain(at: datetime) -> str:
    return strip_tags(moment(at))


def uuid_of(value: Any) -> UUID | None:
    """An id from its canonical text."""
    try:
        return UUID(str(value))
    except ValueError:
        return None


def names(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Names of staff and units by id: two queries."""
    wanted = {one for one in ids if one is not None}
    return staff_names(wanted) | {u.pk: unit_name(u) for u in Unit.objects.filter(pk__in=wanted)}


ACTS = {
    "person.register": _("registered"),
    "label.change": _("confidentiality changed"),
    "person.edit": _("changed"),
    "person.death": _("death recorded"),
    "person.merge": _("two records joined as one person"),
    "person.unmerge": _("two records parted again"),
    "person.tell_apart": _("told apart from another record"),
    "clash.settle": _("two values settled"),
    "erasure.ask": _("erasure asked for"),
    "erasure.refuse": _("erasure refused"),
    "record.restrict": _("put aside"),
    "record.unrestrict": _("used again"),
    "claim.note": _("said to be wrong"),
    "claim.done": _("put right"),
    "claim.refuse": _("left as it is"),
    "visit.open": _("visit opened"),
    "case.draft": _("case begun"),
    "case.send": _("case sent"),
    "case.receive": _("case received"),
    "case.assign": _("case assigned"),
    "case.reroute": _("case given to another"),
    "case.accept": _("case accepted"),
    "case.decline": _("case declined"),
    "case.ask": _("more asked for"),
    "case.answer": _("case answered"),
    "case.correct": _("answer corrected"),
    "case.confirm": _("answer confirmed"),
    "case.deliver": _("answer on the unit"),
    "case.explain": _("answer explained"),
    "case.close": _("case closed"),
    "case.cancel": _("case cancelled"),
}


def act_words(act: str, created: bool) -> str:
    """What was done to the row."""
    if act in ACTS:
        return str(ACTS[act])
    return gettext("written") if created else gettext("changed")


PAGES = {
    "specialist.case": _("Case page of the hub"),
    "records.file": _("A file"),
    "records.person": _("History of the record"),
    "records.looks": _("Who looked"),
    "records.row": _("History of one entry"),
    "records.clash": _("A clash"),
    "records.patient": _("Patient page"),
    "records.double": _("Two records compared"),
    "claims.person": _("Data requests"),
    "claims.list": _("Data requests"),
    "break_glass": _("Opened in an emergency"),
    "nurse.record": _("Visit"),
    "nurse.vitals": _("Vitals"),
    "nurse.file": _("A file"),
    "nurse.growth": _("Growth"),
    "nurse.trends": _("Trends"),
    "nurse.photos": _("Photographs"),
    "nurse.sounds": _("Heart and lung sounds"),
    "reception.person": _("Person"),
    "reception.card": _("Card"),
    "doctor.consult": _("Consultation"),
    "doctor.case": _("Case page of the unit"),
    "loop.round": _("List of the next round"),
    "doctor.plain": _("Sheet for the person"),
    "export": _("Given to the person"),
    "doctor.alarm": _("Emergency that nobody has taken"),
    "doctor.prescribe": _("Prescription"),
    "doctor.packet": _("Case page of the unit"),
    "coordinator.tell": _("Case page of the hub"),
    "reception.edit": _("Person"),
    "nurse.lab": _("Visit"),
    "nurse.order": _("Visit"),
    "nurse.strips": _("Visit"),
    "nurse.strip": _("Visit"),
    "nurse.spirometry": _("Visit"),
    "stock.dispense": _("Prescription"),
    "dicomweb.object": _("DICOM image"),
    "dicomweb.search": _("DICOM image"),
}


def page_words(page: str) -> str:
    """The page that was looked at."""
    if page.startswith("print."):
        return gettext("a print")
    return str(PAGES.get(page, page))
