"""FHIRPath for packs: strict parsing, and evaluation that never raises.

An expression is evaluated on a FHIR QuestionnaireResponse
(`{"resourceType": "QuestionnaireResponse", "item": […]}`) and may use these variables:

- `%a`: the answers by linkId, already unwrapped: `%a.syncope = true`,
  `%a.pain_minutes > 20`, `%a.risk_factors contains 'diabetes'`. A choice is its code, a
  quantity its number in the item's unit, a repeated item a collection. Unanswered = empty.
- `%obs`: the newest observation of the visit by its key in the table of vital observations, as
  a number in that table's unit of storage, or a code: `systolic diastolic` mm[Hg], `pulse` and
  `respirations` /min, `spo2` %, `temperature` Cel, `glucose` mmol/L, `weight` kg, `height`,
  `arm_circumference` and `head_circumference` cm, `pain` 0-10, `consciousness` ("A" "C" "V"
  "P" "U"), `oxygen` L/min, `oedema` ("0" to "3"). `systolic_left systolic_right
  diastolic_left diastolic_right` are the newest taken at that arm (by the site).
- `%patient`: `age_years` (whole), `age_months`, `age_days`, `sex` ("female" "male" "unknown"),
  `pregnant`, `lactating` (true/false; empty when not known).
- `%case`: what the case holds: `question`, `complaint`, `diagnosis`, `treatment_tried`,
  `capability`, `callback` (texts), `urgency` (code), `consent` (true when given, or emergency
  with a reason), `allergy_asked` (true), `attachments` (codes of views attached, e.g. "ecg12").

A comparison with something missing gives the empty collection: `truth` returns None for it,
"not computed", which is neither a red flag nor its absence. But by FHIRPath's own rule
`contains` on an unanswered item is false, not empty: make such an item `required`.
A linkId must not be a word of the grammar (`%a.minutes` does not parse, `%a.pain_minutes` does).

Parser and engine are loaded when the first expression is read: most processes read none.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

VARIABLES = frozenset({"a", "obs", "patient", "case"})
OBSERVATIONS = frozenset(
    "systolic diastolic systolic_left systolic_right diastolic_left diastolic_right pulse "
    "respirations spo2 spo2_scale temperature glucose creatinine weight height arm_circumference "
    "head_circumference pain consciousness oxygen oedema pregnant lactating lmp after_birth "
    "respirations_again".split()
)
STANDARD = frozenset({"context", "resource", "ucum"})
_CALL = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*\(")
_VARIABLE = re.compile(r"%`?([A-Za-z_][A-Za-z0-9_\-]*)`?")
_ANSWER = re.compile(r"%a\.([A-Za-z_][A-Za-z0-9_]*)|linkId\s*=\s*'([^']*)'")
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'")
_OPERATORS = frozenset(("and", "or", "xor", "implies", "in", "contains", "is", "as", "div", "mod"))


class ExpressionError(ValueError):
    """The text is not a FHIRPath expression that can be used in a pack."""


@dataclass(frozen=True, slots=True)
class Context:
    """All that an expression may look at; see the module's page for the keys."""

    response: Mapping[str, Any] = field(default_factory=dict)
    obs: Mapping[str, Any] = field(default_factory=dict)
    patient: Mapping[str, Any] = field(default_factory=dict)
    case: Mapping[str, Any] = field(default_factory=dict)


@lru_cache(maxsize=1)
def _refuse() -> Any:
    from antlr4.error.ErrorListener import ErrorListener  # type: ignore[import-untyped]

    class Refuse(ErrorListener):
        def syntaxError(self, recognizer: Any, symbol: Any, line: int, column: int, msg: str, e: Any) -> None:
            raise ExpressionError(f"column {column + 1}: {msg}")

    return Refuse()


