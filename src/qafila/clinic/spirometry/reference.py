"""Predicted values and z-scores by pyspiro, in a process of its own: it loads pandas.

`python -m qafila.clinic.spirometry.reference` reads a JSON request from standard input and answers in JSON.
"""

from __future__ import annotations

import logging
import math
import subprocess
import sys
import warnings
from collections.abc import Mapping
from typing import Any

import msgspec

from qafila.clinic.spirometry.session import EQUATIONS, Score

SECONDS = 90
ETHNICITY = {"caucasian": 1, "african-american": 2, "northeast-asian": 3, "southeast-asian": 4, "other": 5}
"""Groups of GLI 2012, as its authors named them."""
PARTS_2022 = {"fev1": 1, "fvc": 2, "fev1_fvc": 3}
PARTS_2012 = {**PARTS_2022, "fef2575": 4}
SEXES = {"female": 0, "male": 1}
AGES = (3.0, 95.0)
log = logging.getLogger("qafila.spirometry")


class Asked(msgspec.Struct):
    """What is to be scored: values by phase and part."""

    equation: str
    sex: str
    age: float
    height: float
    values: dict[str, dict[str, float]]


class Given(msgspec.Struct):
    """The scores by phase and part, and what made them."""

    scores: dict[str, dict[str, Score]]
    by: str


def scored(
    equation: str, sex: str, age: float | None, height: float | None, values: Mapping[str, Mapping[str, float]]
) -> Given | None:
    """The scores; None where sex, age or height lack, or lie outside of the equation: not computed."""
    if equation not in EQUATIONS or sex not in SEXES or age is None or height is None or not AGES[0] <= age < AGES[1]:
        return None
    asked = Asked(equation, sex, age, height, {phase: dict(parts) for phase, parts in values.items()})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "qafila.clinic.spirometry.reference"],
            input=msgspec.json.encode(asked),
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        return msgspec.json.decode(done.stdout, type=Given)
    except (subprocess.SubprocessError, msgspec.DecodeError) as error:
        log.error("a spirometry could not be scored: %s", type(error).__name__)
        return None


def scores(asked: Asked) -> dict[str, dict[str, Score]]:
    """By the named equation, in this process (it loads pandas): what it has no equation for is left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyspiro  # type: ignore[import-untyped]

        if asked.equation == "gli-global-2022":
            table: Any = pyspiro.BOWERMAN_2022()
            parts, group = PARTS_2022, {}
        else:
            table = pyspiro.GLI_2012()
            parts, group = PARTS_2012, {"ethnicity": ETHNICITY[asked.equation.removeprefix("gli-2012-")]}
        found: dict[str, dict[str, Score]] = {}
        for phase, values in asked.values.items():
            for part, value in values.items():
                if part in parts and (one := _score(table, asked, group, parts[part], value)) is not None:
                    found.setdefault(phase, {})[part] = one
    return found


def _score(table: Any, asked: Asked, group: dict[str, int], part: int, value: float) -> Score | None:
    person = {"sex": SEXES[asked.sex], "age": asked.age, "height": asked.height, **group, "parameter": part}
    try:
        skew, middle, spread = (float(one) for one in table.lms(**person, value=value))
        z = ((value / middle) ** skew - 1) / (skew * spread) if skew else math.log(value / middle) / spread
        lln = middle * (1 - 1.645 * skew * spread) ** (1 / skew) if skew else middle * math.exp(-1.645 * spread)
    except (TypeError, ValueError, ArithmeticError):
        return None
    found = Score(round(middle, 4), round(lln, 4), round(z, 4), round(100 * value / middle, 1))
    return found if all(map(math.isfinite, (found.predicted, found.lln, found.z))) else None


def main() -> int:
    """Standard input to standard output."""
    from importlib.metadata import version

    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    sys.stdout.buffer.write(msgspec.json.encode(Given(scores(asked), f"pyspiro {version('pyspiro')}")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
