"""Numbers of a monitor as readings of the clinic: codes of IEEE 11073-10101, validity of IEEE 11073-10207. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from qafila.devices.measurement import Measurement, Value, value
from qafila.devices.packet import Number

KEYS = {
    "150456": "spo2",  # MDC_PULS_OXIM_SAT_O2
    "149530": "pulse",  # MDC_PULS_OXIM_PULS_RATE
    "149546": "pulse",  # MDC_PULS_RATE_NON_INV
    "147842": "pulse",  # MDC_ECG_HEART_RATE
    "151562": "respirations",  # MDC_RESP_RATE
    "150021": "systolic",  # MDC_PRESS_BLD_NONINV_SYS
    "150022": "diastolic",  # MDC_PRESS_BLD_NONINV_DIA
    "150364": "temperature",  # MDC_TEMP_BODY
    "150344": "temperature",  # MDC_TEMP
}
UNITS = {
    "262688": "%",  # MDC_DIM_PERCENT
    "264864": "/min",  # MDC_DIM_BEAT_PER_MIN
    "264928": "/min",  # MDC_DIM_RESP_PER_MIN
    "266016": "mm[Hg]",  # MDC_DIM_MMHG
    "265987": "kPa",  # MDC_DIM_KILO_PASCAL
    "268192": "Cel",  # MDC_DIM_DEGC
    "266560": "[degF]",  # MDC_DIM_FAHR
}
FITS = {
    "spo2": {"%"},
    "pulse": {"/min"},
    "respirations": {"/min"},
    "systolic": {"mm[Hg]", "kPa"},
    "diastolic": {"mm[Hg]", "kPa"},
    "temperature": {"Cel", "[degF]"},
}
VALID = {"Vld", "Vldated"}
DOUBTED = {"Qst": "questionable"}
WHYS = {"Oflw": "above", "Uflw": "below"}


@dataclass(frozen=True, slots=True)
class Metric:
    """One number as the monitor reports it; `validity` as in the participant model, "" for none stated."""

    code: str
    unit: str
    number: Decimal | None
    validity: str = ""


def measured(metrics: Iterable[Metric]) -> Measurement | None:
    """What the clinic knows of these, a running series; None where it knows nothing of them.

    Without a validity, or with another than *valid*, *validated* and *questionable*, there is no reading.
    """
    values: dict[str, Value] = {}
    warns: list[str] = []
    for one in metrics:
        key, unit = KEYS.get(one.code, ""), UNITS.get(one.unit, "")
        if not key or unit not in FITS[key] or (key in values and values[key].number is not None):
            continue
        good = one.validity in VALID or one.validity in DOUBTED
        held = one.number if good and one.number is not None and one.number.is_finite() else None
        why = "" if held is not None else WHYS.get(one.validity, "invalid")
        places = 0 if key in ("systolic", "diastolic") else None
        values[key] = value(key, Number(held, why), unit, places=places)
        if held is not None and one.validity in DOUBTED:
            warns.append(DOUBTED[one.validity])
    if not values:
        return None
    return Measurement(tuple(values.values()), warns=tuple(dict.fromkeys(warns)), live=True)
