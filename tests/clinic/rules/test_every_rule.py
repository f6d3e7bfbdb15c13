"""What holds for every rule there is: nothing missing is ever zero, nothing wrong is ever computed."""

from __future__ import annotations

import ast
import datetime
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from qafila.clinic.rules import rule
from qafila.clinic.rules.inputs import Field, InputError
from qafila.clinic.rules.words import Message

ALL = rule.names()
EXPECTED = """apgar bmi bsa crb65 curb65 danger-signs-child danger-signs-pregnancy danger-signs-young-infant egfr
emergency-signs-child epds fast-breathing findrisc gad7 gestation glucose-units hba1c ideal-weight mmrc news2 phq9 qtc
spirometry triage who-growth""".split()


def allowed(field: Field) -> st.SearchStrategy[Any]:
    """Values that the field accepts."""
    schema = field.schema
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "boolean":
        return st.booleans()
    if schema["type"] == "integer":
        return st.integers(schema["minimum"], schema["maximum"])
    if schema["type"] == "number":
        return st.floats(schema["minimum"], schema["maximum"])
    assert schema["format"] == "date"
    return st.dates(datetime.date(1900, 1, 1), datetime.date(2200, 12, 31))


@st.composite
def cases(draw: st.DrawFn) -> tuple[rule.Rule[Any], dict[str, Any]]:
    """A rule and some of its inputs."""
    one = rule.get(draw(st.sampled_from(ALL)))
    kept = draw(st.sets(st.sampled_from([field.name for field in one.fields])))
    if draw(st.booleans()):
        kept |= set(one.required)
    return one, {field.name: draw(allowed(field)) for field in one.fields if field.name in kept}


def test_all_rules_are_found() -> None:
    assert set(EXPECTED) <= set(ALL)


@given(cases())
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_subset_of_inputs(case: tuple[rule.Rule[Any], dict[str, Any]]) -> None:
    one, values = case
    result = one.compute(values)
    lacking = [name for name in one.required if name not in values]
    assert set(result.inputs) == set(values)
    assert result.source and result.version == one.version
    if lacking:
        assert result.status == rule.NOT_COMPUTED
        assert set(lacking) <= set(result.missing)
    if result.computed:
        assert result.values and result.reason is None
    else:
        assert str(result.reason)
        assert "score" not in result.values and "level" not in result.values
    assert not set(result.missing) & set(values)
    json.dumps(result.plain(), allow_nan=False)


@pytest.mark.parametrize("name", ALL)
def test_nothing_given(name: str) -> None:
    one = rule.get(name)
    result = one()
    assert result.status == rule.NOT_COMPUTED
    assert result.missing and set(one.required) <= set(result.missing)
    for text in result.missing:
        assert text in str(result.reason)


WRONG = st.one_of(
    st.sampled_from(
        [math.nan, math.inf, -math.inf, 1e308, -1e308, 10**400, -(10**400), "", "x", "12", b"1", [], {}, [1]]
    ),
    st.text(),
    st.datetimes(),
    st.complex_numbers(),
)


@given(cases(), st.data())
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_wrong_value_is_refused_by_name(case: tuple[rule.Rule[Any], dict[str, Any]], data: st.DataObject) -> None:
    one, values = case
    field = data.draw(st.sampled_from(one.fields))
    wrong = data.draw(WRONG)
    assume(not (isinstance(wrong, str) and wrong in field.schema.get("enum", ())))
    with pytest.raises(InputError) as refused:
        one.compute({**values, field.name: wrong})
    assert set(refused.value.errors) == {field.name}
    assert field.name in str(refused.value) and len(str(refused.value)) < 500


@given(cases(), st.sampled_from(["", "nothing", "Age_years", "__class__", "x" * 5000]))
@settings(deadline=None)
def test_an_unknown_name_is_refused(case: tuple[rule.Rule[Any], dict[str, Any]], name: str) -> None:
    one, values = case
    with pytest.raises(InputError):
        one.compute({**values, name: 1})
    assert one.on({**values, name: 1}) == one.compute(values)


@pytest.mark.parametrize("name", ALL)
def test_out_of_range_is_refused(name: str) -> None:
    for field in rule.get(name).fields:
        if "minimum" in field.schema:
            for value in (field.schema["minimum"] - 1, field.schema["maximum"] + 1):
                with pytest.raises(InputError, match=field.name):
                    rule.get(name).compute({field.name: value})


