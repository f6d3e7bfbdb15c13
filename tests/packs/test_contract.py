"""The contract that every shipped pack keeps, file by file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from qafila.clinic.rules.observations import KINDS
from qafila.packs import load, places
from qafila.packs.check import check
from qafila.packs.ecg_layout import layouts
from qafila.packs.expressions import OBSERVATIONS, Context, response_of, truth
from qafila.packs.intake import asked, missing, red_flags, views_wanted
from qafila.packs.questionnaire import questionnaire
from qafila.packs.shapes import LANGUAGES
from qafila.packs.specialty_check import example_context, specialty_problems

TOML = sorted(load.SHIPPED.rglob("*.toml"))


def labels(held: object, where: str = "$") -> list[tuple[str, dict[str, str]]]:
    """Every table that looks like a label, with its place."""
    if isinstance(held, list):
        return [one for n, below in enumerate(held) for one in labels(below, f"{where}[{n}]")]
    if not isinstance(held, dict):
        return []
    if ({"ar", "fr"} <= held.keys() and "code" not in held) or "en" in held:
        return [(where, held)]
    return [one for key, below in held.items() for one in labels(below, f"{where}.{key}")]


@pytest.mark.parametrize("path", TOML, ids=lambda path: str(path.relative_to(load.SHIPPED)))
def test_every_label_stands_in_every_language(path: Path) -> None:
    for where, label in labels(tomllib.loads(path.read_text(encoding="utf-8"))):
        assert set(label) == set(LANGUAGES), where
        assert all(text.strip() == text and text for text in label.values()), where
        arabic = any("\u0621" <= letter <= "\u064a" for letter in label["ar"])
        # Signs (the ++ of a strip) and Rh are the same in every language.
        assert arabic or label["ar"] == "Rh" or not any(c.isalnum() for c in label["ar"]), where


def test_nothing_is_wrong_in_the_shipped_packs() -> None:
    assert [str(problem) for problem in check()] == []


def test_every_shipped_file_is_read_by_a_loader() -> None:
    known = {f"profiles/{name}.toml" for name in load.profiles()}
    known |= {f"specialties/{code}.toml" for code in load.specialties()}
    of_country = ("country", "places", "facilities", "units", "people", "cast", "formulary", "savings", "retention",
                  "privacy")  # fmt: skip
    known |= {f"countries/{name}/{file}.toml" for name in load.countries() for file in of_country}
    known |= {"roles.toml", "access.toml", "core.toml", "encounter.toml", "matching.toml", "loop.toml", "body.toml"}
    known |= {"analytes.toml", "strips.toml", "equipment.toml"}
    known |= {f"ecg_layouts/{layout.code}.toml" for layout in layouts()}
    known |= {"codes/icd10_labels.toml", "codes/subset.toml", "formulary/essential.toml"}
    known |= {
        "formulary/cross_allergies.toml",
        "formulary/thesaurus.toml",
        *(f"interactions/{name}.toml" for name in load.interactions()),
    }
    assert {str(path.relative_to(load.SHIPPED)) for path in TOML} <= known


@pytest.mark.parametrize("code", load.specialties())
def test_specialty(code: str) -> None:
    pack = load.load_specialty(code)
    assert list(specialty_problems(code)) == []
    assert [level.code for level in pack.urgency][:3] == ["emergency", "urgent", "routine"]
    for flag in pack.red_flag:
        for example in flag.example:
            assert truth(flag.fires_when, example_context(example)) is example.fires, flag.code
    made = questionnaire(pack)
    ids = [item["linkId"] for group in made["item"] for item in group["item"]]
    assert ids == [item.link_id for item in pack.items()]


def test_deadlines_are_those_of_the_plan() -> None:
    pack = load.load_specialty("cardiology")
    assert [pack.deadline_minutes(code) for code in ("emergency", "urgent", "routine")] == [
        15,
        240,
        1440,
    ]


@pytest.mark.parametrize("code", load.countries())
def test_country_holds_enough_for_the_demonstration(code: str) -> None:
    names = load.people(code)
    assert min(len(names.female), len(names.male)) >= 60 and len(names.family) >= 80
    assert 20 <= len(load.facilities(code).facility) <= 30
    assert len(load.units(code).unit) == 2
    assert load.facilities(code).source == "demonstration data"
    members = load.cast(code).member
    for unit in load.units(code).unit:
        assert {m.role for m in members if m.unit == unit.code} == {"assistant", "nurse", "doctor"}
    held = sorted(m.specialty for m in members if m.specialty)
    assert held == sorted([*load.specialties(), "cardiology"]), "one of each, and two of the first"
    assert {"coordinator", "admin", "approver", "supervisor"} <= {m.role for m in members}
    assert len(places.places(code)) > 300


def test_places_are_joined_from_the_smallest_to_the_largest() -> None:
    for code in load.countries():
        for unit in load.units(code).unit:
            stop = unit.round[0].stop[0]
            chain = places.above(code, stop.place)
            assert chain[0].code == stop.place and chain[-1].parent == ""
            assert chain[0] in places.children(code, chain[0].parent)
    assert places.above("morocco", "nowhere") == ()


def cardiology_context(**changed: object) -> Context:
    """A complete cardiology case; `changed` replaces whole parts of it."""
    answers = {
        "duration_days": 2, "course": "stable", "allergy": "none", "pain": False,
        "dyspnoea_class": "nyha1", "syncope": False, "palpitations": "none",
        "stroke_signs": "none", "risk_factors": ["hypertension", "diabetes"],
        "known_heart": "none", "rheumatic_fever": "no",
    }  # fmt: skip
    parts: dict[str, dict[str, object]] = {
        "answers": answers,
        "obs": {"systolic": 150, "diastolic": 95, "pulse": 76, "spo2": 97},
        "patient": {"age_years": 61, "sex": "male"},
        "case": {"question": "Which drug to add?", "consent": True, "urgency": "routine",
                 "complaint": "headache", "diagnosis": "I10"},
    }  # fmt: skip
    for part, values in changed.items():
        parts[part] = {**parts[part], **values}  # type: ignore[dict-item]
    return Context(response_of(parts["answers"]), parts["obs"], parts["patient"], parts["case"])


def test_a_complete_case_may_go() -> None:
    assert missing(load.load_specialty("cardiology"), cardiology_context()) == []


def test_an_empty_case_is_told_everything_it_lacks() -> None:
    pack = load.load_specialty("cardiology")
    lacking = {entry.code for entry in missing(pack, Context())}
    assert {
        "question",
        "consent",
        "complaint",
        "blood_pressure",
        "pulse",
        "spo2",
        "allergy",
    } <= lacking
    assert {"pain", "syncope", "duration_days"} <= lacking and "pain_type" not in lacking


def test_an_emergency_is_asked_only_for_what_it_cannot_go_without() -> None:
    pack = load.load_specialty("cardiology")
    lacking = {entry.code for entry in missing(pack, Context(), emergency=True)}
    assert lacking == {"question", "consent", "urgency", "complaint"}


def test_chest_pain_asks_more_and_wants_an_ecg() -> None:
    pack = load.load_specialty("cardiology")
    calm, pain = cardiology_context(), cardiology_context(answers={"pain": True})
    shown = {item.link_id for _, items in asked(pack, pain) for item in items}
    assert "pain_type" in shown and not any("pain_type" == i.link_id for _, g in asked(pack, calm) for i in g)
    assert "ecg12" in {view.code for view in views_wanted(pack, pain)}
    assert "ecg12" not in {view.code for view in views_wanted(pack, calm)}
    lacking = {entry.code for entry in missing(pack, pain)}
    assert {"ecg_attached", "pain_type", "pain_now", "pain_minutes"} <= lacking
    with_ecg = cardiology_context(answers={"pain": True}, case={"attachments": ["ecg12"]})
    assert "ecg_attached" not in {entry.code for entry in missing(pack, with_ecg)}


def test_a_flag_without_its_inputs_is_neither_up_nor_down() -> None:
    flags = red_flags(load.load_specialty("cardiology"), Context())
    assert flags.up == ()
    assert {"rate", "ongoing_pain", "failure_hypoxia"} <= {flag.code for flag in flags.not_computed}


def test_observations_are_those_of_the_table_of_vitals() -> None:
    sides = {f"{name}_{side}" for name in ("systolic", "diastolic") for side in ("left", "right")}
    assert OBSERVATIONS == set(KINDS) | sides
