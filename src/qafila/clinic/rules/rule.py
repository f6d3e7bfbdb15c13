"""The mechanism every clinical rule stands on: a pure function with typed inputs, units, a source and a version.

A rule is one decorated function; the package is searched for them, so that adding a rule is adding a file.
What is lacking is named and the rule is *not computed*: an absent reading never counts as zero.
"""

from __future__ import annotations

import datetime
import importlib
import json
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Generic, Literal, TypeVar, get_type_hints

import msgspec

from qafila.clinic.rules.inputs import Field, InputError, Inputs, fields_of
from qafila.clinic.rules.words import N_, Message

Status = Literal["computed", "not computed"]
COMPUTED: Status = "computed"
NOT_COMPUTED: Status = "not computed"

LACKS = N_("Not computed: %(missing)s is lacking.")
LACK = N_("Not computed: these are lacking: %(missing)s.")


I = TypeVar("I", bound=Inputs)  # noqa: E741


class NotComputed(Exception):
    """Raised by a rule's body: it cannot be computed from these inputs.

    `known` is what may be said all the same (a floor, never a score).
    """

    def __init__(
        self, reason: Message | None = None, missing: Sequence[str] = (), known: Mapping[str, object] | None = None
    ) -> None:
        self.reason, self.missing, self.known = reason, list(missing), dict(known or {})
        super().__init__(str(reason or ", ".join(missing)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule's body found: values by name, remarks for the reader, red flags, and what was not asked."""

    values: Mapping[str, object]
    notes: tuple[Message, ...] = ()
    red_flags: tuple[Message, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """One run of a rule, complete enough to be stored and checked again later.

    `inputs` are those used (only what was given); `missing` those that lack. With status "not computed" `values`
    is empty, or holds a floor under a name of its own (`at_least`). Texts are msgids with parameters.
    """

    rule: str
    version: str
    source: str
    status: Status
    values: Mapping[str, object]
    inputs: Mapping[str, object]
    missing: list[str] = field(default_factory=list)
    reason: Message | None = None
    notes: tuple[Message, ...] = ()
    red_flags: tuple[Message, ...] = ()

    @property
    def computed(self) -> bool:
        """True when the rule gave its values."""
        return self.status == COMPUTED

    def plain(self) -> dict[str, object]:
        """The result as JSON-ready values, texts in English."""
        return {
            "rule": self.rule,
            "version": self.version,
            "source": self.source,
            "status": self.status,
            "values": {name: _plain(value) for name, value in self.values.items()},
            "inputs": {name: _plain(value) for name, value in self.inputs.items()},
            "missing": list(self.missing),
            "reason": "" if self.reason is None else str(self.reason),
            "notes": [str(note) for note in self.notes],
            "red_flags": [str(flag) for flag in self.red_flags],
        }


def _plain(value: object) -> object:
    if isinstance(value, Message):
        return str(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value


@dataclass(frozen=True, slots=True)
class Rule(Generic[I]):
    """A registered rule. Call it with keyword inputs, or `compute` it on a mapping; both give a `Result`."""

    name: str
    version: str
    title: str
    source: str
    draft: bool
    inputs: type[I]
    fields: tuple[Field, ...]
    body: Callable[[I], Outcome]
    applies: Callable[[I], Message | None] | None = None
    alarms: Callable[[I], tuple[Message, ...]] | None = None

    def __call__(self, **values: object) -> Result:
        """Compute from keyword inputs; see `compute`."""
        return self.compute(values)

    def on(self, values: Mapping[str, object]) -> Result:
        """Compute from a larger set of readings: names that are not inputs of this rule are left out."""
        known = {one.name for one in self.fields}
        return self.compute({name: value for name, value in values.items() if name in known})

    @property
    def labels(self) -> dict[str, str]:
        """The label (msgid) of each input, to name in the reader's language what lacks."""
        return {one.name: str(one.schema["description"]) for one in self.fields}

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the inputs without which nothing is computed."""
        return tuple(one.name for one in self.fields if not one.optional)

    def compute(self, values: Mapping[str, object]) -> Result:
        """Run the rule on `values` (None or absent = not known).

        Raises `InputError` for an unknown name, a wrong type, NaN, infinity or a value out of range.
        """
        given = self._checked(values)
        inputs = self.inputs(**given)
        alarms = self.alarms(inputs) if self.alarms else ()
        lacking = [name for name in self.required if name not in given]
        try:
            if self.applies and (reason := self.applies(inputs)):
                raise NotComputed(reason, lacking)
            if lacking:
                raise NotComputed(None, lacking)
            found = self.body(inputs)
        except NotComputed as why:
            return self._not_computed(given, why, alarms)
        return Result(
            rule=self.name,
            version=self.version,
            source=self.source,
            status=COMPUTED,
            values=dict(found.values),
            inputs=given,
            missing=list(found.missing),
            notes=found.notes,
            red_flags=(*alarms, *found.red_flags),
        )

    def _checked(self, values: Mapping[str, object]) -> dict[str, Any]:
        known = {one.name: one for one in self.fields}
        errors: dict[str, Message] = {}
        given: dict[str, Any] = {}
        for name, value in values.items():
            if name not in known:
                shown = f"{name!s:.40}"
                errors[shown] = Message(N_("%(field)s: not an input of %(rule)s."), field=shown, rule=self.name)
            elif value is not None:
                try:
                    given[name] = known[name].convert(value)
                except InputError as wrong:
                    errors.update(wrong.errors)
        if errors:
            raise InputError(errors)
        return given

    def _not_computed(self, given: Mapping[str, object], why: NotComputed, alarms: tuple[Message, ...]) -> Result:
        reason = why.reason
        if reason is None:
            reason = Message(LACKS if len(why.missing) == 1 else LACK, missing=", ".join(why.missing))
        return Result(
            rule=self.name,
            version=self.version,
            source=self.source,
            status=NOT_COMPUTED,
            values=why.known,
            inputs=given,
            missing=why.missing,
            reason=reason,
            red_flags=alarms,
        )


_rules: dict[str, Rule[Any]] = {}


def rule(
    name: str,
    *,
    version: str,
    title: str,
    source: str,
    draft: bool = False,
    applies: Callable[[Any], Message | None] | None = None,
    alarms: Callable[[Any], tuple[Message, ...]] | None = None,
    inputs: type[I] | None = None,
    required: Sequence[str] | None = None,
) -> Callable[[Callable[[I], Outcome]], Rule[I]]:
    """Register a pure function `body(inputs) -> Outcome` as the rule `name`.

    `source` is the publication; `draft` marks content that a named clinician has yet to approve; `applies` gives
    the reason why the rule is not meant for this person (asked before anything is called missing); `alarms` gives
    the red flags that hold even while other inputs lack. `inputs` is read from the body's annotation unless given;
    `required` replaces what the fields say of themselves.
    """

    def register(body: Callable[[I], Outcome]) -> Rule[I]:
        kind: type[I] = inputs or next(hint for key, hint in get_type_hints(body).items() if key != "return")
        fields = fields_of(kind, required)
        made = Rule(name, version, title, source, draft, kind, fields, body, applies, alarms)
        if name in _rules:
            raise ValueError(f"two rules are called {name}")
        _rules[name] = made
        return made

    return register


def _load() -> dict[str, Rule[Any]]:
    package = importlib.import_module(__name__.rpartition(".")[0])
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
    return _rules


def names() -> list[str]:
    """Every rule's name, sorted."""
    return sorted(_load())


def get(name: str) -> Rule[Any]:
    """The rule called `name`; raises `KeyError` with a message that lists the names."""
    found = _load()
    if name not in found:
        raise KeyError(f"no rule is called {name!r}; there are: {', '.join(sorted(found))}")
    return found[name]


def describe(name: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of a rule's inputs, each number with its UCUM `unit`, with title, version and source."""
    one = get(name)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": one.name,
        "description": one.title,
        "version": one.version,
        "source": one.source,
        "draft": one.draft,
        "type": "object",
        "properties": {part.name: dict(part.schema) for part in one.fields},
        "required": list(one.required),
        "additionalProperties": False,
    }


def run_lines(name: str, in_stream: IO[Any], out_stream: IO[str]) -> int:
    """Run a rule over JSON lines (one object of inputs a line, blank lines skipped), one JSON line out for each.

    Every line out has `line` (from 1) and a `Result`, or `error`. Returns 0, or 1 when any line was an error.
    """
    one = get(name)
    code = 0
    for count, line in enumerate(getattr(in_stream, "buffer", in_stream), start=1):
        if not line.strip():
            continue
        answer: dict[str, object]
        try:
            answer = {"line": count, **one.compute(_object(line)).plain()}
        except InputError as wrong:
            code, answer = 1, {"line": count, "rule": name, "error": str(wrong)}
        out_stream.write(json.dumps(answer, allow_nan=False) + "\n")
    return code


def _object(line: str | bytes) -> dict[str, object]:
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as wrong:
        text = N_("This line is not JSON: %(why)s")
        raise InputError({"": Message(text, why=str(wrong))}) from wrong
    if not isinstance(found, dict):
        raise InputError({"": Message(N_("This line is not a JSON object."))})
    return found
