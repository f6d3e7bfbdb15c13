"""What must hold when the faults are over and everybody has called."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

from qafila.journal import canon
from qafila.sync.asked import Request
from qafila.sync.codec import CodecError
from qafila.sync.frames import FrameError
from qafila.sync.versions import heard
from tests.sync.sim.journal import HOLDING, RECEIPT, REFERENCE, count
from tests.sync.sim.paper import OPENED, Key, read, readable
from tests.sync.sim.process import Process
from tests.sync.sim.releases import LATEST, spoken, understood

if TYPE_CHECKING:
    from qafila.sync.session import UnitSession
    from tests.sync.sim.world import Unit, World

ROUNDS = 12
SILENT = 2
"""So many rounds in a row in which nothing is left to say and each unit agrees with the hub: in the first it notes that
the next backup has all of it, in the second it hears that this one stands, and forgets whom it has to forget."""


def settle(world: World) -> None:
    """End the faults, let the fleet call until nothing is left to say, and check."""
    world.calm = True
    world.faults.rates.clear()
    world.faults.broken_off = 0.0
    if world.server.parts.spoilt:
        world.server.parts.kept.clear()
    server = world.server
    for disk in (server.disk, *(u.disk for u in world.units)):
        disk.kill_in, disk.full = 0, False
    world.run_until(world.now + 700)
    server.down_until = 0.0
    for disk in (server.disk, *(u.disk for u in world.units)):
        disk.kill_in, disk.full = 0, False
    assert not server.disk.locks
    _one_of_each(world)
    for node in (server, *world.units):
        node.release = LATEST
        node.boot()
    for process in world.processes:
        session = process.session
        # A box that was restored began a new process: what one of before remembers means other records there. So did
        # one whose program was too old for the hub of now.
        if session is None or process.unit.gone or process.boot != process.unit.boots:
            continue
        if set(session.agreement.mine) & set(spoken(LATEST)):
            _go_on(world, process)
    said = {u.name: 99 for u in world.units}
    silent = 0
    for turn in range(ROUNDS):
        before = len(server.disk.tables["records"])
        _backed_up(world)
        for unit in world.units:
            process = Process(world, unit)
            said[unit.name] = _contact(world, unit, process, process._session(), turn + 1 == ROUNDS)
        quiet = all(n == 1 for n in said.values()) or (turn > 2 and _only_files(world, said))
        agreed = before == len(server.disk.tables["records"]) and all(_agrees(world, u) for u in world.units)
        silent = silent + 1 if quiet and agreed else 0
        if silent == SILENT:
            break
    else:
        world.wrong(f"never idle: after {ROUNDS} contacts each there is still something to say: {said}")
    world.problems += checked(world)


def _agrees(world: World, unit: Unit) -> bool:
    """Whether the unit heard of the last backup in a greeting after which nothing was left to compare."""
    return len(world.server.disk.tables["backups"]) in unit.disk.tables["seen"]


def _backed_up(world: World) -> None:
    """A backup is made and carried elsewhere."""
    backups = world.server.disk.tables["backups"]
    backups[len(backups) + 1] = True


def _only_files(world: World, said: dict[str, int]) -> bool:
    """A file that nobody can read any more, or that is gone with its box, is offered or asked for once a contact."""
    hub, scope = world.server.disk.tables["files"], world.server.disk.tables["scope"]
    gone = any(
        row.sent and not row.complete and not (name in hub and hub[name].complete and (row.patient, unit.name) in scope)
        for unit in world.units
        for name, row in unit.disk.tables["files"].items()
    )
    return (gone or any(u.disk.tables["damaged"] for u in world.units)) and max(said.values()) <= 12


def _one_of_each(world: World) -> None:
    for name in world.names:
        same = [u for u in world.units if u.name == name and not u.gone]
        keep = world.dice.choice(same)
        for unit in same:
            unit.gone = unit is not keep
    world.units = [u for u in world.units if not u.gone]
    for unit in world.units:
        unit.off_until, unit.link_down_until, unit.deaf_until = 0.0, 0.0, 0.0


def _go_on(world: World, process: Process) -> None:
    """A session that was cut goes on over a link that holds: afterwards nothing waits."""
    assert process.session is not None
    process.out.clear()
    if world.plant.says_lost:
        process.session.lost()
    _contact(world, process.unit, process, process.session, False)
    left = len(process.unit.disk.tables["pending"])
    if left:
        world.wrong(f"{process.unit.name}: a session that went on after a cut leaves {left} records")


def _contact(world: World, unit: Unit, process: Process, session: UnitSession, last: bool) -> int:
    """A contact without faults: how many exchanges."""
    dice = Random(world.dice.getrandbits(32))
    window = dice.choice((1, 1, 2, 4))
    tables, hub = unit.disk.tables, world.server.disk.tables
    work = len(tables["records"]) + len(hub["records"]) + sum(count(f.size) + 1 for f in tables["files"].values())
    limit = 20 + 2 * work
    requests: list[Request] = []
    done = 0
    while True:
        while len(requests) < window and (request := session.next()) is not None:
            requests.append(request)
        if not requests:
            return done
        place = dice.randrange(len(requests))
        request = requests.pop(place)
        answers: list[tuple[int, bytes]] = []
        world.server.request(request.data, lambda s, body: answers.append((s, body)), request.goes_on)  # noqa: B023
        if (
            answers
            and answers[0][0] == 400
            and session.agreement.refused(heard(answers[0][1].decode().partition(" ")[2]))
        ):
            # The hub was updated since this process spoke with it: once more, in a version that both speak.
            session.lost()
            requests.clear()
            continue
        if not answers or answers[0][0] != 200:
            world.wrong(f"{unit.name}: without any fault the hub says {answers}")
            return done
        try:
            session.receive(answers[0][1])
        except (FrameError, CodecError) as error:
            world.wrong(f"{unit.name}: without any fault the answer is refused: {error}")
            return done
        process.out.pop(request.number, None)
        done += 1
        world.now += 0.3
        if done > limit:
            world.wrong(f"{unit.name}: more than {limit} exchanges and no end")
            return done


def checked(world: World) -> Iterator[str]:
    """All that does not hold."""
    for unit in world.units:
        # One that was killed the moment it had written did not come to say so.
        world.note_own(unit)
    twice = _written_twice(world)
    for unit in world.units:
        yield from _up(world, unit, twice)
        yield from _down(world, unit, twice)
        yield from _files(world, unit)
    for name in sorted(world.dropped):
        there = world.server.disk.tables["files"].get(name)
        if there is None or not there.complete:
            yield f"file {name[:8]} was thrown away, and the hub does not have it"
    yield from _emptied(world)
    yield from _rows(world)
    yield from _keys(world, twice)
    yield from _ranges(world)


def _written_twice(world: World) -> set[Key]:
    return {key for key, hashes in world.written.items() if len(hashes) > 1}


def _up(world: World, unit: Unit, twice: set[Key]) -> Iterator[str]:
    """Every record of a unit is at the hub, once, unchanged; or in quarantine, shown."""
    hub = world.server.disk.tables
    aside = {parcel.header for _, parcel in hub["quarantine"].values()}
    if unit.disk.tables["pending"]:
        yield f"{unit.name} still has {len(unit.disk.tables['pending'])} records to send"
    for key, row in unit.disk.tables["records"].items():
        if key[0] != unit.name or key in twice:
            continue
        there = hub["records"].get(key)
        if there is None:
            if row.parcel.header not in aside:
                yield f"the hub lacks {key} of {unit.name}"
            elif b'"bad"' not in (row.parcel.fields or b""):
                yield f"{key} is in quarantine and nothing is wrong with it"
        elif there.hash != row.hash or row.parcel.fields not in (None, there.parcel.fields):
            yield f"{key} is another record at the hub"
        elif there.parcel.fields is not None and hub["effects"].get(key) != 1:
            yield f"{key} took effect {hub['effects'].get(key)} times"


def _down(world: World, unit: Unit, twice: set[Key]) -> Iterator[str]:
    """A unit has all that is in its scope (what it cannot take in, in quarantine), and nothing else."""
    hub, here = world.server.disk.tables, unit.disk.tables["records"]
    there_aside = {parcel.header for _, parcel in hub["quarantine"].values()}
    aside = {parcel.header for _, parcel in unit.disk.tables["quarantine"].values()}
    for key, row in hub["records"].items():
        due = (row.patient, unit.name) in hub["scope"] or row.kind == REFERENCE or key[0] == unit.name
        due = due or (row.kind == HOLDING and read(row.parcel).fields["node"] == unit.name)
        if due and key not in here and row.parcel.header not in aside:
            yield f"{unit.name} lacks {key} ({row.kind})"
        held = (row.patient, unit.name) in hub["scope"]
        if held and row.parcel.fields is not None and key in here and here[key].parcel.fields is None:
            yield f"{unit.name} has forgotten {key}, whom it should hold"
    for key, row in here.items():
        if row.kind in (REFERENCE, HOLDING, RECEIPT, OPENED) or row.parcel.fields is None:
            continue
        if (row.patient, unit.name) not in hub["scope"] and not _unfinished(world, unit, row.patient):
            yield f"{unit.name} holds {key}, which is none of its business"
        there = hub["records"].get(key)
        if there is not None and there.hash != row.hash and key not in twice:
            yield f"{unit.name} and the hub hold different records under {key}"
        if there is None and key[0] != unit.name and row.parcel.header not in there_aside:
            yield f"{unit.name} holds {key}, and the hub does not"


def _unfinished(world: World, unit: Unit, person: str) -> bool:
    """The unit has a record of the person that the hub keeps in quarantine, or a file that nobody can read; or its
    machine's memory was copied, and the other one has forgotten the person: there is one receipt for two machines."""
    tables = unit.disk.tables
    if unit.name in world.twins:
        return True
    own = (key for key, row in tables["records"].items() if row.patient == person and key[0] == unit.name)
    if any(key[1:] in tables["aside"] for key in own):
        return True
    return any(tables["files"][n].patient == person for n in tables["damaged"] if n in tables["files"])


