"""A small world for the authorisation matrix: four people in four circumstances, somebody of every role, and of each
kind of thing that an address can name one of each person's own."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from PIL import Image

from qafila.clinic.bedside.models import Arrived as Reading
from qafila.clinic.cases.duty_models import Opinion
from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.history.models import HistoryEntry
from qafila.clinic.imaging.models import ImagingInstance, Mark, TeachingCopy, TeachingSource
from qafila.clinic.lab.models import LabMessage
from qafila.clinic.papers.models import IssuedPaper
from qafila.clinic.prescribing.models import Prescription
from qafila.clinic.visits.models import Attachment, Consent, Note, Observation, Visit
from qafila.exchange.dicom.models import Arrived, Peer
from qafila.journal import blobs
from qafila.journal.here import here
from qafila.journal.models import Clash, Quarantine, Record
from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from qafila.packs import load
from qafila.registry.equipment.models import Instrument
from qafila.registry.people.models import PersonLink, PersonName
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.roster.models import Shift, Swap
from qafila.registry.stock.models import Lot, Shipment
from qafila.registry.units.models import Assignment, Round, Stop, Unit
from qafila.sync.models import Look
from tests.clinic.conftest import new_person

OWN, OTHER_PATIENT, OTHER_UNIT, CLOSED = "own", "other patient's", "other unit's", "closed case's"
CIRCUMSTANCES = (OWN, OTHER_PATIENT, OTHER_UNIT, CLOSED)
"""Own: of the person's unit, and of a case that is assigned to them. Other patient's: of the unit, of nobody's case.
Other unit's: of neither. Closed case's: as own, of a case that is over."""
NOBODY = "nobody"
ANSWER = {"diagnosis": "Benign", "certainty": "probable", "plan": "Reassure.", "place_of_care": "unit"}


@dataclass
class World:
    """`rows[circumstance][kind]` is what stands in an address; `staff[role]` who asks."""

    unit: Unit
    other: Unit
    staff: dict[str, Staff] = field(default_factory=dict)
    others: dict[str, Staff] = field(default_factory=dict)
    """Of the other unit, and in no case."""
    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)

    def ask(self, role: str, method: str, path: str, *, part: bool = False) -> HttpResponse:
        """Ask a page, or a part of one, as somebody of a role (`nobody` has not logged in); nothing of it stays."""
        client = self.clients.get(role)
        if client is None:
            client = self.clients[role] = Client(raise_request_exception=False)
            if role != NOBODY:
                who = self.others[role[6:]] if role.startswith("other ") else self.staff[role]
                client.force_login(who, backend=settings.AUTHENTICATION_BACKENDS[0])
        cookies = client.cookies.output()
        alias = here().database
        with transaction.atomic(using=alias):
            headers = {"HX-Request": "true"} if part else {}
            answer: HttpResponse = client.generic(method, path, headers=headers)
            transaction.set_rollback(True, using=alias)
        if client.cookies.output() != cookies:
            del self.clients[role]
        return answer


def make_world(node: str) -> World:
    """Fill an empty node that serves the first of two units."""
    today = local_day()
    with writing(None, "setup") as write:
        world = World(write.save(Unit(code="UM-8", name="Unit 1")), write.save(Unit(code="UM-9", name="Unit 2")))
        write.save(Assignment(unit=world.unit, node=node, starts=today - timedelta(days=1)))
        for code in load.roles():
            more = {"specialties": ["cardiology"]} if code == "specialist" else {}
            one = write.save(Staff(username=f"some-{code}", name=code, roles=[code], interface_language="en", **more))
            write.save(Assignment(unit=world.unit, staff=one, starts=today - timedelta(days=1)))
            world.staff[code] = one
            far = write.save(Staff(username=f"other-{code}", name=code, roles=[code], interface_language="en"))
            write.save(Assignment(unit=world.other, staff=far, starts=today - timedelta(days=1)))
            world.others[code] = far
        colleague = write.save(Staff(username="colleague", name="C", roles=["specialist"], specialties=["cardiology"]))
        writer = write.save(Staff(username="writer", name="W", roles=["doctor"]))
        for number, name in enumerate(CIRCUMSTANCES):
            unit = world.other if name == OTHER_UNIT else world.unit
            heart = world.staff["specialist"] if name in (OWN, CLOSED) else colleague
            state = "closed" if name == CLOSED else "accepted"
            world.rows[name] = _record(write, unit, writer, heart, state, number, today)
            world.rows[name] |= _keeping(write, unit, heart, colleague, number, today)
    for number, name in enumerate(CIRCUMSTANCES):
        world.rows[name] |= _waiting(world, world.rows[name], number)
    return world


def _record(write: Writer, unit: Any, doctor: Any, heart: Any, state: str, number: int, today: date) -> dict[str, str]:
    """One person's record."""
    person = write.save(new_person(today.replace(year=1980 + number, day=1)))
    # At home in the unit: somebody whom no unit knows is anybody's.
    twin = write.save(_at_home(new_person(today.replace(year=1980 + number, day=1)), unit))
    name = write.save(PersonName(person=person, script="Latn", given="Salma", family=f"Test{number}"))
    link = write.save(PersonLink(person=person, other=twin, relation="mother"))
    same = write.save(PersonLink(person=twin, other=write.save(_at_home(new_person(today), unit)), relation="same"))
    visit = write.save(Visit(person=person, unit=unit, day=today, ticket=number + 1, status="doctor", reason="pain"))
    of = {"person": person, "visit": visit, "author": doctor}
    case = write.save(
        Case(person=person, visit=visit, unit=unit, doctor=doctor, specialty="cardiology", specialist=heart,
             status=state, question="Is it safe?", sent_at=clock.now(), received_at=clock.now(),
             closed_at=clock.now() if state == "closed" else None)
    )  # fmt: skip
    answer = write.save(Answer(**of | {"author": heart}, case=case, **ANSWER))
    file = write.save(
        Attachment(**of, kind_of_file="photo", title="Arm", media="image/jpeg", size=10, **photograph(number))
    )
    uid = f"1.2.826.0.{number + 1}"
    instance = write.save(
        ImagingInstance(person=person, attachment=file, study_uid=uid, series_uid=f"{uid}.1", sop_uid=f"{uid}.1.1",
                        sop_class="1.2.840.10008.5.1.4.1.1.7", syntax="1.2.840.10008.1.2.1", size=10,
                        sha256=f"{number}a" * 32)
    )  # fmt: skip
    rows = {
        "person": person, "twin": twin, "name": name, "link": link, "same": same, "visit": visit, "case": case,
        "answer": answer, "file": file, "instance": instance,
        "reading": write.save(Observation(**of, code="pulse", number=70, unit="/min")),
        "note": write.save(Note(**of, kind_of_note="complaint", text="Pain")),
        "prescription": write.save(Prescription(**of, signed_at=clock.now())),
        "entry": write.save(HistoryEntry(**of, section="condition", words="Asthma", state="active")),
        "consent": write.save(Consent(**of, purpose="referral", decision="permit", method="spoken")),
        "mark": write.save(Mark(**of, attachment=file, shape="circle", x=1, y=1)),
        "opinion": write.save(Opinion(person=person, case=case, staff=heart, asker=doctor, question="And you?")),
        "paper": write.save(IssuedPaper(person=person, kind_of_paper="visit", subject=visit.pk, code=f"P{number}",
                                        node="H", day=today, hash="00" * 32)),
        "copy": write.save(TeachingCopy(kind_of_file="photo", media="image/jpeg", size=1, author=heart,
                                        sha256=f"{number}b" * 32)),
    }  # fmt: skip
    return {kind: str(row.pk) for kind, row in rows.items()} | {
        "study": uid, "series": f"{uid}.1", "object": f"{uid}.1.1"
    }  # fmt: skip


