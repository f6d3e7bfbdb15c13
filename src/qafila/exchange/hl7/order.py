"""Orders to an analyser: OML^O21 (HL7 v2.5, §4.4.6) over MLLP, sent from the page that asks for them."""

from __future__ import annotations

import re
import socket
from datetime import datetime

from qafila.clinic.lab.models import LabOrder
from qafila.exchange.hl7.framing import Frames, NotMllp, Whole, framed
from qafila.kernel import ids
from qafila.packs import bedside
from qafila.registry.people.models import BirthPrecision, Person

LONGEST_ANSWER = 65536
ESCAPES = {"|": "F", "^": "S", "~": "R", "\\": "E", "&": "T"}
SEXES = {"female": "F", "male": "M"}


class NotTaken(Exception):
    """The analyser did not take the order: `away` (not reached) or `refused` (it says so)."""


def build(order: LabOrder, person: Person, name: tuple[str, str], node: str, now: datetime) -> bytes:
    """The message. `name`: family name and given names; nothing else of the person but code, sex and date of birth."""
    born = person.birth_date if person.birth_precision == BirthPrecision.DAY else None
    stamp = f"{now:%Y%m%d%H%M%S}+0000"
    lines = [
        f"MSH|^~\\&|QAFILA|{node}|{escape(order.peer)}||{stamp}||OML^O21^OML_O21|{ids.new().hex[:20]}|P|2.5"
        "||||||UNICODE UTF-8",
        f"PID|1||{person.code}^^^QAFILA||{escape(name[0])}^{escape(name[1])}||{f'{born:%Y%m%d}' if born else ''}"
        f"|{SEXES.get(person.sex, '')}",
        f"PV1|1|O|||||||||||||||||{order.visit_id.hex if order.visit_id else ''}",
    ]
    for place, key in enumerate(order.analytes, 1):
        analyte = bedside.analytes().find(key)
        if analyte is not None:
            service = f"{analyte.loinc[0]}^{escape(analyte.label.en)}^LN"
            lines += [f"ORC|NW|{order.number}|||||||{stamp}", f"OBR|{place}|{order.number}||{service}"]
    return ("\r".join(lines) + "\r").encode()


def escape(text: str) -> str:
    """A text as it may stand in a field (§2.7.1)."""
    plain = re.sub(r"[\x00-\x1f\x7f]", " ", text)
    return re.sub(r"[|^~\\&]", lambda found: f"\\{ESCAPES[found[0]]}\\", plain)


def send(address: tuple[str, int], data: bytes, seconds: float = 10.0) -> None:
    """Send an order and wait for its acknowledgement. Raises `NotTaken`."""
    frames, read = Frames(LONGEST_ANSWER), 0
    try:
        with socket.create_connection(address, timeout=seconds) as connection:
            connection.sendall(framed(data))
            while read < LONGEST_ANSWER and (part := connection.recv(4096)):
                read += len(part)
                for one in frames.feed(part):
                    if isinstance(one, Whole) and re.search(rb"(^|\r)MSA\|[AC]A(\||\r|$)", one.data):
                        return
                    raise NotTaken("refused")
    except (OSError, NotMllp):
        raise NotTaken("away") from None
    raise NotTaken("away")