def _files(world: World, unit: Unit) -> Iterator[str]:
    hub = world.server.disk.tables
    damaged = unit.disk.tables["damaged"]
    for name, row in unit.disk.tables["files"].items():
        there = hub["files"].get(name)
        whole = there is not None and there.complete
        if row.complete and not whole and name not in damaged:
            yield f"the hub lacks file {name[:8]} of {unit.name} (sent: {row.sent})"
        if whole and not row.complete and (row.patient, unit.name) in hub["scope"]:
            yield f"{unit.name} lacks file {name[:8]}"


def _emptied(world: World) -> Iterator[str]:
    """The hub has fields and all of what anybody else has with them; and of what a unit has forgotten, unless a person
    went back to a backup older than the one on which the unit relied."""
    for key, row in world.server.disk.tables["records"].items():
        if row.parcel.fields is not None:
            continue
        for unit in world.units:
            there = unit.disk.tables["records"].get(key)
            if there is not None and there.hash == row.hash and there.parcel.fields is not None:
                yield f"the hub has the header alone of {key}, which {unit.name} has"
        if not world.server.too_old:
            yield f"the hub has the header alone of {key}"


def _rows(world: World) -> Iterator[str]:
    """Every node makes the same of the same record, whatever release wrote it, carried it, or ran when it came."""
    for name, disk in (("the hub", world.server.disk), *((u.name, u.disk) for u in world.units)):
        for key, row in disk.tables["records"].items():
            if row.parcel.fields is None or not readable(row.parcel):
                continue
            said = read(row.parcel)
            if disk.tables["rows"].get(key) != understood(said.kind, said.schema, said.fields, LATEST):
                yield f"{name}: {key} ({said.kind}, layout {said.schema}) is {disk.tables['rows'].get(key)}"


