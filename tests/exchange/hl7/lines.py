"""Messages of an invented analyser."""

from __future__ import annotations

GLUCOSE = "OBX|1|NM|2345-7^Glucose^LN||99|mg/dL|70-110|N|||F"
HB = "OBX|1|NM|718-7^Hemoglobin^LN||13.5|g/dL|12-16|N|||F"


def oru(control: str, pid: str = "", *results: str, orders: str = "", visit: str = "", charset: str = "UNICODE UTF-8",
        event: str = "ORU^R01^ORU_R01", person: str = "|Benali^Zineb||") -> str:  # fmt: skip
    head = f"MSH|^~\\&|COUNT|LAB|QAFILA|U1|20261121101200+0100||{event}|{control}|P|2.5||||||{charset}"
    lines = [head, f"PID|1||{pid}|{person}"]
    if visit:
        lines.append("PV1|1|O" + "|" * 17 + visit)
    lines += [f"OBR|1|{orders}||CBC^Count^L|||20261121101000+0100", *(results or (HB,))]
    return "\r".join(lines) + "\r"
