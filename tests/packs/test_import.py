"""XLSForm and Questionnaire JSON to draft packs: what maps, what is refused with its row, and nothing that breaks."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qafila.cli import main
from qafila.packs import load, xpath
from qafila.packs.bring_in import bring_in, checked, draft
from qafila.packs.draft import ImportRefused, Refusal
from qafila.packs.questionnaire import questionnaire
from qafila.packs.specialty import Specialty
from qafila.packs.specialty_check import specialty_problems

LABELS = ("label::Arabic (ar)", "label::French (fr)", "label::English (en)")
SURVEY = ("type", "name", *LABELS, "hint::fr", "required", "relevant", "constraint")
CHOICES = ("list_name", "name", *LABELS)
ASK = [
    ("start", "start"),
    ("begin group", "Visit Story", "القصة", "Histoire", "Story"),
    ("integer", "age_weeks", "العمر", "Âge", "Age", "", "yes", "", ". >= 0 and . <= 52"),
    ("select_one yes_no", "fever", "حمى؟", "Fièvre ?", "Fever?", "", "yes"),
    ("select_multiple signs", "signs", "علامات", "Signes", "Signs", "", "", "${fever} = 'yes'"),
    (
        "decimal",
        "temp",
        "الحرارة",
        "Température",
        "Temperature",
        "",
        "",
        "selected(${signs}, 'hot') and ${age_weeks} < 9",
    ),
    ("end group",),
    ("text", "note_more", "ملاحظة", "Remarque", "Remark", "", "", "not(${fever} = 'no') or ${kind} = '2'"),
    ("select_one kinds", "kind", "النوع", "Type", "Kind"),
    ("image", "skin", "صورة", "Photo", "Photograph", "", "", "${fever} = 'yes'"),
]
OFFER = [
    ("yes_no", "yes", "نعم", "Oui", "Yes"), ("yes_no", "no", "لا", "Non", "No"),
    ("signs", "hot", "ساخن", "Chaud", "Hot"), ("signs", "none", "لا شيء", "Rien", "None"),
    ("kinds", 1, "أول", "Premier", "First"), ("kinds", 2, "ثان", "Second", "Second"),
]  # fmt: skip


def workbook(survey: list[tuple[Any, ...]], choices: list[tuple[Any, ...]] = OFFER, head: Any = SURVEY) -> bytes:
    book = openpyxl.Workbook()
    for name, top, rows in (("survey", head, survey), ("choices", CHOICES, choices)):
        sheet = book.create_sheet(name)
        for row in (top, *rows):
            sheet.append(list(row))
    settings_sheet = book.create_sheet("settings")
    settings_sheet.append(["form_title", "form_id"])
    settings_sheet.append(["Newborn visit", "newborn-visit"])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def refused(data: bytes, **more: Any) -> list[Refusal]:
    with pytest.raises(ImportRefused) as caught:
        draft(data, **more)
    return caught.value.refusals


def loaded(text: str, code: str, root: Path) -> Specialty:
    (root / "specialties").mkdir(exist_ok=True)
    (root / "specialties" / f"{code}.toml").write_text(text, encoding="utf-8")
    load.clear()
    return load.load_specialty(code, root)


def test_a_form_becomes_a_draft_that_loads_and_is_sound(tmp_path: Path) -> None:
    made = draft(workbook(ASK))
    text, problems = checked(made, date(2026, 3, 1))
    assert problems == []
    pack = loaded(text, "newborn_visit", tmp_path)
    assert pack.status == "draft" and list(specialty_problems("newborn_visit", tmp_path)) == []
    own = {item.link_id: item for group in pack.group for item in group.item}
    assert own["fever"].type == "boolean" and own["fever"].required
    assert (own["age_weeks"].low, own["age_weeks"].high) == (0, 52)
    assert own["signs"].repeats and own["signs"].enable_when == "%a.fever = true"
    assert [option.exclusive for option in own["signs"].options] == [False, True]
    assert own["temp"].enable_when == "%a.signs contains 'hot' and %a.age_weeks < 9"
    assert own["note_more"].enable_when == "(%a.fever = false).not() or %a.kind = 'c2'"
    assert {"visit_story", "more_8"} <= {group.code for group in pack.group}
    assert next(view for view in pack.view if view.code == "skin").kind == "photo"
    assert own["age_weeks"].label.text("ar") == "العمر"


def test_a_name_that_the_core_has_already_is_told() -> None:
    rows = [("begin group", "story", "أ", "b", "c"), ("text", "past_history", "أ", "b", "c"), ("end group",)]
    _, problems = checked(draft(workbook(rows, [])), date(2026, 3, 1))
    assert {"groups", "items"} <= {problem.where for problem in problems}


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (("begin repeat", "r", "أ", "b", "c"), "has no place"),
        (("calculate", "c", "أ", "b", "c"), "has no place"),
        (("note", "n", "أ", "b", "c"), "has no place"),
        (("geopoint", "g", "أ", "b", "c"), "has no place"),
        (("integer", "n1", "أ", "", "c"), "missing in fr"),
        (("integer", "fever", "أ", "b", "c"), "stands twice"),
        (("integer", "", "أ", "b", "c"), "no name"),
        (("", "x1", "أ", "b", "c"), "no type"),
        (("select_one nothing", "x2", "أ", "b", "c"), "no list of choices 'nothing'"),
        (("text", "x3", "أ", "b", "c", "", "", "${nobody} = 1"), "no question ${nobody}"),
        (("text", "x4", "أ", "b", "c", "", "", "count(${fever}) > 1"), "cannot be mapped"),
        (("text", "x5", "أ", "b", "c", "", "", "${kind} = '9'"), "no answer '9'"),
        (("integer", "x6", "أ", "b", "c", "", "", "", "regex(., '^a')"), "only bounds"),
        (("begin group", "inner", "أ", "b", "c"), "the last group has no end"),
        (("end group",), "without its beginning"),
    ],
)
def test_what_cannot_be_mapped_is_named_by_its_row(row: tuple[Any, ...], what: str) -> None:
    found = refused(workbook([*ASK, row]))
    assert any(what in one.what and one.row == len(ASK) + 2 and one.where == "survey" for one in found), found


def test_every_row_at_fault_is_told_at_once_and_nothing_written(tmp_path: Path, capsys: Any) -> None:
    rows = [*ASK[:2], ("geopoint", "where", "أ", "b", "c"), ("integer", "n", "", "b", "c"), *ASK[2:]]
    file = tmp_path / "form.xlsx"
    file.write_bytes(workbook(rows, [*OFFER, ("kinds", 1, "أ", "b", "c")]))
    out = tmp_path / "made.toml"
    assert main(["packs", "import", str(file), "--out", str(out)]) == 1
    said = capsys.readouterr()
    assert "survey, row 4: the type 'geopoint'" in said.out and "survey, row 5: the label is missing in ar" in said.out
    assert "choices, row 8: '1' stands twice" in said.out and "nothing written" in said.err
    assert not out.exists()


def test_missing_words_are_copied_and_marked_only_where_asked(tmp_path: Path) -> None:
    rows = [(kind, name, "", "", "Only English") for kind, name in (("text", "one"), ("integer", "two"))]
    assert len(refused(workbook(rows, []))) == 2
    file = tmp_path / "form.xlsx"
    file.write_bytes(workbook(rows, []))
    made, problems = bring_in(file, "english_only", tmp_path / "e.toml", copy=True)
    assert problems == [] and "[…] Only English" in made.read_text(encoding="utf-8")
    with pytest.raises(FileExistsError):
        bring_in(file, "english_only", tmp_path / "e.toml", copy=True)


@pytest.mark.parametrize("code", load.specialties())
def test_a_shipped_pack_survives_the_way_out_and_in(code: str, tmp_path: Path) -> None:
    pack = load.load_specialty(code)
    made = draft(json.dumps(questionnaire(pack)).encode(), "back")
    back = loaded(checked(made, date(2026, 3, 1))[0], "back", tmp_path)
    # the draft stands on the core as every specialty does: its own groups come after the core's
    own = back.group[len(back.group) - len(pack.group) :]
    for was, now in zip(pack.group, own, strict=True):
        assert (was.code, was.label, was.enable_when) == (now.code, now.label, now.enable_when)
        for one, other in zip(was.item, now.item, strict=True):
            assert (one.link_id, one.type, one.label, one.hint, one.unit, one.required, one.repeats) == (
                other.link_id, other.type, other.label, other.hint, other.unit, other.required, other.repeats
            )  # fmt: skip
            assert (one.enable_when, one.codes) == (other.enable_when, other.codes)
            assert [(o.code, o.label) for o in one.options] == [(o.code, o.label) for o in other.options]


def foreign(**item: Any) -> bytes:
    words = {"extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/translation",
         "extension": [{"url": "lang", "valueCode": code}, {"url": "content", "valueString": "كلام"}]}
        for code in ("ar", "fr")
    ]}  # fmt: skip
    held = {"linkId": "1.1", "type": "boolean", "text": "Cough?", "_text": words} | item
    first = {"linkId": "0", "type": "integer", "text": "Age", "_text": words}
    return json.dumps({"resourceType": "Questionnaire", "name": "Cough", "status": "draft",
                       "item": [first, held]}).encode()  # fmt: skip


def test_r4_conditions_and_names_of_others_are_mapped() -> None:
    when = [{"question": "0", "operator": ">=", "answerInteger": 5}, {"question": "0", "operator": "exists",
                                                                      "answerBoolean": True}]  # fmt: skip
    made = draft(foreign(enableWhen=when, enableBehavior="all"))
    assert made.groups[0].items[1].link_id == "q1_1"
    assert made.groups[0].items[1].enable_when == "%a.q0 >= 5 and %a.q0.exists()"


@pytest.mark.parametrize(
    ("item", "what"),
    [
        ({"type": "attachment"}, "has no place"),
        ({"type": "open-choice"}, "has no place"),
        ({"answerValueSet": "http://x"}, "answerValueSet has no place"),
        ({"text": "", "_text": {}}, "missing in ar, fr, en"),
        ({"type": "quantity"}, "the unit ''"),
        ({"type": "choice"}, "needs answerOption"),
        ({"code": [{"system": "http://loinc.org", "code": "99999-9"}]}, "'99999-9'"),
        ({"enableWhen": [{"question": "7", "operator": "=", "answerBoolean": True}]}, "is no question"),
        ({"enableWhen": [{"question": "0", "operator": "~", "answerBoolean": True}]}, "cannot be mapped"),
        ({"item": [{"linkId": "1.1.1", "type": "boolean", "text": "x"}]}, "below a question"),
        ({"linkId": "q0"}, "stands before"),
        ({"repeats": True}, "several times"),
        ({"enableWhen": 7}, "another shape"),
    ],
)
def test_what_a_questionnaire_asks_too_much_is_named_by_its_link_id(item: dict[str, Any], what: str) -> None:
    assert any(what in str(one) for one in refused(foreign(**item))), refused(foreign(**item))


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"PK\x03\x04 not a zip", b"{}", b"[" * 100_000, b'{"resourceType": "Patient"}', b"\xff\xfe",
     b'{"resourceType": "Questionnaire", "item": 3}', b'{"resourceType": "Questionnaire"}'],
)  # fmt: skip
def test_what_is_no_form_at_all_is_refused(data: bytes) -> None:
    assert refused(data)


def test_a_workbook_that_unpacks_without_end_is_refused() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    assert "more than it may" in refused(held.getvalue())[0].what


cells = st.one_of(
    st.text(max_size=20).map(lambda s: "".join(c for c in s if c.isprintable())),
    st.sampled_from(["select_one yes_no", "begin group", "end group", "integer", "text", "note", "fever", "yes", "no",
                     "${fever} = 'yes'", "not(", ". >= 0", "${a} or", "image", "none", "((((", "selected(${fever},"]),
    st.integers(-9, 9), st.none(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False, width=16),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(cells, max_size=9).map(tuple), max_size=6),
    st.lists(st.lists(cells, max_size=5).map(tuple), max_size=4),
)
def test_any_sheet_becomes_a_pack_or_is_refused(survey: list[Any], choices: list[Any]) -> None:
    try:
        made = draft(workbook([*survey, ("text", "zz", "أ", "b", "c")], [*OFFER, *choices]))
        checked(made, date(2026, 3, 1))
    except ImportRefused as error:
        assert error.refusals and all(one.what for one in error.refusals)


shapes = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8)
    | st.sampled_from(["boolean", "choice", "group", "quantity", "0", "1.1"]),
    lambda below: st.lists(below, max_size=3)
    | st.dictionaries(st.sampled_from(["linkId", "type", "text", "_text", "item", "extension", "url", "code", "system",
                                       "answerOption", "valueCoding", "enableWhen", "question", "operator",
                                       "answerBoolean", "display"]), below, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["item", "title", "_title", "language", "name", "url"]), shapes, max_size=4))
def test_any_json_becomes_a_pack_or_is_refused(held: dict[str, Any]) -> None:
    try:
        checked(draft(json.dumps({"resourceType": "Questionnaire"} | held).encode()), date(2026, 3, 1))
    except ImportRefused as error:
        assert error.refusals


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_condition_is_mapped_or_refused(text: str) -> None:
    known = {"a": xpath.Known("a"), "b": xpath.Known("b", boolean=True)}
    try:
        made = xpath.to_fhirpath(text, known)
    except xpath.XPathError as error:
        assert str(error)
    else:
        assert "%a." in made
