"""Specialty packs on the hub: read side by side in the languages, approved by a named clinician."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.forms import approval
from qafila.clinic.forms.models import PackApproval
from qafila.clinic.refusal import Refusal
from qafila.packs import load
from qafila.packs.problem import Problem
from qafila.packs.shapes import PackError
from qafila.packs.specialty import Specialty
from qafila.packs.specialty_check import specialty_problems
from qafila.registry.staff.factors.queries import passkeys_of
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may
from qafila.web.access import needs
from qafila.web.account import passkey
from qafila.web.login import has_pin, shows_again
from qafila.web.once import once
from qafila.web.staff_names import staff_name
from qafila.web.templatetags.qafila import told


@dataclass(frozen=True)
class Row:
    """A pack in the list; `problem` where it cannot be used at all."""

    code: str
    pack: Specialty | None
    problem: str
    approval: PackApproval | None
    by: str


@require_GET
@needs("pack.read")
def list_page(request: Any) -> HttpResponse:
    """Every specialty with its version and who approved it."""
    return render(request, "packs/list.html", {"rows": [_row(code) for code in load.specialties()]})


def _row(code: str) -> Row:
    try:
        pack = load.load_specialty(code)
    except PackError as error:
        return Row(code, None, str(error), None, "")
    held = approval.approval_of(pack)
    return Row(code, pack, "", held, _who(held))


def _who(held: PackApproval | None) -> str:
    return staff_name(Staff.objects.filter(pk=held.by_id).first()) if held else ""


@require_GET
@needs("pack.read")
def pack(request: Any, code: str) -> HttpResponse:
    """One pack, every text in three languages beside each other, with its conditions and its red flags' examples."""
    return _page(request, _found(code))


def _found(code: str) -> Specialty:
    if code not in load.specialties():
        raise Http404
    try:
        return load.load_specialty(code)
    except PackError as error:
        raise Http404 from error


def _page(request: Any, held: Specialty, status: int = 200, **more: Any) -> HttpResponse:
    given = approval.approval_of(held)
    problems: list[Problem] = list(specialty_problems(held.code))
    earlier = PackApproval.objects.filter(code=held.code).order_by("-at", "-id")[:20]
    names = Staff.objects.in_bulk({one.by_id for one in earlier})
    signs = may(request.staff, "pack.approve") and request.profile is not None and request.profile.routes_cases
    context = {
        "pack": held,
        "digest": held.digest(),
        "approval": given,
        "by": _who(given),
        "problems": problems,
        "history": [(one, staff_name(names.get(one.by_id))) for one in earlier],
        "signs": signs,
        "by_pin": signs and has_pin(request.staff),
        "by_passkey": signs and bool(passkey.host_of(request)) and bool(passkeys_of(request.staff)),
        "types": _types(),
        **more,
    }
    return render(request, "packs/pack.html", context, status=status)


def _types() -> dict[str, str]:
    return {
        "boolean": gettext("yes or no"),
        "choice": gettext("choice"),
        "integer": gettext("whole number"),
        "decimal": gettext("number"),
        "quantity": gettext("number with a unit"),
        "date": gettext("date"),
        "text": gettext("text"),
    }


def again(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Say whether the form shows again who sends it (`request.proven`): by PIN, password or passkey."""

    # Not within the form's own transaction: a wrong PIN counts, whatever becomes of the form.
    @wraps(view)
    def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.POST.get("credential"):
            request.proven = passkey.shown(request, request.staff)
        else:
            request.proven = shows_again(request, request.staff, request.POST.get("secret", ""))
        return view(request, *args, **kwargs)

    return wrapped


@require_POST
@needs("pack.approve")
@again
@once
def approve(request: Any, code: str) -> HttpResponse:
    """Sign the content that was on the page; another content is refused."""
    return _signed(request, code, approval.approve, gettext("Approved. Every node learns of it."))


@require_POST
@needs("pack.approve")
@again
@once
def withdraw(request: Any, code: str) -> HttpResponse:
    """Take an approval back."""
    return _signed(request, code, approval.withdraw, gettext("Withdrawn: the pack is a draft again."))


def _signed(request: Any, code: str, act: Any, done: str) -> HttpResponse:
    held = _found(code)
    if request.profile is None or not request.profile.routes_cases:
        raise Http404
    if not request.proven:
        return _page(request, held, 422, unproven=_unproven(request), typed=request.POST)
    try:
        act(code, request.POST.get("digest", ""), request.staff, request.POST.get("note", ""))
    except Refusal as refused:
        return _page(request, held, 422, problem=told(refused.message), typed=request.POST)
    messages.success(request, done)
    return redirect("packs:pack", code)


def _unproven(request: Any) -> str:
    if request.POST.get("credential"):
        return gettext("The device showed no passkey. Try again.")
    return gettext("Not signed: this is neither your PIN of this shift nor your password.")
