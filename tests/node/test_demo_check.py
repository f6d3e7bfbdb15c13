"""The whole demonstration as its command: built, started, the journey walked over HTTPS, checked, stopped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qafila.node.demo.build import prepare
from qafila.node.demo.layout import Layout, made_by, read_mark
from qafila.node.directory import NodeDirectory, NodeError
from tests import shell
from tests.demonstration import Checked, command


@pytest.mark.timeout(400)
def test_the_check_sees_every_step(checked: Checked) -> None:
    done = checked.done
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Everything was seen" in done.stdout
    assert "FAILED" not in done.stdout
    mark = read_mark(checked.layout.path)
    assert mark is not None
    assert mark["made_by"] == made_by()
    nobody_in_the_logs(checked.layout.path)


WORDS = """
from qafila.registry.people.models import Person, PersonName
from qafila.registry.staff.models import Staff
for row in PersonName.objects.values_list("given", "family"): print(*row, sep="\\n")
for row in Person.objects.values_list("pk", "code", "phone"): print(*row, row[0].hex, sep="\\n")
for row in Staff.objects.values_list("pk", "username", "name", "name_arabic"): print(*row, row[0].hex, sep="\\n")
"""


def nobody_in_the_logs(folder: Path) -> None:
    """The journey went over all nodes; their logs name nobody, by no name, number or id."""
    said = shell.run(NodeDirectory(folder / "h"), WORDS)
    known = {word.strip() for word in said.splitlines() if len(word.strip()) > 3}
    assert len(known) > 100
    logs = list(folder.glob("*.log"))
    assert len(logs) >= 3
    for file in logs:
        said = file.read_text()
        assert {word for word in known if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", said)} == set(), file


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(NodeError, match="holds something else"):
        prepare(Layout(tmp_path, "morocco", 21480), 20)
    assert (tmp_path / "letter.txt").read_text() == "mine"


def test_an_unknown_country_is_said(tmp_path: Path) -> None:
    done = command("--country", "atlantis", "--dir", str(tmp_path / "demo"))
    assert done.returncode == 1
    assert "atlantis" in done.stderr


def test_other_ports_for_a_built_folder_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    Layout(folder, "morocco", 21480).complete(20, 1)
    done = command("--country", "morocco", "--dir", str(folder), "--port", "21500")
    assert done.returncode == 1
    assert "21480" in done.stderr
