"""Every kind of print, on every paper, in every language: it renders, on so many pages as it should, with its code."""

from __future__ import annotations

import io
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.papers import keys
from qafila.clinic.papers.verify import by_key_id, verify
from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.acts import Reading
from qafila.journal.here import Here
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.dates import PartialDate
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts
from qafila.web.prints import strip
from tests.web.test_signed_prints import scanned
from tests.web.vehicle import Vehicle, vehicle

KEPT = os.environ.get("QAFILA_PRINTS", "")
"""A folder in which the prints are kept, to be looked at."""
KINDS = ("prescription", "visit", "transfer", "answer", "card", "growth")
TONGUES = ("ar", "fr", "both")
POINTS = {"A5": (420, 595), "A4": (595, 842), "card": (243, 153)}


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


@pytest.fixture
def rows(van: Vehicle) -> dict[str, str]:
    """A person with a visit, a prescription, a case and its answer: kind → id."""
    doctor, nurse = van.crew["salma"], van.crew["rachid"]
    names = [NameParts("Latn", "Zineb", family="Alami"), NameParts("Arab", "زينب", family="العلمي")]
    birth = PartialDate(2024, 3, 12)
    person = people.register(van.crew["fatima"], van.unit, names=names, sex="female", birth=birth)
    visit = visits.open_visit(person, van.unit, van.crew["fatima"], "Toux depuis 3 jours")
    visits.record_vitals(
        visit,
        nurse,
        [
            Reading("weight", Decimal("12.5"), entered="12.5"),
            Reading("height", Decimal("88"), entered="88"),
            Reading("temperature", Decimal("38.4"), entered="38.4"),
            Reading("pulse", Decimal("128"), entered="128"),
        ],
    )
    visits.record_note(visit, "complaint", "سعال وحرارة 38.4 °C منذ 3 أيام", doctor)
    visits.record_note(visit, "plan", "Amoxicilline 50 mg/kg/j, revoir dans 48 h", doctor)
    items = [
        prescribing.Item("Amoxicilline 250 mg/5 mL suspension buvable", Decimal("6.25"), "mL", "oral", Decimal(2), 5),
        prescribing.Item(
            "Paracétamol 120 mg/5 mL sirop",
            Decimal(5),
            "mL",
            "oral",
            Decimal(4),
            3,
            instructions="Si température > 38.5 °C",
        ),
        prescribing.Item(
            "أملاح الإماهة الفموية", Decimal(1), "sachet", "oral", Decimal(3), 2, instructions="كيس في 1 L من الماء"
        ),
    ]
    row = prescribing.write_prescription(
        visit, doctor, items, override_reason="vu", advice="Faire boire souvent. الإكثار من السوائل"
    )
    prescribing.sign(row, doctor)
    with writing(doctor, "test.case") as write:
        case = write.save(
            Case(
                person_id=person.pk,
                visit_id=visit.pk,
                unit_id=van.unit.pk,
                doctor=doctor,
                specialty="paediatrics",
                status="answered",
                urgency="urgent",
                question="Pneumonie ? Faut-il transférer ? هل تحتاج إلى إحالة؟",
            )
        )
        answer = write.save(
            Answer(
                person_id=person.pk,
                case_id=case.pk,
                author=doctor,
                at=clock.now(),
                diagnosis="Pneumonie sans signe de gravité",
                certainty="provisional",
                plan="Amoxicilline 80 mg/kg/j en 2 prises, 5 jours.\nContrôle à 48 h.",
                proposal=[
                    {"words": "Amoxicilline 500 mg", "dose": "1", "dose_unit": "capsule", "per_day": "2", "days": "6"}
                ],
                red_flag_advice="الرجوع فورًا عند صعوبة التنفس أو رفض الرضاعة",
                follow_up=date(2026, 11, 23),
                pack_version="1",
            )
        )
    return {
        "prescription": str(row.pk), "visit": str(visit.pk), "transfer": str(case.pk), "answer": str(answer.pk),
        "card": str(person.pk), "growth": str(person.pk),
    }  # fmt: skip


PAPERS = [
    (kind, size)
    for kind in KINDS
    for size in (("card", "A5", "A4") if kind == "card" else ("A4",) if kind == "growth" else ("A5", "A4"))
]


