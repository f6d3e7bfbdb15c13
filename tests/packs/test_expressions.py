"""FHIRPath in packs: strict to read, never raising when evaluated."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qafila.packs import expressions
from qafila.packs.expressions import Context, ExpressionError, answers, response_of, truth

CASE = Context(
    response_of({"pain": True, "pain_minutes": 20, "risk": ["diabetes", "smoking"], "kind": "tight"}),
    obs={"spo2": 88.5, "systolic": 84},
    patient={"age_years": 44, "sex": "female"},
    case={"attachments": ["ecg12"], "question": "What now?"},
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("%a.pain = true", True),
        ("%a.pain", True),
        ("%a.pain_minutes >= 21", False),
        ("%a.risk contains 'diabetes'", True),
        ("%a.kind contains 'tight'", True),
        ("%a.risk contains 'none'", False),
        ("%obs.spo2 < 90 and %obs.systolic < 90", True),
        ("%obs.pulse > 100", None),
        ("%obs.pulse > 100 or %a.pain", True),
        ("%obs.pulse > 100 and %a.pain", None),
        ("%obs.pulse.exists()", False),
        ("%case.question.length() > 3", True),
        ("%case.attachments contains 'ecg12'", True),
        ("%patient.pregnant = true", None),
        ("item.where(linkId = 'pain').answer.exists()", True),
        ("%obs.spo2 > 'high'", None),
        ("%a.risk", None),
        ("%a.pain_minutes", None),
    ],
)
def test_truth(expression: str, expected: bool | None) -> None:
    expressions.check(expression)
    assert truth(expression, CASE) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a and (",
        "%%%",
        "a b",
        "item.where(",
        "%a.minutes",
        "a = ",
        "nope(1)",
        "%other.x",
        "'open",
        "1 +",
    ],
)
def test_what_is_not_an_expression_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        expressions.check(text)
    assert truth(text, CASE) is None


def test_a_word_in_a_string_is_not_a_call() -> None:
    expressions.check("%a.kind = 'nope(1) %zz'")


def test_the_response_is_not_touched() -> None:
    before = response_of({"pain": True})
    truth("item.where(linkId = 'pain').answer.exists()", Context(before))
    assert before == response_of({"pain": True})


def test_nested_and_coded_answers_are_unwrapped() -> None:
    inner = {"linkId": "b", "answer": [{"valueQuantity": {"value": 3, "unit": "d"}}]}
    coded = {
        "linkId": "c",
        "answer": [{"valueCoding": {"code": "x"}}, {"valueCoding": {"code": "y"}}],
    }
    held = {"item": [{"linkId": "g", "item": [inner, coded]}, {"linkId": "e", "answer": []}]}
    assert answers(held) == {"b": 3, "c": ["x", "y"]}


plain = st.dictionaries(
    st.from_regex(r"\A[a-z][a-z0-9_]{0,8}\Z"),
    st.booleans() | st.integers(-9999, 9999) | st.text(min_size=1, max_size=8)
    | st.lists(st.text(min_size=1, max_size=5), min_size=2, max_size=4),
    max_size=6,
)  # fmt: skip


@given(plain)
def test_answers_undo_response_of(held: dict[str, object]) -> None:
    assert answers(response_of(held)) == held


@settings(deadline=None)
@given(st.text(max_size=40), plain)
def test_evaluation_never_raises(text: str, held: dict[str, object]) -> None:
    assert truth(text, Context(response_of(held))) in (True, False, None)


def test_references_name_the_items_looked_at() -> None:
    assert expressions.references("%a.one = 1 and item.where(linkId = 'two').exists()") == {
        "one",
        "two",
    }