@lru_cache(maxsize=4096)
def check(expression: str) -> None:
    """Raise `ExpressionError` unless `expression` parses and names only known functions.

    fhirpathpy's own parser accepts a broken text and evaluates the part it understood
    (`a and (` compiles), so the grammar is run here with errors that count.
    """
    from antlr4 import CommonTokenStream, InputStream  # type: ignore[import-untyped]
    from fhirpathpy.engine.invocations import invocation_registry
    from fhirpathpy.parser.generated.FHIRPathLexer import FHIRPathLexer
    from fhirpathpy.parser.generated.FHIRPathParser import FHIRPathParser

    lexer = FHIRPathLexer(InputStream(expression))
    lexer.removeErrorListeners()
    lexer.addErrorListener(_refuse())
    parser = FHIRPathParser(CommonTokenStream(lexer))
    parser.removeErrorListeners()
    parser.addErrorListener(_refuse())
    try:
        parser.expression()
    except RecursionError as error:
        raise ExpressionError("nested too deeply") from error
    token = parser.getCurrentToken()
    if token.type != -1:
        raise ExpressionError(f"column {token.column + 1}: unexpected {token.text!r}")
    bare = _STRING.sub("''", expression)
    for name in _CALL.findall(bare):
        if name not in invocation_registry and name not in _OPERATORS:
            raise ExpressionError(f"unknown function {name!r}")
    for name in _VARIABLE.findall(bare):
        if name not in VARIABLES | STANDARD:
            raise ExpressionError(f"unknown variable %{name}")


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> Any:
    import fhirpathpy

    check(expression)
    return fhirpathpy.compile(expression)


def value(expression: str, context: Context) -> list[Any] | None:
    """What `expression` gives, as a list; None when it cannot be computed."""
    # fhirpathpy writes type marks into the resource that it is given
    response = copy.deepcopy(dict(context.response))
    response.setdefault("resourceType", "QuestionnaireResponse")
    variables = {
        "a": answers(context.response),
        "obs": dict(context.obs),
        "patient": dict(context.patient),
        "case": dict(context.case),
        "resource": response,
    }
    try:
        return list(_compiled(expression)(response, variables))
    except Exception:  # noqa: BLE001  the library raises bare Exception for a wrong type: not computed
        return None


def truth(expression: str, context: Context) -> bool | None:
    """Whether `expression` holds; None when an input is missing or it cannot be computed."""
    result = value(expression, context)
    if not result:
        return None
    return bool(result[0]) if len(result) == 1 and isinstance(result[0], bool) else None


def answers(response: Mapping[str, Any]) -> dict[str, Any]:
    """The answers of a QuestionnaireResponse by linkId, unwrapped; a repeated one is a list."""
    found: dict[str, Any] = {}
    pending = list(response.get("item", ()))
    while pending:
        item = pending.pop()
        values = [_plain(answer) for answer in item.get("answer", ())]
        values = [one for one in values if one is not None]
        if values:
            found[item["linkId"]] = values if len(values) > 1 else values[0]
        pending.extend(item.get("item", ()))
        for answer in item.get("answer", ()):
            pending.extend(answer.get("item", ()))
    return found


def _plain(answer: Mapping[str, Any]) -> Any:
    for key, held in answer.items():
        if key.startswith("value"):
            if key == "valueCoding":
                return held.get("code")
            return held.get("value") if key == "valueQuantity" else held
    return None


def response_of(plain: Mapping[str, Any]) -> dict[str, Any]:
    """A QuestionnaireResponse from plain answers {linkId: value or list}; inverse of `answers`."""
    items = []
    for link_id, held in plain.items():
        values = held if isinstance(held, (list, tuple)) else [held]
        items.append({"linkId": link_id, "answer": [_answer(one) for one in values]})
    return {"resourceType": "QuestionnaireResponse", "status": "completed", "item": items}


def _answer(held: Any) -> dict[str, Any]:
    if isinstance(held, bool):
        return {"valueBoolean": held}
    if isinstance(held, int):
        return {"valueInteger": held}
    return {"valueDecimal": held} if isinstance(held, float) else {"valueString": str(held)}


def references(expression: str) -> frozenset[str]:
    """The linkIds that `expression` looks at."""
    return frozenset(first or second for first, second in _ANSWER.findall(expression))
