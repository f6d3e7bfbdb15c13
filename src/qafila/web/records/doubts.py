"""Telling whoever kept a file that it is kept, and at once what the check doubts in it, while it can be taken again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.utils.translation import gettext

from qafila.clinic.imaging import queries
from qafila.clinic.visits.models import Attachment
from qafila.web.records.attachments import DOUBTS
from qafila.web.records.ecg import fault_words


def tell(request: Any, file: Attachment) -> None:
    """Say it above the page that follows."""
    doubts = of(file)
    if not doubts:
        messages.success(request, gettext("The file is kept."))
        return
    words = gettext("Kept, but the check doubts it: %(what)s. Take it again if you can.")
    messages.warning(request, words % {"what": " · ".join(doubts)})


def of(file: Attachment) -> list[str]:
    """What the check found in a photograph, a sound or an ECG, in words."""
    if file.kind_of_file == "ecg":
        return [f"{what} ({leads})" if leads else what for what, _todo, leads in fault_words(queries.check_of(file))]
    return [str(DOUBTS.get(code, code)) for code in file.quality.get("doubts", ())]
