"""What is read of prescriptions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from qafila.clinic.prescribing.models import Prescription, PrescriptionItem
from qafila.clinic.visits.models import FactStatus
from qafila.kernel import clock


def running(ids: Iterable[UUID], without: Iterable[UUID] = ()) -> list[PrescriptionItem]:
    """Lines of signed prescriptions of these people that have not run out, latest first. Two queries."""
    now = clock.now()
    recent = Prescription.objects.filter(
        person_id__in=list(ids), status=FactStatus.FINAL, signed_at__isnull=False, at__gte=now - timedelta(days=366)
    ).exclude(pk__in=list(without))
    since = {one.pk: one.at for one in recent}
    lines = PrescriptionItem.objects.filter(prescription_id__in=list(since), withdrawn=False)
    held = [x for x in lines if since[x.prescription_id] + timedelta(days=x.days) > now]
    return sorted(held, key=lambda x: since[x.prescription_id], reverse=True)


def adopted(answers: Iterable[UUID]) -> set[UUID]:
    """Of these answers, those whose proposal stands in a signed prescription."""
    rows = Prescription.objects.filter(answer_id__in=list(answers), signed_at__isnull=False, status=FactStatus.FINAL)
    return set(rows.values_list("answer_id", flat=True))
