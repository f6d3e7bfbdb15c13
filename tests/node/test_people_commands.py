"""`qafila user`: no word of it takes a password, and what is read from standard input is what logs in."""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator

import pytest

from qafila import cli
from qafila.journal.here import Here
from qafila.node.commands import people
from qafila.node.directory import NodeError
from qafila.registry.staff.factors import acts
from qafila.registry.staff.factors.queries import has_kind
from qafila.registry.staff.queries import authenticate, by_username


def every(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield from every(sub)
        else:
            yield action


def test_no_command_takes_a_secret_as_an_argument() -> None:
    names = [name for action in every(cli.parser()) for name in (action.dest, *action.option_strings)]
    assert len(names) > 50
    assert not [n for n in names if any(word in n.lower() for word in ("password", "secret", "pin", "token"))]


def run(monkeypatch: pytest.MonkeyPatch, verb: str, password: str = "") -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    said = {"username": "amal", "name": "Amal", "name_arabic": "", "role": ["coordinator"], "specialty": [],
            "language": "en", "licence": ""}  # fmt: skip
    return getattr(people, f"_{verb}")(argparse.Namespace(**said))  # type: ignore[no-any-return]


def test_a_password_comes_by_standard_input(unit: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NodeError):
        run(monkeypatch, "password", "trois-oliviers-bleus")
    assert run(monkeypatch, "add", "trois-oliviers-bleus") == 0
    assert authenticate("amal", "trois-oliviers-bleus") is not None
    for short in ("", "password", "short"):
        with pytest.raises(NodeError):
            run(monkeypatch, "password", short)
    assert run(monkeypatch, "password", "quatre-chameaux-gris") == 0
    assert authenticate("amal", "trois-oliviers-bleus") is None
    assert authenticate("amal", "quatre-chameaux-gris") is not None


def test_a_lost_telephone_is_reset_at_the_console(unit: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, "add", "trois-oliviers-bleus")
    staff = by_username("amal")
    assert staff is not None
    acts.add_passkey(staff, b"synthetic", 0, "")
    assert run(monkeypatch, "reset") == 0
    assert not has_kind(staff, "passkey")
