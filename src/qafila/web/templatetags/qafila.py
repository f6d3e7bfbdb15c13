"""Filters and tags of every template."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils import formats, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qafila.clinic.forms import approval
from qafila.kernel import clock
from qafila.kernel.text import N_
from qafila.packs.specialty import Specialty
from qafila.packs.strengths import isolated
from qafila.registry.staff.models import Staff
from qafila.web.records.attachments import kind_words
from qafila.web.staff_names import staff_name

register = template.Library()
NBSP = "\u00a0"


@register.filter
def quantity(value: Any, unit: str = "") -> SafeString:
    """A number with its unit, never turned round in Arabic text: left to right, unbreakable, Latin digits."""
    if value is None or value == "":
        return format_html('<span class="none">{}</span>', "—")
    if isinstance(value, (Decimal, float)):
        value = format(Decimal(str(value)).normalize(), "f")
    return format_html('<bdi dir="ltr" class="quantity">{}{}{}</bdi>', value, NBSP if unit else "", unit)


@register.filter
def medicine(words: str) -> str:
    """Name, strength and form of a medicine as they stand in the record: the strength stays left to right."""
    return isolated(words)


@register.filter
def called(staff: Staff | None) -> str:
    """A member of staff in the script of the page."""
    return staff_name(staff)


@register.filter
def file_kind(kind: str) -> str:
    """What kind of file it is, in a word."""
    return kind_words(kind)


@register.filter
def ltr(value: Any) -> SafeString:
    """A code, a phone number, a name in Latin script: kept left to right within any text."""
    return format_html('<bdi dir="ltr">{}</bdi>', value)


@register.filter
def ago(moment: datetime | None) -> str:
    """How long ago, in words: `12 min`, `3 h`, `2 days`."""
    return "" if moment is None else span(int((clock.now() - moment).total_seconds()))


@register.filter
def until(moment: datetime | None) -> str:
    """How long until then, in words."""
    return "" if moment is None else span(int((moment - clock.now()).total_seconds()))


def span(seconds: int) -> str:
    """A length of time in its largest useful unit."""
    seconds = abs(seconds)
    if seconds < 60:
        return _("under a minute")
    if seconds < 5400:
        return ngettext("%(n)d min", "%(n)d min", seconds // 60) % {"n": seconds // 60}
    if seconds < 129_600:
        return ngettext("%(n)d h", "%(n)d h", round(seconds / 3600)) % {"n": round(seconds / 3600)}
    days = round(seconds / 86400)
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


@register.filter(name="bytes")
def size(count: float | None, per: str = "") -> SafeString:
    """A number of bytes as people compare them with what a SIM card holds: B, kB, MB, GB of a thousand each."""
    value = float(count or 0)
    unit = "B"
    for larger in ("kB", "MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return quantity(round(value) if value >= 100 or unit == "B" else round(value, 1), unit + per)


@register.filter
def lasting(seconds: float) -> str:
    """How long something takes: seconds, minutes, hours, days."""
    if seconds < 60:
        n = max(1, round(seconds))
        return ngettext("%(n)d s", "%(n)d s", n) % {"n": n}
    return span(round(seconds))


def _local(moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(settings.TIME_ZONE))


@register.filter(name="clock")
def clock_time(moment: datetime | None) -> SafeString | str:
    """Hours and minutes in the node's time zone."""
    if moment is None:
        return ""
    return format_html('<time datetime="{}" dir="ltr">{}</time>', moment.isoformat(), f"{_local(moment):%H:%M}")


@register.filter
def day(value: date | datetime | None) -> str:
    """A day, written as the language writes it."""
    if value is None:
        return ""
    plain = _local(value).date() if isinstance(value, datetime) else value
    return formats.date_format(plain, "DATE_FORMAT", use_l10n=True)


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """Day and time."""
    return "" if value is None else format_html("{} {}", day(value), clock_time(value))


@register.filter
def dot(value: float) -> str:
    """A number as drawings write it, whatever the language: a point, no groups, two places."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


@register.filter
def label(shape: Any) -> str:
    """A pack's label in the page's language."""
    return "" if shape is None else str(shape.text(translation.get_language() or "en"))


@register.filter
def is_draft(pack: Specialty | None) -> bool:
    """Whether nobody has approved what a specialty pack says; False where there is no pack to speak of."""
    return pack is not None and approval.is_draft(pack)


@register.filter
def told(message: Any) -> str:
    """A message of a rule or an act (`text` and `params`) in the page's language."""
    if message is None:
        return ""
    text = getattr(message, "text", None) or getattr(message, "message", None)
    params = getattr(message, "params", None) or getattr(message, "values", None) or {}
    return str(message) if text is None else _(text) % params if params else _(text)


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """An entry of a dict."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.simple_tag
def piece(template: str, **shown: Any) -> SafeString:
    """A piece of a page that many pages have alike (`alike.kept`): it is given `shown` alone."""
    from qafila.web.alike import kept

    return kept(template, **{name: tuple(some) if isinstance(some, list) else some for name, some in shown.items()})


@register.simple_tag
def case_line(line: Any) -> SafeString:
    """A case's place in a list."""
    from qafila.web.alike import kept
    from qafila.web.specialist.words import shown

    return kept("specialist/line.html", case=shown(line))


@register.simple_tag
@lru_cache(maxsize=1024)
def icon(name: str, words: str = "") -> SafeString:
    """An icon of the sprite: decoration, or with `words` a picture that is read out."""
    sprite = static("vendor/bootstrap-icons/bootstrap-icons.svg")
    if words:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"/></svg>', words, sprite, name
        )
    return format_html('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>', sprite, name)


