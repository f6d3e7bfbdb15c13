"""What QIDO-RS asks (PS3.18 section 10.6): studies, series and objects that somebody may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from qafila.clinic.imaging.models import ImagingInstance
from qafila.clinic.visits.models import Attachment, FactStatus, Visit
from qafila.exchange.dicom.matching import accession
from qafila.exchange.dicom.names import matches, person_name, plain_name
from qafila.journal.models import Label
from qafila.kernel.ids import read_code
from qafila.packs import load
from qafila.registry.people.models import Person
from qafila.registry.people.queries import one_with, own_names
from qafila.registry.people.search import search
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import asked_about, grants, patients_of, units_of

MOST = 200
"""Entries of one answer."""
NAMED = 200
"""People whom a name may mean."""
RIGHTS = ("case.read", "visit.read")
KEYS = {
    "StudyInstanceUID": "study_uid", "0020000D": "study_uid", "SeriesInstanceUID": "series_uid",
    "0020000E": "series_uid", "SOPInstanceUID": "sop_uid", "00080018": "sop_uid", "SOPClassUID": "sop_class",
    "00080016": "sop_class", "Modality": "modality", "00080060": "modality", "ModalitiesInStudy": "modality",
    "00080061": "modality",
}  # fmt: skip
"""Matching keys by keyword and tag, and the column that each compares."""
NUMBERS = {"InstanceNumber": "number", "00200013": "number"}
DAYS = ("StudyDate", "00080020")
PERSON_IDS, PERSON_NAMES = ("PatientID", "00100020"), ("PatientName", "00100010")
ACCESSIONS = ("AccessionNumber", "00080050")


class BadQuery(ValueError):
    """A key whose value cannot be read."""


@dataclass(frozen=True)
class Subject:
    """Whom a study is of, as the record says: an identity that was put right later is the right one."""

    name: str
    code: str
    sex: str
    birth: date | None


def visible(staff: Staff) -> QuerySet[ImagingInstance]:
    """The objects of series that stand, of everybody whose record the person may read."""
    rows = ImagingInstance.objects.exclude(attachment__status=FactStatus.ERROR)
    held = grants(staff)
    unseen = [level for level in Label.values if level and not held.has(load.access().labelled(level).sees)]
    rows = rows.exclude(attachment__label__in=unseen) if unseen else rows
    scopes = {scope for right in RIGHTS if (scope := held.scope(right))}
    if "all" in scopes:
        return rows
    allowed = Q(pk__in=[])
    if "own_unit" in scopes:
        allowed |= Q(attachment__visit__unit_id__in=units_of(staff))
    if "case" in scopes:
        people = patients_of(staff) | set(asked_about(staff).values())
        allowed |= Q(person_id__in={pk for person in people for pk in one_with(person)})
    return rows.filter(allowed)


def asked(rows: QuerySet[ImagingInstance], keys: Mapping[str, list[str]]) -> QuerySet[ImagingInstance]:
    """Of these, those that match the keys; what is no key here matches everything. Raises `BadQuery`."""
    for key, values in keys.items():
        wanted = [one for value in values for one in value.replace("\\", ",").split(",") if one]
        if not wanted:
            continue
        if key in KEYS:
            rows = rows.filter(_text(KEYS[key], wanted))
        elif key in NUMBERS:
            if not all(one.isdecimal() and len(one) < 10 for one in wanted):
                raise BadQuery(key)
            rows = rows.filter(**{f"{NUMBERS[key]}__in": [int(one) for one in wanted]})
        elif key in DAYS:
            rows = rows.filter(_days(wanted[0]))
        elif key in PERSON_IDS:
            codes = [read_code(one) or "" for one in wanted]
            people = Person.objects.filter(code__in=codes).values_list("pk", flat=True)
            rows = rows.filter(person_id__in={pk for one in people for pk in one_with(one)})
        elif key in PERSON_NAMES:
            rows = rows.filter(person_id__in=_named(wanted[0]))
        elif key in ACCESSIONS:
            rows = rows.filter(attachment__visit_id__in=_visits(rows, wanted))
    return rows


def studies(rows: QuerySet[ImagingInstance]) -> QuerySet[Any, Any]:
    """One line a study, the newest first."""
    lines = rows.values("study_uid", "person_id").annotate(
        series=Count("series_uid", distinct=True), instances=Count("id"), day=Min("study_day")
    )
    return lines.order_by("-day", "study_uid")


def series(rows: QuerySet[ImagingInstance]) -> QuerySet[Any, Any]:
    """One line a series."""
    lines = rows.values("study_uid", "series_uid", "modality", "person_id", "attachment_id")
    return lines.annotate(instances=Count("id"), day=Min("study_day")).order_by("study_uid", "series_uid")


def modalities(study_uids: Iterable[str]) -> dict[str, list[str]]:
    """Study → its modalities."""
    found: dict[str, set[str]] = {}
    rows = ImagingInstance.objects.filter(study_uid__in=list(study_uids)).values_list("study_uid", "modality")
    for uid, modality in rows.distinct():
        found.setdefault(uid, set()).add(modality)
    return {uid: sorted(m for m in some if m) for uid, some in found.items()}


def people(ids: Iterable[UUID]) -> dict[UUID, Subject]:
    """Who they are, as DICOM writes it."""
    wanted = set(ids)
    rows, names = Person.objects.in_bulk(wanted), own_names(wanted)
    sexes = {"female": "F", "male": "M"}
    return {
        pk: Subject(
            person_name(names.get(pk, [])),
            row.code,
            sexes.get(row.sex, ""),
            row.birth_date if row.birth_precision == "day" else None,
        )
        for pk, row in rows.items()
    }


def accessions(attachments: Iterable[UUID]) -> dict[UUID, str]:
    """Attachment → the accession number of its visit."""
    rows = Attachment.objects.filter(pk__in=set(attachments), visit__isnull=False).values_list("pk", "visit_id")
    return {pk: accession(visit) for pk, visit in rows if visit}


def _text(column: str, wanted: list[str]) -> Q:
    found = Q(pk__in=[])
    for one in wanted:
        if "*" in one or "?" in one:
            start = one.split("*")[0].split("?")[0]
            found |= (
                Q(**{f"{column}__startswith": start}) if one == start + "*" else Q(**{f"{column}__regex": _regex(one)})
            )
        else:
            found |= Q(**{column: one})
    return found


def _regex(pattern: str) -> str:
    import re

    return "^" + re.escape(pattern[:64]).replace(r"\*", ".*").replace(r"\?", ".") + "$"


def _days(wanted: str) -> Q:
    first, dash, last = wanted.partition("-")
    limits = [_day(text) if text else None for text in ((first, last) if dash else (first, first))]
    found = Q()
    if limits[0] is not None:
        found &= Q(study_day__gte=limits[0])
    if limits[1] is not None:
        found &= Q(study_day__lte=limits[1])
    return found


def _day(text: str) -> date:
    from datetime import datetime

    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        raise BadQuery("StudyDate") from None


def _named(wanted: str) -> set[UUID]:
    """Everybody whose name fits; a name is looked up by its words, as everywhere on this node."""
    plain = plain_name(wanted.replace("*", " ").replace("?", " "))
    found = {one.person.pk: one.names for one in search(plain, NAMED)}
    exact = [pk for pk, names in found.items() if matches("PN", person_name(names), wanted)]
    return {pk for one in exact for pk in one_with(one)}


def _visits(rows: QuerySet[ImagingInstance], wanted: list[str]) -> list[UUID]:
    codes = {read_code(one) for one in wanted} - {None}
    visits = Visit.objects.filter(pk__in=rows.values("attachment__visit_id")).values_list("pk", flat=True)
    return [pk for pk in visits.iterator() if accession(pk) in codes] if codes else []
