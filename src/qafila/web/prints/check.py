"""The public page that says whether a print is genuine, and the list of keys for those who check without a network.

It needs no log-in and tells no name, number, diagnosis or medicine: what stands on the paper is compared with what
somebody types, never shown.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from qafila.clinic.papers import content, hcert, keys, queries
from qafila.clinic.papers.models import Kind
from qafila.clinic.papers.queries import Standing, State
from qafila.clinic.papers.verify import Outcome, Verdict, verify
from qafila.journal import wall
from qafila.kernel import clock
from qafila.kernel.ids import short_code
from qafila.web.access import public
from qafila.web.models import Failure

MOST = 30
"""Questions of one address…"""
SPAN = timedelta(minutes=1)
"""…in so long."""
LONGEST = 2000
EXAMPLE = "7K2M-9QXW-A\nParacétamol 500 mg; 1; 3; 5"
OUTCOMES: dict[Outcome, str | Promise] = {
    Outcome.GENUINE: _("Genuine: this document was issued so."),
    Outcome.ALTERED: _("Refused: altered, or not signed by the node that it names."),
    Outcome.UNKNOWN_KEY: _("Refused: signed with a key that nobody here knows."),
    Outcome.REVOKED: _("Not to be believed by itself: the key was taken back on %(day)s."),
    Outcome.KEY_NOT_IN_USE: _("Refused: dated when the node did not sign with this key."),
    Outcome.EXPIRED: _("Genuine, but expired on %(day)s."),
    Outcome.NOT_OURS: _("This is not the code of a document of this program."),
    Outcome.UNREADABLE: _("The code is not whole. Scan or type it again."),
}
STATES: dict[State, str | Promise] = {
    State.ISSUED: _("Issued, neither cancelled nor dispensed as far as this node knows."),
    State.REPLACED: _("A later one was printed. Ask for it."),
    State.CANCELLED: _("Cancelled: it no longer holds."),
    State.USED: _("Dispensed or used already."),
    State.BLANK: _("A form printed in advance; what was written on it has not been entered yet."),
    State.UNKNOWN: _("Status unknown: it has not reached this node (yet)."),
}
MISTYPED = _("This number was typed wrong: the last character checks the others.")
GOOD = {Outcome.GENUINE}
FINE = {State.ISSUED, State.BLANK}


@dataclass(frozen=True)
class Found:
    """What the page says of one paper."""

    good: bool
    words: str
    kind: str = ""
    day: Any = None
    node: str = ""
    number: str = ""
    state: str = ""
    fine: bool = False
    since: datetime | None = None
    copies: int = 0
    used_too: bool = False


@require_http_methods(["GET", "POST"])
@public
def page(request: Any) -> HttpResponse:
    """Paste or scan the code, or type the number under it; the answer stands on the same page."""
    context: dict[str, Any] = {"code": "", "longest": LONGEST, "example": EXAMPLE}
    if request.method == "GET":
        return render(request, "prints/check.html", context)
    if too_often(request.META.get("REMOTE_ADDR", "")):
        return render(request, "prints/check.html", context | {"wait": True}, status=429)
    with wall.beyond("whoever holds a paper may check it, and hears only whether it stands"):
        return _checked(request, context)


def _checked(request: Any, context: dict[str, Any]) -> HttpResponse:
    code = request.POST.get("code", "")[:LONGEST]
    control, facts = request.POST.get("control", "").strip()[:40], request.POST.get("facts", "")[:LONGEST]
    context |= {"code": code, "control": control, "facts": facts}
    if code.strip().startswith(hcert.PREFIX):
        verdict = verify(code, keys.trusted(), clock.now())
        context["found"] = [_of_code(verdict)]
        claims = verdict.claims
        context["comparable"] = verdict.genuine
        if verdict.genuine and claims is not None and facts.strip():
            typed = content.facts_of(facts)
            context["agrees"] = content.same(claims.digest, claims.kind, typed, claims.id, control)
            context["compared"] = True
    else:
        context |= _of_number(code, control, facts)
    return render(request, "prints/check.html", context)


def _of_code(verdict: Verdict) -> Found:
    claims = verdict.claims
    if claims is None:
        return Found(False, str(OUTCOMES[verdict.outcome]))
    day = ""
    if verdict.outcome is Outcome.REVOKED and verdict.key is not None and verdict.key.revoked is not None:
        day = verdict.key.revoked.date().isoformat()
    elif verdict.outcome is Outcome.EXPIRED and claims.expires is not None:
        day = datetime.fromtimestamp(claims.expires, UTC).date().isoformat()
    words = str(OUTCOMES[verdict.outcome])
    told = words % {"day": day} if day else words
    if verdict.outcome in (Outcome.ALTERED, Outcome.UNKNOWN_KEY):
        return Found(False, told)
    standing = queries.by_id(claims.id)
    if standing.paper is not None and not claims.number and standing.paper.hash != claims.digest.hex():
        standing = Standing(State.UNKNOWN)
    if standing.state is State.UNKNOWN and claims.number:
        standing = next(iter(queries.by_code(claims.number)), standing)
    return Found(
        verdict.outcome in GOOD,
        told,
        kind_words(claims.kind),
        claims.day,
        claims.node,
        claims.number or short_code(claims.id),
        **_state(standing),
    )


def _of_number(code: str, control: str, facts: str) -> dict[str, Any]:
    """What the register says of a number that was typed or read out on the telephone."""
    found = queries.by_code(code)
    if not found:
        return {"found": [Found(False, str(MISTYPED))] if code.strip() else []}
    shown = []
    for one in found:
        paper = one.paper
        kind, day, node = (paper.kind_of_paper, paper.day, paper.node) if paper else ("", None, "")
        number = paper.code if paper else ""
        shown.append(
            Found(
                one.state in FINE,
                str(STATES[one.state]),
                kind_words(kind),
                day,
                node,
                number,
                **_state(one) | {"state": ""},
            )
        )
    said: dict[str, Any] = {"found": shown, "comparable": any(one.paper for one in found)}
    if facts.strip() and said["comparable"]:
        typed = content.facts_of(facts)
        said["compared"] = True
        said["agrees"] = any(
            content.same(bytes.fromhex(p.hash), p.kind_of_paper, typed, p.pk, control) for s in found if (p := s.paper)
        )
    return said


def _state(one: Standing) -> dict[str, Any]:
    return {
        "state": str(STATES[one.state]),
        "fine": one.state in FINE,
        "since": one.since if one.state in (State.CANCELLED, State.USED, State.REPLACED) else None,
        "copies": one.copies,
        "used_too": one.used_too,
    }


def kind_words(kind: str) -> str:
    """What a paper is, in the reader's language."""
    return str(Kind(kind).label) if kind in Kind.values else kind


def too_often(address: str) -> bool:
    """Whether this address has asked more than it may just now; counts this question."""
    now = clock.now()
    key = hashlib.sha256(f"check of prints\x1f{address}".encode()).hexdigest()
    row, made = Failure.objects.get_or_create(pk=key, defaults={"count": 0, "until": now + SPAN})
    if not made and (row.until is None or row.until < now or row.until > now + SPAN):
        Failure.objects.filter(pk=key).update(count=1, until=now + SPAN)
        return False
    if row.count < MOST:
        Failure.objects.filter(pk=key).update(count=F("count") + 1)
    return row.count >= MOST


@require_GET
@public
def key_list(request: Any) -> HttpResponse:
    """The signed list of keys; 404 on a node that enrols nobody."""
    profile = request.profile
    if profile is None or not profile.issues_certificates:
        raise Http404
    response = HttpResponse(keys.published(), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="trust.json"'
    return response