def _at_home(person: Any, unit: Any) -> Any:
    person.home_unit = unit
    return person


def photograph(number: int) -> dict[str, str]:
    """A file that is here."""
    held = BytesIO()
    Image.new("RGB", (32, 32), (number, 90, 90)).save(held, "JPEG")
    name = blobs.put(held.getvalue(), "image/jpeg").pk
    return {"sha256": name, "preview": name}


def _keeping(write: Writer, unit: Any, heart: Any, colleague: Any, number: int, today: date) -> dict[str, str]:
    """What belongs to a unit or to somebody's work, not to a patient."""
    tour = write.save(Round(unit=unit, name="Tour", starts=today, ends=today))
    medicine = {"medicine": "paracetamol", "form": "tablet", "strength": "500 mg", "number": f"L{number}",
                "expires": today + timedelta(days=99)}  # fmt: skip
    shift = write.save(Shift(staff=colleague, specialty="cardiology", day=today, half="am"))
    rows = {
        "unit": unit, "round": tour, "staff": heart,
        "stop": write.save(Stop(round=tour, unit=unit, place="05.081", day=today)),
        "lot": write.save(Lot(unit=unit, **medicine)),
        "shipment": write.save(Shipment(origin=unit, target=unit, quantity=1, by=heart, **medicine)),
        "instrument": write.save(Instrument(unit=unit, sort="oximeter", since=today)),
        "swap": write.save(Swap(shift=shift, giver=colleague, taker=heart)),
    }  # fmt: skip
    return {kind: str(row.pk) for kind, row in rows.items()}