@pytest.mark.parametrize(("kind", "size"), PAPERS)
def test_every_print_on_every_paper_in_every_language(
    van: Vehicle, rows: dict[str, str], kind: str, size: str, tmp_path: Path
) -> None:
    browser = van.at("salma")
    trusted = by_key_id(keys.known())
    for tongue in TONGUES:
        page = browser.get(f"/prints/{kind}/{rows[kind]}/", {"paper": size, "lang": tongue})
        assert page.status_code == 200 and page["Content-Type"] == "application/pdf", (kind, size, tongue)
        keep(page.content, f"{kind}-{size}-{tongue}.pdf")
        codes = [code for code in scanned(page.content, tmp_path, pages=2) if code.startswith("QAF1:")]
        assert len(codes) == 1 and verify(codes[0], trusted, clock.now()).genuine, (kind, size, tongue)
        told = subprocess.run(["pdfinfo", str(tmp_path / "x.pdf")], capture_output=True, text=True, check=True).stdout
        wide, tall = (round(float(x)) for x in re.search(r"Page size: +([0-9.]+) x ([0-9.]+)", told).groups())  # type: ignore[union-attr]
        assert {wide, tall} == set(POINTS[size])
        pages = int(re.search(r"Pages: +(\d+)", told)[1])  # type: ignore[index]
        most = 2 if size == "card" or tongue == "both" else 1
        assert kind == "growth" or pages <= most, (kind, size, tongue, pages)


@pytest.mark.parametrize("kind", ["prescription", "answer"])
def test_a_strip_for_a_thermal_printer(van: Vehicle, rows: dict[str, str], kind: str, tmp_path: Path) -> None:
    browser = van.at("salma")
    for tongue in TONGUES:
        page = browser.get(f"/prints/{kind}/{rows[kind]}/", {"paper": "strip", "lang": tongue})
        assert page["Content-Type"] == "image/png"
        keep(page.content, f"{kind}-strip-{tongue}.png")
        picture = Image.open(io.BytesIO(page.content))
        assert picture.mode == "1" and picture.width == strip.WIDE
        (tmp_path / "x.png").write_bytes(page.content)
        read = subprocess.run(
            ["zbarimg", "-q", "--raw", str(tmp_path / "x.png")], capture_output=True, text=True, check=True
        )
        assert verify(read.stdout, by_key_id(keys.known()), clock.now()).genuine
        raw = browser.get(f"/prints/{kind}/{rows[kind]}/", {"paper": "escpos", "lang": tongue}).content
        assert raw.startswith(b"\x1b@\x1dv0\0\x48\0") and raw.endswith(b"\x1dV\x42\0")
        rows_said = 0
        at = 2
        while raw[at : at + 3] == b"\x1dv0":
            tall = int.from_bytes(raw[at + 6 : at + 8], "little")
            rows_said, at = rows_said + tall, at + 8 + tall * strip.WIDE // 8
        assert raw[at:] == b"\x1bd\x04\x1dV\x42\0"
        assert abs(rows_said - picture.height) < 120, "the same but for the number of the copy"


def keep(data: bytes, name: str) -> None:
    if KEPT:
        Path(KEPT, name).write_bytes(data)


FORMS = ("form_rx", "form_transfer", "form_visit")


@pytest.mark.parametrize("kind", FORMS)
def test_every_form_takes_one_page_a_sheet(van: Vehicle, kind: str, tmp_path: Path) -> None:
    # Each language of each form once, on either paper by turns: a sheet of one is laid out as that of another.
    for number, tongue in enumerate(TONGUES, FORMS.index(kind)):
        size = ("A5", "A4")[number % 2]
        said = {"kind": kind, "count": "2", "paper": size, "lang": tongue}
        page = van.at("salma").post("/prints/forms/", said)
        keep(page.content, f"{kind}-{size}-{tongue}.pdf")
        codes = scanned(page.content, tmp_path, pages=2)
        found = [verify(code, by_key_id(keys.known()), clock.now() + timedelta(days=900)) for code in codes]
        assert len(found) == 2 and all(one.genuine for one in found), (kind, size, tongue)
        told = subprocess.run(["pdfinfo", str(tmp_path / "x.pdf")], capture_output=True, text=True, check=True).stdout
        assert "Pages:           2" in told, (kind, size, tongue)
