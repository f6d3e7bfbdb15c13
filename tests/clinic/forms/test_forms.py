"""The packet as a form, the gate and the red flags."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.cases import acts as cases
from qafila.clinic.forms import gate, packet, redflags
from qafila.clinic.models import Case
from qafila.clinic.rules.words import Message
from qafila.clinic.visits import acts as visits
from qafila.packs import load
from qafila.packs.shapes import Label
from qafila.packs.specialty import Item
from qafila.registry.places.here import local_day
from tests.clinic.conftest import INTAKE, Crew, readings


def _names(case: Case, intake=None, language: str = "en") -> list[str]:
    return [f.name for section in packet.describe(case, language, intake) for f in section.fields]


def test_the_last_period_of_a_pregnancy_is_neither_to_come_nor_two_years_ago() -> None:
    words = Label(ar="x", fr="x", en="x")
    item = Item(link_id="lmp", type="date", label=words)
    today = local_day()

    def read(days: int) -> object:
        return packet.read_item(item, [(today - timedelta(days=days)).isoformat()])

    assert read(60) == (today - timedelta(days=60)).isoformat()
    assert "in the future" in str(read(-2))
    assert "No pregnancy lasts 104 weeks" in str(read(730))
    assert "is not a date" in str(packet.read_item(item, ["2025-13-01"]))
    other = Item(link_id="onset", type="date", label=words)
    assert packet.read_item(other, ["2020-01-01"]) == "2020-01-01"


def test_questions_appear_with_the_answers_they_depend_on(crew: Crew) -> None:
    case = cases.draft_case(crew.visit(), "cardiology", crew.doctor)
    assert "pain" in _names(case) and "pain_type" not in _names(case)
    assert "pain_type" in _names(case, {"pain": True})
    arabic = {f.name: f.label for s in packet.describe(case, "ar") for f in s.fields}
    assert arabic["pain"] == "ألم في الصدر؟"


def test_what_is_typed_in_three_scripts_is_read(crew: Crew) -> None:
    case = cases.draft_case(crew.visit(), "cardiology", crew.doctor)
    typed = {
        "duration_days": ["٧"],
        "course": ["worse"],
        "pain": ["true"],
        "pain_now": ["false"],
        "pain_type": ["tight"],
        "pain_minutes": ["۲۰"],
        "pain_radiates": ["left_arm", "jaw"],
        "past_history": ["  none\u202e  "],
    }
    found = packet.read(case, typed)
    assert found.good and found.intake["duration_days"] == 7 and found.intake["pain_minutes"] == 20
    assert found.intake["pain_radiates"] == ["left_arm", "jaw"] and found.intake["past_history"] == "none"


def test_errors_stand_at_their_question(crew: Crew) -> None:
    case = cases.draft_case(crew.visit(), "cardiology", crew.doctor)
    found = packet.read(
        case,
        {
            "duration_days": ["two weeks"],
            "course": ["sideways"],
            "pain": ["perhaps"],
            "stroke_signs": ["none", "arm"],
            "hospital_minutes": ["1,234"],
            "past_history": ["x" * 3000],
        },
    )
    assert set(found.errors) == {
        "duration_days", "course", "pain", "stroke_signs", "hospital_minutes", "past_history"
    }  # fmt: skip
    assert all(str(message) for message in found.errors.values())
    unusual = packet.read(case, {"duration_days": ["9000"]})
    assert not unusual.good and list(unusual.confirm) == ["duration_days"]
    assert packet.read(case, {"duration_days": ["9000"], "confirm.duration_days": ["on"]}).good


def test_answers_that_no_longer_apply_are_dropped(crew: Crew) -> None:
    case = cases.draft_case(crew.visit(), "cardiology", crew.doctor)
    found = packet.read(case, {"pain": ["false"], "pain_type": ["tight"], "pain_minutes": ["not a number"]})
    assert found.intake == {"pain": False} and found.errors == {}


@given(st.data())
def test_no_text_breaks_any_question(data: st.DataObject) -> None:
    pack = load.load_specialty("cardiology")
    item = data.draw(st.sampled_from([*pack.items(), *pack.answer]))
    texts = data.draw(
        st.lists(st.text(max_size=80) | st.sampled_from(["1e9", "٣٫٥", "none", "2026-02-30"]), max_size=3)
    )
    value = packet.read_item(item, texts)
    if isinstance(value, Message):
        assert str(value)


def test_the_gate_is_open_only_when_nothing_lacks(crew: Crew) -> None:
    case = crew.filled()
    assert gate.missing(case) == []
    for name in ("course", "pain", "known_heart"):
        partial = {k: v for k, v in INTAKE.items() if k != name}
        cases.save_packet(case, partial, case.question, "routine", crew.doctor)
        lacks = gate.missing(Case.objects.get(pk=case.pk))
        assert [lack.jump for lack in lacks] == [f"intake.{name}"]
        assert lacks[0].label.text("fr")


def test_the_gate_asks_for_an_ecg_where_the_pulse_says_so(crew: Crew) -> None:
    case = crew.filled()
    visits.record_vitals(visits.Visit.objects.get(), crew.nurse, readings(pulse=130))
    assert "ecg_attached" in {lack.code for lack in gate.missing(case)}
    assert "ecg12" in {view.code for view, _ in packet.views(case, "en")}


def test_red_flags_fire_with_act_now_text_from_unsaved_answers_too(crew: Crew) -> None:
    case = crew.filled()
    assert redflags.fired(case) == [] and redflags.asks_for(case) == ""
    flags = redflags.fired(case, {**INTAKE, "ecg_reading": ["st_elevation"]})
    assert [f.code for f in flags] == ["st_elevation"] and flags[0].act_now.text("ar")
    visits.record_vitals(visits.Visit.objects.get(), crew.nurse, readings(consciousness="U"))
    assert "unresponsive" in [f.code for f in redflags.fired(case)] and redflags.asks_for(case) == "emergency"