def _waiting(world: World, of: dict[str, str], number: int) -> dict[str, str]:
    """What waits on the node for somebody's decision; its numbers count, so an address shows them enciphered."""
    TeachingSource.objects.create(copy=of["copy"], attachment=of["file"], person=of["person"])
    uid = f"1.2.826.1.{number + 1}"
    Arrived.objects.create(state="unmatched", size=1, sop_class="1", sop_uid=f"{uid}.1", study_uid=uid,
                           series_uid=f"{uid}.2", syntax="1")  # fmt: skip
    first = Record._base_manager.order_by("no").first()
    assert first is not None
    rows = {
        "look": Look.objects.create(actor=world.staff["assistant"].pk, name="Salma Test"),
        "arrived": Reading.objects.create(device="oximeter", address="A", values=[], at=clock.now()),
        "message": LabMessage.objects.create(sender="L", control=str(number), digest=f"{number}", raw=b"",
                                             person=of["person"], visit=of["visit"]),
        "clash": Clash.objects.create(kind="clinic.visit", subject=of["visit"], patient=of["person"], field="reason",
                                      sides='{"in_force": null, "sides": []}'),
        "quarantined": Quarantine.objects.create(node="U1", run=first.run, seq=900 + number, raw=b"", reason="odd"),
        "peer": Peer.objects.create(title=f"P{number}", name="Device"),
    }  # fmt: skip
    return {kind: str(row.pk) for kind, row in rows.items()} | {
        "waiting_study": uid, "absent": str(UUID(int=1)),
    }  # fmt: skip


# --- the table ----------------------------------------------------------------------------------


RULES: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "authorisation.toml").read_text())
NOT_PLACES = ("right", "also", "reach", "bears", "here", "drawn")