def _keys(world: World, twice: set[Key]) -> Iterator[str]:
    """A key with two contents comes of copied memory alone, and was reported."""
    hub = world.server.disk.tables
    quarantined = {parcel.header for _, parcel in hub["quarantine"].values()}
    for key in twice:
        if key[0] not in world.twins:
            yield f"{key} was written twice"
            continue
        held = {u.disk.tables["records"][key].hash for u in world.units if key in u.disk.tables["records"]}
        there = hub["records"].get(key)
        for unit in world.units:
            row = unit.disk.tables["records"].get(key)
            if row is None or there is None or row.hash == there.hash:
                continue
            here = {p.header for _, p in unit.disk.tables["quarantine"].values()}
            if row.parcel.header not in quarantined and there.parcel.header not in here:
                yield f"two records under {key} ({len(held)} hashes held) and nobody was told"


def _ranges(world: World) -> Iterator[str]:
    """Ranges say what is there."""
    for name, disk in (("the hub", world.server.disk), *((u.name, u.disk) for u in world.units)):
        seqs: dict[tuple[str, int], set[int]] = {}
        for key, row in disk.tables["records"].items():
            seqs.setdefault(key[:2], set()).add(key[2])
            if row.hash != _hash(row):
                yield f"{name}: {key} was altered"
        for run, told in disk.tables["runs"].items():
            if {s for a, b in told.ranges for s in range(a, b + 1)} != seqs.get(run, set()):
                yield f"{name}: the ranges of {run} do not say what is there"


def _hash(row) -> bytes:  # type: ignore[no-untyped-def]
    if row.parcel.fields is None:
        return canon.link(row.parcel.prev, row.parcel.header)
    try:
        return read(row.parcel).hash
    except ValueError:
        return bytes(row.hash)
