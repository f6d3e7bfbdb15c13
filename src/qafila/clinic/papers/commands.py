"""`qafila verify`: whether a printed document is genuine, with nothing but a file of keys; no node, no network.

Exit status: 0 genuine, 1 refused, 2 could not be read (code, keys or call).
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qafila.clinic.papers import content, hcert, trust
from qafila.clinic.papers.verify import Outcome, Verdict, by_key_id
from qafila.clinic.papers.verify import verify as judged
from qafila.kernel import clock
from qafila.kernel.ids import short_code

GENUINE, REFUSED, UNREAD = 0, 1, 2
LONGEST = 100_000
WORDS = {
    Outcome.GENUINE: "genuine",
    Outcome.ALTERED: "REFUSED: altered, or not signed by the node that it names",
    Outcome.UNKNOWN_KEY: "REFUSED: signed with a key that is not in the list of keys",
    Outcome.REVOKED: "REFUSED: the key was taken back on {revoked}; ask the hub for this document's number",
    Outcome.KEY_NOT_IN_USE: "REFUSED: dated when the node did not sign with this key",
    Outcome.EXPIRED: "REFUSED: expired on {expires}",
    Outcome.NOT_OURS: "REFUSED: this is not the code of a document of this program",
    Outcome.UNREADABLE: "could not be read: the code is not whole; scan it again",
}


def add(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Its part of the command line."""
    at = command("verify", run, "check the code of a printed document, offline; exit 0 genuine, 1 refused, 2 not read")
    at.add_argument("code", nargs="?", default="-", metavar="FILE", help="file with the code's text (default: stdin)")
    at.add_argument("--keys", type=Path, required=True, help="the hub's list of keys (its page /prints/keys.json)")
    at.add_argument("--hub", default="", metavar="KEY", help="believe the list of this hub alone: its key, as listed")
    at.add_argument("--facts", type=Path, help="file with what the paper says, to compare: see docs/howto")
    at.add_argument("--control", default="", help="with --facts: the control number on the paper")
    at.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """`qafila verify`."""
    try:
        hub = base64.urlsafe_b64decode(args.hub + "=" * (-len(args.hub) % 4)) if args.hub else None
        keys = trust.read(args.keys.read_bytes(), hub)
        text = _text(args.code)
        facts = content.facts_of(args.facts.read_text()) if args.facts else None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        sys.stderr.write(f"qafila: {reason or 'could not be read'}\n")
        return UNREAD
    verdict = judged(text, by_key_id(keys.keys), clock.now())
    agrees = _agrees(verdict, facts, args.control)
    said = described(verdict) | {"agrees": agrees, "register": "unknown", "keys_of": trust.instant(keys.issued)}
    sys.stdout.write(json.dumps(said, indent=2) + "\n" if args.json else _lines(verdict, said))
    if verdict.outcome is Outcome.UNREADABLE:
        return UNREAD
    return GENUINE if verdict.genuine and agrees is not False else REFUSED


def _text(code: str) -> str:
    if code.startswith(hcert.PREFIX):
        return code
    if code == "-":
        return sys.stdin.read(LONGEST)
    with Path(code).open(errors="replace") as file:
        return file.read(LONGEST)


def _agrees(verdict: Verdict, facts: list[list[str]] | None, control: str) -> bool | None:
    if facts is None or verdict.claims is None:
        return None
    claims = verdict.claims
    return content.same(claims.digest, claims.kind, facts, claims.id, control)


def described(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON has it. Nothing in it is to be believed unless `outcome` is `genuine`."""
    said: dict[str, Any] = {"outcome": verdict.outcome.value, "genuine": verdict.genuine}
    claims = verdict.claims
    if claims is not None:
        said |= {
            "kind": claims.kind,
            "date": claims.day.isoformat(),
            "node": claims.node,
            "document": claims.number or short_code(claims.id),
            "id": claims.id.hex,
            "issued": _day(claims.issued),
            "expires": _day(claims.expires) if claims.expires is not None else None,
            "hash": claims.digest.hex(),
        }
    if verdict.key is not None and verdict.key.revoked is not None:
        said["revoked"] = trust.instant(verdict.key.revoked)
    return said


def _day(seconds: int) -> str:
    return trust.instant(datetime.fromtimestamp(seconds, UTC))


def _lines(verdict: Verdict, said: dict[str, Any]) -> str:
    lines = [WORDS[verdict.outcome].format(revoked=said.get("revoked", ""), expires=said.get("expires", ""))]
    if verdict.claims is not None:
        lines += [f"{name}: {said[name]}" for name in ("kind", "date", "node", "document", "issued")]
    if said["agrees"] is not None:
        lines.append("what was typed: as printed" if said["agrees"] else "what was typed: NOT what was printed")
    if verdict.genuine:
        lines.append("off line: whether it was cancelled or used is not known")
    return "\n".join(lines) + "\n"