def named(resolver: URLResolver, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address of the pages by its name."""
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from named(one, f"{one.namespace}:" if one.namespace else space)
        else:
            yield f"{space}{one.name}", one


EVERY = list(named(get_resolver()))


def places(name: str) -> dict[str, str]:
    """What stands in the places of an address: a kind of row of the world, or after `=` the thing itself."""
    return {key: said for key, said in RULES[name].items() if key not in NOT_PLACES}


def path(name: str, rows: dict[str, str]) -> str:
    """The address with one person's rows in it."""
    return reverse(name, kwargs={key: said[1:] if said[0] == "=" else rows[said] for key, said in places(name).items()})


def circumstances(name: str) -> tuple[str, ...]:
    """In which circumstances an address is asked: one will do where it names nothing that belongs to anybody."""
    return CIRCUMSTANCES if places(name) and RULES[name].get("bears", True) else (OWN,)


def holds(name: str, role: str) -> bool:
    """Whether somebody of the role has anything to do with an address at all."""
    said = RULES[name]["right"]
    rights = {said} if isinstance(said, str) else set(said)
    if rights == {"public"} or role == NOBODY:
        return rights == {"public"}
    return rights == {"anyone"} or not rights.isdisjoint(load.roles()[role].rights)


def expected(name: str, role: str, circumstance: str) -> bool:
    """Whether somebody of the role gets in, by `authorisation.toml` and `roles.toml` alone."""
    said = RULES[name]["right"]
    rights = [said] if isinstance(said, str) else list(said)
    if not holds(name, role) or rights in (["public"], ["anyone"]):
        return holds(name, role)
    held = load.roles()[role].rights
    also = RULES[name].get("also")
    if also and not _reaches(held.get(also), circumstance, name):
        return False
    return any(_reaches(held.get(right), circumstance, name) for right in rights)


def _reaches(scope: str | None, circumstance: str, name: str) -> bool:
    if scope is None:
        return False
    narrow = RULES[name].get("reach")
    if narrow == "own_unit" and scope != narrow:
        return False
    if narrow == "case":
        scope = narrow
    if scope == "all" or len(circumstances(name)) == 1:
        return True
    return circumstance != OTHER_UNIT and (scope == "own_unit" or circumstance != OTHER_PATIENT)


def refused(answer: HttpResponse, *, gone: bool = True) -> bool:
    """Whether an answer is a refusal; with `gone` also that there is nothing of the kind."""
    if answer.status_code == 200 and getattr(answer, "content", b"") == b"[]":
        return True  # a search that finds nothing
    if answer.status_code == 415 and "json" in answer["Content-Type"]:
        return True  # what was sent is nothing to store
    at_the_door = answer.status_code == 302 and answer["Location"].startswith("/login/")
    return at_the_door or answer.status_code in ((401, 403, 404, 405) if gone else (401, 403, 405))


def wrong(world: World, name: str, role: str, circumstance: str) -> str:
    """What is wrong with the answers to somebody; empty: nothing."""
    gets_in, where = expected(name, role, circumstance), path(name, world.rows[circumstance])
    count = Record._base_manager.count
    answers = []
    for method in ("GET", "POST"):
        before = 0 if gets_in else count()
        answers.append(world.ask(role, method, where, part=not gets_in))
        if not gets_in and count() != before:
            return f"{name}: {role}, {circumstance}: refused, and written all the same"
    here = RULES[name].get("here", True)
    if RULES[name]["right"] == "public":
        shut = (403,) if here else ()
        return (
            ""
            if all(one.status_code < 500 and one.status_code not in shut for one in answers)
            else f"{name}: not public"
        )
    kept_out = all(refused(one, gone=here) for one in answers) if gets_in else all(refused(one) for one in answers)
    if any(one.status_code >= 500 for one in answers) or gets_in == kept_out:
        said = ", ".join(f"{one.status_code} {one.get('Location', '')[:24]}".strip() for one in answers)
        return f"{name}: {role}, {circumstance}: should {'get in' if gets_in else 'be refused'}, but {said}"
    return ""


def let_past(world: World, name: str, role: str) -> str:
    """What is wrong with a view that is asked by itself, as somebody who lacks its right; empty: it refused."""
    found = resolve(path(name, world.rows[OWN]))
    for method in ("GET", "POST"):
        request: Any = RequestFactory().generic(method, "/")
        request.staff = None if role == NOBODY else world.staff[role]
        try:
            answer = found.func(request, *found.args, **found.kwargs)
        except NotAllowed:
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is: the view went on without asking
            return f"{name}: {role}: the view went on, and failed with {type(error).__name__}"
        if not refused(answer):
            return f"{name}: {role}: the view answered {answer.status_code}"
    return ""