@pytest.mark.parametrize("name", ALL)
def test_describe_is_a_schema_with_units_and_source(name: str) -> None:
    schema = rule.describe(name)
    assert json.loads(json.dumps(schema)) == schema
    assert schema["source"] and schema["version"] and schema["description"]
    assert schema["additionalProperties"] is False
    for field in schema["properties"].values():
        assert field["description"]
        assert "unit" in field or field.get("type") in ("boolean", "string") or "enum" in field


def test_unknown_rule_names_the_rules() -> None:
    with pytest.raises(KeyError, match="news2"):
        rule.get("nothing")


def lines(name: str, text: str | bytes) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and answers of `run_lines`."""
    out = io.StringIO()
    source: Any = io.BytesIO(text) if isinstance(text, bytes) else io.StringIO(text)
    code = rule.run_lines(name, source, out)
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


def test_lines_in_lines_out() -> None:
    code, found = lines("bmi", '{"weight": 70, "height": 175}\n\n{"weight": 70}\n')
    assert code == 0
    assert [(one["line"], one["status"]) for one in found] == [(1, "computed"), (3, "not computed")]
    assert found[0]["values"]["bmi"] == 22.9 and found[1]["missing"] == ["height"]


def test_a_bad_line_says_which_and_the_others_are_computed() -> None:
    text = (
        '{"weight": 70, "height": 175}\n{"weight": "70"}\nnot json\n[1]\n{"wieght": 1}\n{"weight": 70, "height": 175}\n'
    )
    code, found = lines("bmi", text)
    assert code == 1
    assert [("error" in one) for one in found] == [False, True, True, True, True, False]
    assert [one["line"] for one in found] == [1, 2, 3, 4, 5, 6]
    assert "weight" in found[1]["error"] and "wieght" in found[4]["error"]


@pytest.mark.parametrize(
    "line",
    ['{"weight": NaN}', '{"weight": 1e999}', '{"weight": Infinity}', "[" * 100_000, '{"weight":' + "9" * 5000 + "}"],
)
def test_numbers_and_nesting_that_break_parsers(line: str) -> None:
    code, found = lines("bmi", line)
    assert code == 1 and found[0]["line"] == 1 and len(found[0]["error"]) < 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(ALL),
    st.lists(st.binary() | st.text().map(str.encode) | JSON.map(json.dumps).map(str.encode), max_size=6),
)
@settings(max_examples=400, deadline=None)
def test_any_bytes_give_an_answer_for_each_line(name: str, parts: list[bytes]) -> None:
    text = b"\n".join(parts)
    code, found = lines(name, text)
    wanted = [count for count, line in enumerate(text.split(b"\n"), start=1) if line.strip()]
    assert [one["line"] for one in found] == wanted
    assert code == (1 if any("error" in one for one in found) else 0)


def test_a_message_keeps_its_msgid_for_translation() -> None:
    message = Message("%(a)s of %(b)s", a=3.0, b=4.5)
    assert str(message) == "3 of 4.5" and message.text == "%(a)s of %(b)s"


SOURCES = sorted(Path(rule.__file__).parent.glob("*.py"))
ROOT = Path(__file__).parents[3]


def marked(path: Path) -> list[str]:
    """The texts that a file marks for translation with `N_`."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    calls = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == "N_"]
    return [ast.literal_eval(node.args[0]) for node in calls]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_texts_can_be_translated(path: Path) -> None:
    for text in marked(path):
        bare = re.sub(r"%\(\w+\)s", "", text)
        assert "%" not in (bare.replace("%%", "") if bare != text else bare), text


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_rules_are_pure(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        modules = [name.name for name in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for module in modules:
            assert not module.startswith("django")
            assert not module.startswith("qafila") or module.startswith("qafila.clinic.rules")
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("now", "today", "utcnow"), "the day is an input"


@pytest.mark.parametrize("name", ALL)
def test_labels_and_page(name: str) -> None:
    assert all(rule.get(name).labels.values())
    assert f"`{name}`" in (ROOT / "docs" / "clinical" / "rules.md").read_text(), "every rule has its line in the docs"
