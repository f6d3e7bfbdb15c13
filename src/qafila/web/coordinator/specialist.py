"""What routing and roster know of a specialist: fields within the specialty, languages, half-days liked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from qafila.packs import load
from qafila.registry.places.here import country_code
from qafila.registry.staff import acts
from qafila.registry.staff.models import Staff
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.reception.words import language
from qafila.web.specialist.roster import halves, keep_wishes, wishes_of
from qafila.web.specialist.words import pack_of, specialty_words
from qafila.web.staff_names import staff_name


@require_http_methods(["GET", "POST"])
@needs("roster.manage")
@once
def page(request: Any, staff_id: UUID) -> HttpResponse:
    """Show and change them."""
    staff = Staff.objects.filter(pk=staff_id, active=True).first()
    if staff is None or not staff.specialties:
        raise Http404
    if request.method == "POST":
        said = request.POST
        try:
            acts.set_abilities(staff, said.getlist("field"), said.getlist("language"), request.staff)
        except acts.UnknownAbility:
            raise Http404 from None
        keep_wishes(staff, said, request.staff)
        messages.success(request, gettext("Saved."))
        return redirect("coordinator:duty")
    tongue = language()
    tongues = load.country(country_code()).spoken
    context = {
        "who": staff,
        "name": staff_name(staff),
        "specialties": [(specialty_words(code), _fields(code, staff, tongue)) for code in staff.specialties],
        "spoken": [(one.code, one.label.text(tongue), one.code in staff.languages) for one in tongues],
        "wishes": wishes_of(staff),
        "halves": halves(),
    }
    return render(request, "coordinator/specialist.html", context)


def _fields(code: str, staff: Staff, tongue: str) -> list[tuple[str, str, bool]]:
    pack = pack_of(code)
    options = pack.subspecialties() if pack else ()
    return [(one.code, one.label.text(tongue), one.code in staff.subspecialties) for one in options]
