"""One ECG on its paper, in true size: what was computed, what is wrong with it, the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.imaging import ecg, queries
from qafila.clinic.imaging.ecg_quality import Fault
from qafila.clinic.imaging.models import EcgCheck, EcgMeasures
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.inputs import InputError
from qafila.clinic.rules.qtc import qtc
from qafila.clinic.visits import facts
from qafila.clinic.visits.assessment import known_sex
from qafila.clinic.visits.models import Attachment
from qafila.journal import blobs
from qafila.registry.people import queries as people
from qafila.registry.people.models import Person
from qafila.registry.staff.rights import may
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.records import files
from qafila.web.records.whose import whose
from qafila.web.templatetags.qafila import told

FORMULAE = ("fridericia", "bazett", "framingham")


@dataclass(frozen=True)
class Line:
    """One computed value, and the same of the ECG before."""

    label: str
    value: int | None
    unit: str
    before: int | None
    change: str


@require_GET
@needs("case.read", "visit.read")
def page(request: Any, file_id: UUID) -> HttpResponse:
    """The viewer."""
    return _page(request, _ecg(request, file_id))


def _ecg(request: Any, file_id: UUID) -> Attachment:
    file = files.found(request, file_id)
    if file.kind_of_file != "ecg":
        raise Http404
    return file


def _page(request: Any, file: Attachment, status: int = 200, **more: Any) -> HttpResponse:
    speed, gain = files.scale_of(request)
    before = queries.ecg_before(file)
    person = people.get(file.person_id)
    check = queries.check_of(file)
    context = {
        "file": file,
        "here": blobs.have(file.sha256),
        **whose(request, file, person),
        "speed": f"{speed:g}",
        "gain": f"{gain:g}",
        "speeds": [f"{one:g}" for one in ecg.SPEEDS],
        "gains": [f"{one:g}" for one in ecg.GAINS],
        "grips": [
            ("start", gettext("First upright line")),
            ("end", gettext("Second upright line")),
            ("high", gettext("Upper level line")),
            ("low", gettext("Lower level line")),
        ],
        "before": before,
        "before_here": before is not None and blobs.have(before.sha256),
        "check": check,
        "faults": fault_words(check),
        "keeps": check is not None and bool(check.findings) and may(request.staff, "attachment.add", file),
        **computed(file, before, person),
        **more,
    }
    return render(request, "records/ecg.html", context, status=status)


def computed(file: Attachment, before: Attachment | None, person: Person | None) -> dict[str, Any]:
    """What the viewer and the print show of the measurements: `lines`, `inputs`, `waits`, `notes`."""
    measures = queries.measures_of(file)
    old = queries.measures_of(before) if before else None
    said = measures.values
    new, notes = values_of(measures, person)
    lines = _lines(new, values_of(old, person)[0] if old else {})
    inputs = ""
    if said.get("beats"):
        inputs = ngettext(
            "lead %(lead)s, %(n)s beat, medians, %(by)s", "lead %(lead)s, %(n)s beats, medians, %(by)s", said["beats"]
        ) % {"lead": f"\u2068{said.get('lead')}\u2069", "n": said["beats"], "by": said.get("by", "")}
    return {
        "lines": lines,
        "inputs": inputs,
        "waits": measures.state == EcgMeasures.State.WAITING,
        "measure_notes": notes,
    }


def values_of(measures: EcgMeasures, person: Person | None) -> tuple[dict[str, int], list[str]]:
    """Rate, intervals and QTc by each formula, what is known of them; and what the rule remarks."""
    known = {name: measures.values[name] for name in ("rate", "pr", "qrs", "qt") if measures.values.get(name)}
    notes: list[str] = []
    if "rate" in known and "qt" in known:
        try:
            result = qtc(qt=known["qt"], heart_rate=known["rate"], sex=known_sex(person) if person else None)
        except InputError:
            return known, notes
        known |= {name: int(str(result.values[name])) for name in FORMULAE if name in result.values}
        notes = [told(one) for one in (*result.red_flags, *result.notes)]
    return known, notes


def _lines(new: dict[str, int], old: dict[str, int]) -> list[Line]:
    labels = (
        ("rate", gettext("Heart rate"), "/min"),
        ("pr", "PR", "ms"),
        ("qrs", "QRS", "ms"),
        ("qt", "QT", "ms"),
        ("fridericia", "QTc (Fridericia)", "ms"),
        ("bazett", "QTc (Bazett)", "ms"),
        ("framingham", "QTc (Framingham)", "ms"),
    )
    return [
        Line(label, new.get(key), unit, old.get(key), _change(new.get(key), old.get(key)))
        for key, label, unit in labels
    ]


def _change(new: int | None, old: int | None) -> str:
    if new is None or old is None:
        return ""
    return f"{new - old:+d}".replace("-", "\u2212") if new != old else "0"


def fault_words(check: EcgCheck | None) -> list[tuple[str, str, str]]:
    """Of each fault: what it is, the leads, what to do."""
    return [(*_words(fault), ", ".join(leads)) for fault, leads in (check.findings if check else ())]


def _words(fault: str) -> tuple[str, str]:
    words = {
        Fault.ALL_FLAT: (
            gettext("All leads are flat"),
            gettext("Look at the person first. Then check the cable and every electrode."),
        ),
        Fault.FLAT: (
            gettext("Flat line"),
            gettext("An electrode is off or its wire is loose. Clean the skin, put on a new electrode, take it again."),
        ),
        Fault.GAP: (
            gettext("Gaps in the recording"),
            gettext("A contact is loose. Press the electrodes on, take it again."),
        ),
        Fault.CUT: (
            gettext("Cut off at the top or bottom"),
            gettext("The amplifier is at its limit. Check the electrodes, wait half a minute, take it again."),
        ),
        Fault.NOISE: (
            gettext("Noise from muscles or mains"),
            gettext("Let the person lie still and warm, keep cables from mains leads, take it again."),
        ),
        Fault.DRIFT: (
            gettext("The line wanders"),
            gettext("Clean the skin, let the person breathe quietly, take it again."),
        ),
        Fault.ARMS: (
            gettext("Right and left arm seem to have changed places"),
            gettext("Check the arm electrodes: right arm, left arm. Take it again."),
        ),
        Fault.RIGHT_LEG: (
            gettext("A limb electrode seems to have changed places with the right leg"),
            gettext("Check all four limb electrodes. Take it again."),
        ),
        Fault.SHORT: (gettext("Shorter than ten seconds"), gettext("Take it again: ten seconds are needed.")),
    }
    known = {str(key): value for key, value in words.items()}
    return known.get(fault, (fault, ""))


@require_POST
@needs("attachment.add")
@once
def keep(request: Any, file_id: UUID) -> HttpResponse:
    """Why a recording stays although something was found in it."""
    file = _ecg(request, file_id)
    try:
        facts.keep_ecg(file, request.staff, request.POST.get("reason", ""))
    except Refusal as refused:
        return _page(request, file, 422, problem=told(refused.message))
    messages.success(request, gettext("Saved."))
    return redirect("records:ecg_page", file.pk)
