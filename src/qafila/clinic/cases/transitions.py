"""The whole life of a case on one page."""

from __future__ import annotations

from qafila.kernel.text import N_
from qafila.kernel.transitions import Transitions

UNIT, HUB = "unit", "hub"

DRAFT, SENT, RECEIVED, ASSIGNED, ACCEPTED = "draft", "sent", "received", "assigned", "accepted"
MORE_ASKED, ANSWERED, ON_UNIT, EXPLAINED, CLOSED = "more_asked", "answered", "on_unit", "explained", "closed"
DECLINED, CANCELLED, DIED = "declined", "cancelled", "died"

WAITING_FOR_SPECIALIST = frozenset({SENT, RECEIVED, ASSIGNED, ACCEPTED, DECLINED})
UNDER_WAY = WAITING_FOR_SPECIALIST | {MORE_ASKED}
WITH_ANSWER = frozenset({ANSWERED, ON_UNIT, EXPLAINED})
OPEN = UNDER_WAY | WITH_ANSWER | {DRAFT}
OVER = frozenset({CLOSED, CANCELLED, DIED})

CASE = Transitions.table(
    # act           from                               to          owner  needs
    ("send",        {DRAFT},                           SENT,       UNIT,  "case.send"),
    ("receive",     {SENT},                            RECEIVED,   HUB,   "node"),
    ("assign",      {RECEIVED, DECLINED},              ASSIGNED,   HUB,   "case.assign"),
    ("reroute",     {RECEIVED, DECLINED, ASSIGNED,
                     ACCEPTED, MORE_ASKED},            ASSIGNED,   HUB,   "case.reroute"),
    ("claim",       {RECEIVED, DECLINED},              ASSIGNED,   HUB,   "case.claim"),
    ("release",     {ASSIGNED, ACCEPTED},              RECEIVED,   HUB,   "node"),
    ("accept",      {ASSIGNED},                        ACCEPTED,   HUB,   "case.accept"),
    ("decline",     {ASSIGNED, ACCEPTED},              DECLINED,   HUB,   "case.decline"),
    ("ask",         {ACCEPTED},                        MORE_ASKED, HUB,   "case.ask"),
    ("supply",      {MORE_ASKED},                      ACCEPTED,   UNIT,  "message.write"),
    ("answer",      {ACCEPTED, MORE_ASKED},            ANSWERED,   HUB,   "case.answer"),
    ("correct",     {ANSWERED, ON_UNIT, EXPLAINED},    ANSWERED,   HUB,   "case.answer"),
    ("deliver",     {ANSWERED},                        ON_UNIT,    UNIT,  "node"),
    ("explain",     {ON_UNIT},                         EXPLAINED,  UNIT,  "case.explain"),
    ("tell",        {ANSWERED, ON_UNIT},               EXPLAINED,  HUB,   "case.tell"),
    ("close",       {EXPLAINED},                       CLOSED,     UNIT,  "case.close"),
    ("close_unreached", {ON_UNIT},                     CLOSED,     UNIT,  "case.close"),
    ("close_died",  OPEN,                              DIED,       UNIT,  "case.close"),
    ("cancel",      {DRAFT} | UNDER_WAY,               CANCELLED,  UNIT,  "case.cancel"),
    order=(DRAFT, SENT, RECEIVED, ASSIGNED, DECLINED, MORE_ASKED, ACCEPTED, CANCELLED, ANSWERED, ON_UNIT, EXPLAINED,
           CLOSED, DIED),
    # both happened before the nodes met
    crossing=(
        (CANCELLED, ANSWERED, ANSWERED,
         N_("The unit cancelled while the answer was written: tell both.")),
        (CANCELLED, MORE_ASKED, CANCELLED,
         N_("The unit cancelled while the specialist asked for more: tell the specialist.")),
        (CANCELLED, ACCEPTED, CANCELLED,
         N_("The unit cancelled while the specialist took the case: tell the specialist.")),
        (CANCELLED, ASSIGNED, CANCELLED,
         N_("The unit cancelled while the case was assigned: tell the specialist.")),
        (CLOSED, MORE_ASKED, CLOSED,
         N_("The unit closed while the specialist asked for more: tell the specialist.")),
        (CLOSED, ANSWERED, ANSWERED,
         N_("The unit closed while a corrected answer was written: the answer must be read.")),
        (EXPLAINED, ANSWERED, ANSWERED,
         N_("A corrected answer came after the first was explained: explain the new one.")),
        (ON_UNIT, ANSWERED, ANSWERED, N_("A corrected answer crossed the first one on its way.")),
        (ACCEPTED, ASSIGNED, ASSIGNED,
         N_("The unit gave what was asked for while the case went to another specialist: tell that one.")),
        (DIED, ASSIGNED, DIED,
         N_("The person died while the case was assigned: tell the specialist.")),
        (DIED, ACCEPTED, DIED,
         N_("The person died while the specialist took the case: tell the specialist.")),
        (DIED, DECLINED, DIED,
         N_("The person died while the specialist declined the case: tell the specialist.")),
        (DIED, MORE_ASKED, DIED,
         N_("The person died while the specialist asked for more: tell the specialist.")),
        (DIED, ANSWERED, DIED,
         N_("The person died while the answer was written: tell the specialist.")),
    ),
)  # fmt: skip