@register.simple_tag(takes_context=True)
def once(context: Any) -> SafeString:
    """The hidden token by which a form counts once."""
    token = context.get("once_token", "") + secrets.token_urlsafe(16)
    return format_html('<input type="hidden" name="once" value="{}">', token)


@register.inclusion_tag("parts/bars.html")
def bars(link: Any) -> dict[str, Any]:
    """The link as signal bars with its words."""
    return {"link": link, "levels": [1, 2, 3, 4]}


@register.inclusion_tag("parts/triage.html")
def triage(level: str, reason: str = "") -> dict[str, Any]:
    """A triage level: colour, sign and word."""
    words = {
        "red": _("Now"),
        "orange": _("Very urgent"),
        "yellow": _("Urgent"),
        "green": _("Can wait"),
    }
    return {"level": level, "words": words.get(level, _("Not assessed")), "reason": reason}


@register.inclusion_tag("parts/not_checked.html")
def not_checked(prescription: Any) -> dict[str, Any]:
    """What could not be checked when a prescription was written."""
    # the page's language is known when the tag is used, and the lists of medicines are read then
    from qafila.web.doctor.prescribe import unchecked_words

    return {"words": unchecked_words(prescription)}


@register.inclusion_tag("parts/urgency.html")
def urgency(code: str) -> dict[str, Any]:
    """How urgent a case is: colour, sign and word."""
    words = {"emergency": _("Emergency"), "urgent": _("Urgent"), "routine": _("Routine")}
    return {"code": code, "words": words.get(code, code)}


ACTS = {
    "draft": N_("Case begun"),
    "send": N_("Sent"),
    "receive": N_("Received by the hub"),
    "assign": N_("Given to a specialist"),
    "nobody_on_duty": N_("Nobody is on duty"),
    "reroute": N_("Given to another specialist"),
    "accept": N_("The specialist took the case"),
    "decline": N_("Declined"),
    "ask": N_("More is asked for"),
    "supply": N_("What was asked for was given"),
    "answer": N_("Answered"),
    "correct": N_("Answer corrected"),
    "confirm": N_("Answer confirmed again"),
    "deliver": N_("The answer is on the unit"),
    "read": N_("Answer read on the unit"),
    "explain": N_("Explained to the person"),
    "close": N_("Closed"),
    "close_unreached": N_("Closed, the person could not be reached"),
    "close_died": N_("Closed: the person died"),
    "died": N_("Closed: the person died"),
    "cancel": N_("Cancelled"),
    "corrected": N_("Something in the record was corrected"),
    "overdue": N_("The promised time has passed"),
    "contact": N_("Attempt to reach the person"),
    "unread": N_("Not opened on the unit in time"),
    "reminder": N_("Reminder: it stays open"),
    "came_after": N_("A file came after the answer"),
    "consent_back": N_("The person takes the consent back: no specialist is given it"),
    "kept_home": N_("Kept in the country: whoever is on duty works abroad"),
    "waiting": N_("In line: all specialists on duty have cases in hand"),
    "wish_unmet": N_("The wish for a woman or a man could not be met"),
    "claim": N_("Given to a specialist"),
    "release": N_("In line again"),
    "remind": N_("The specialist was reminded"),
    "pass_on": N_("Given to another specialist"),
    "escalate": N_("The coordinator was told: the time runs out"),
    "hand_over": N_("Given to another specialist"),
    "stand_in": N_("Another unit stands in"),
    "tell": N_("The hub told the person itself"),
    "opinion_asked": N_("A second specialist is asked"),
    "opinion": N_("A second specialist has answered"),
    "person_died": N_("The person died: review the case"),
    "alarm_call": N_("Call recorded"),
    "alarm_transfer": N_("Transfer recorded"),
    "alarm_not_received": N_("Do not wait: the hub has not received it"),
    "alarm_nobody_on_duty": N_("Do not wait: nobody is on duty"),
    "alarm_late": N_("Do not wait: no answer in time"),
    "message": N_("Message"),
    "notice": N_("Notice"),
}


@register.filter
def act_words(act: str) -> str:
    """A line of a case's timeline in words."""
    return _(ACTS.get(act, act))


@register.inclusion_tag("parts/measured.html", takes_context=True)
def measured(context: Any, row: Any) -> dict[str, Any]:
    """What measured a reading, and whether it was in calibration on that day: nothing for one that somebody took.

    Computed from the dates of the inventory each time; once a page for each instrument and day.
    """
    from qafila.registry.equipment.queries import trust_on
    from qafila.registry.places.here import local_day
    from qafila.web.equipment.words import trust_words
    from qafila.web.nurse.results import by_what

    doubt = ""
    if row.instrument_id is not None:
        seen = context.render_context.setdefault("instruments", {})
        key = row.instrument_id, local_day(row.at)
        if key not in seen:
            found = trust_on(*key)
            seen[key] = trust_words(*found) if found else ""
        doubt = seen[key]
    sign = {"device": "broadcast", "import": "box-arrow-in-down"}.get(row.source, "clipboard2-check")
    return {"device": by_what(row), "serial": row.serial, "sign": sign, "doubt": doubt}


@register.simple_tag
def results_of(visit: Any, person: Any) -> Any:
    """The results of a person's visit that are none of its vital signs."""
    from qafila.web.nurse.results import of_visit

    return of_visit(visit, person)


@register.simple_tag
def breath_of(file: Any) -> Any:
    """What a page shows of a session of spirometry among other files; None for one that cannot be read here."""
    from django.http import Http404

    from qafila.web.records.spirometry import shown

    try:
        return shown(file)
    except Http404:
        return None
