"""Records the log of a release: `python -m tests.journal.record_release VERSION`.

Builds the demonstration's world of invented people (a hub and two units, by their real acts over a real network), and
keeps the hub's journal, its rows and the layouts of all kinds. A release is recorded when it is made, and its log never
changes after that; until then the log of the release to come is recorded anew whenever a layout changes.
"""

from __future__ import annotations

import argparse
import lzma
import os
import subprocess
import sys
import tempfile
from pathlib import Path

COUNTRY, PEOPLE = "morocco", 28
LARGEST = 150_000


def _take(target: str) -> None:
    """Inside a process of the hub: write the log."""
    import orjson

    from tests.journal.release_log import recorded, take

    _write_rare()
    log = take()
    missing = {m.kind() for m in recorded()} - log["rows"].keys()
    if missing:
        raise SystemExit(f"no record of {', '.join(sorted(missing))}: let the demonstration write some")
    packed = lzma.compress(orjson.dumps(log, option=orjson.OPT_SORT_KEYS), preset=9 | lzma.PRESET_EXTREME)
    if len(packed) > LARGEST:
        raise SystemExit(f"{len(packed)} bytes are too many to be kept: take fewer people")
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_bytes(packed)
    print(f"{target}: {len(log['records'])} records, {len(packed)} bytes")


def _write_rare() -> None:
    """What the demonstration's week does not come to: one record of each kind."""
    from qafila.clinic.forms.models import PackApproval
    from qafila.clinic.history.models import HistoryEntry
    from qafila.journal.write import writing
    from qafila.kernel import ids
    from qafila.registry.people.models import Person
    from qafila.registry.staff.models import Staff
    from qafila.sync.models import Holding, HoldingReceipt

    person, staff = Person.objects.order_by("pk")[0], Staff.objects.order_by("pk")[0]
    with writing(None, "release.record") as write:
        write.save(PackApproval(code="cardiology", version="1.0", digest="0" * 64, by=staff))
        write.save(HistoryEntry(person=person, section="problems", none_known=True))
        # To a node that there is not: nobody is asked to forget anybody.
        who = ids.new()
        write.save(Holding(node="U99", who=who, held=False, turn=1, keep=[ids.new().hex], known={"1f": [[1, 3]]}))
        write.save(HoldingReceipt(node="U99", who=who, held=False, turn=1))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.journal.record_release")
    parser.add_argument("release")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--take", help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.take:
        _take(said.take)
        return 0
    from qafila.node.create import environment
    from qafila.node.demo.build import prepare
    from qafila.node.demo.layout import HUB
    from tests.world import _free_layout

    target = Path(__file__).parent / "releases" / said.release / "journal.json.xz"
    with tempfile.TemporaryDirectory() as folder:
        layout = _free_layout(Path(folder) / "world", COUNTRY)
        prepare(layout, said.people)
        command = [sys.executable, "-m", "tests.journal.record_release", said.release, "--take", str(target)]
        found = subprocess.run(command, env={**os.environ, **environment(layout.node(HUB))}, check=False)
    return found.returncode


if __name__ == "__main__":
    sys.exit(main())
