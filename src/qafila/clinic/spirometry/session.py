"""One session of spirometry: its manoeuvres as they were blown, and what was found; kept as one JSON file."""

from __future__ import annotations

import msgspec

from qafila.clinic.rules.spirometry_manoeuvre import Blow

MOST_BLOWS, MOST_POINTS = 16, 4000
EQUATIONS = {
    "gli-global-2022": "GLI Global 2022",
    "gli-2012-other": "GLI 2012, other/mixed",
    "gli-2012-caucasian": "GLI 2012, Caucasian",
    "gli-2012-african-american": "GLI 2012, African-American",
    "gli-2012-northeast-asian": "GLI 2012, North-East Asian",
    "gli-2012-southeast-asian": "GLI 2012, South-East Asian",
}
"""Code → name, as it stands beside every z-score."""
PHASES = ("pre", "post")
PARTS = ("fev1", "fvc", "fev1_fvc", "fef2575")


class Manoeuvre(msgspec.Struct, frozen=True, omit_defaults=True):
    """One blow. Litres, litres a second, seconds."""

    phase: str = "pre"
    fvc: float | None = None
    fev1: float | None = None
    pef: float | None = None
    fef2575: float | None = None
    bev: float | None = None
    seconds: float | None = None
    last: float | None = None
    cough: bool = False
    glottis: bool = False
    glottis_early: bool = False
    leak: bool = False
    blocked: bool = False
    step: float = 0.0
    """Seconds between two points of the curve; 0: no curve."""
    volumes: tuple[float, ...] = ()
    """Litres expired, from the start."""

    @property
    def blow(self) -> Blow:
        """What the rule is asked."""
        names = ("fvc", "fev1", "bev", "seconds", "last", "cough", "glottis", "glottis_early", "leak", "blocked")
        return Blow(**{name: getattr(self, name) for name in names})


class Score(msgspec.Struct, frozen=True):
    """A value against its equation."""

    predicted: float
    lln: float
    z: float
    percent: float


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """All blows of a sitting, with the person's facts of that day and the scores that were computed then."""

    manoeuvres: tuple[Manoeuvre, ...]
    equation: str = "gli-global-2022"
    age_years: float | None = None
    sex: str = ""
    height_cm: float | None = None
    drug: str = ""
    """Bronchodilator and dose, where one was given."""
    source: str = "manual"
    scores: dict[str, dict[str, Score]] = {}
    """Phase → part → score."""
    by: str = ""
    """What computed the scores."""


def stored(session: Session) -> bytes:
    """The file's bytes."""
    return msgspec.json.encode(session)


def opened(data: bytes) -> Session:
    """The session of a stored file. Raises `ValueError`."""
    try:
        return msgspec.json.decode(data, type=Session)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError("no session") from error
