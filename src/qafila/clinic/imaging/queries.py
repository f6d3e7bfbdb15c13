"""Reading what is known of a person's recordings."""

from __future__ import annotations

from qafila.clinic.imaging.models import EcgCheck, EcgMeasures
from qafila.clinic.visits.models import Attachment, FactStatus
from qafila.registry.people.queries import one_with


def ecg_before(file: Attachment) -> Attachment | None:
    """The person's last ECG before this one, all their records together."""
    ecgs = Attachment.objects.filter(
        person_id__in=one_with(file.person_id), kind_of_file="ecg", status=FactStatus.FINAL, at__lt=file.at
    )
    return ecgs.exclude(sha256=file.sha256).order_by("-at", "-id").first()


def check_of(file: Attachment) -> EcgCheck | None:
    """How the recording was judged when it was taken; None where it came without (from an older node)."""
    return EcgCheck.objects.filter(sha256=file.sha256, status=FactStatus.FINAL).order_by("-at", "-id").first()


def measures_of(file: Attachment) -> EcgMeasures:
    """What was computed from it; noted for the job where nobody noted it yet."""
    return EcgMeasures.objects.get_or_create(sha256=file.sha256, defaults={"person": file.person_id})[0]
