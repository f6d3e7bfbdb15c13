"""Bugs that somebody could write, planted one at a time into the simulated fleet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from qafila.journal.ingest import Parcel
from qafila.journal.ranges import Ranges
from qafila.sync.hub import Have, Sums
from qafila.sync.messages import Mail, Message, Push
from qafila.sync.node_store import Seen
from qafila.sync.session import UnitSession
from tests.sync.sim.disk import Base
from tests.sync.sim.hub_store import Desk
from tests.sync.sim.paper import read
from tests.sync.sim.releases import understood
from tests.sync.sim.unit_store import UnitStore
from tests.sync.sim.world import Plant


class RunGoesOn(Plant):
    """A restored node continues the run in which it wrote before."""

    run_goes_on_after_restore = True


class AcknowledgesBeforeCommit(Plant):
    """The hub's answer leaves although its transaction fails."""

    def desk(self) -> type[Any]:
        class Hasty(Desk):
            @contextmanager
            def transaction(self) -> Iterator[None]:
                try:
                    with super().transaction():
                        yield
                except OSError:
                    pass

        return Hasty


class PoisonDropped(Plant):
    """What the hub cannot read is passed over, and acknowledged with the rest."""

    def desk(self) -> type[Any]:
        class Careless(Desk):
            def set_aside(self, parcel: Parcel, key: Any) -> None:
                pass

        return Careless


class RangesIgnored(Plant):
    """A unit does not look at what the hub says that it holds."""

    def unit_store(self) -> type[UnitStore]:
        class Deaf(UnitStore):
            def reconcile(self, ranges: dict[int, Ranges], sums: dict[int, int]) -> None:
                pass

        return Deaf


class WatermarkIgnored(Plant):
    """A unit throws away what the hub has confirmed, whether a backup has it or not."""

    events = ("drop", "restore_hub", "restore_hub_soon")

    def unit_store(self) -> type[UnitStore]:
        class Tidy(UnitStore):
            def safe_to_drop(self, name: str) -> bool:
                row = self.db.get("files", name)
                return row is not None and bool(row.sent)

        return Tidy


class WatermarkTooHigh(Plant):
    """What is confirmed after a backup was begun is taken to be in it."""

    events = ("drop", "restore_hub", "restore_hub_soon", "restore_between")

    def unit_store(self) -> type[UnitStore]:
        class Hopeful(UnitStore):
            def note_backups(self, seen: Seen, begun: int, stands: int) -> None:
                super().note_backups(seen, begun, stands + 1)

        return Hopeful


class RestoreNotTold(Plant):
    """A restored hub goes on under its old number."""

    hub_begins_a_life = False


class FilesNotOfferedAgain(Plant):
    """A unit lets a restored hub be without files of which it has the records."""

    def unit_store(self) -> type[UnitStore]:
        class Done(UnitStore):
            def offer_files_again(self) -> None:
                pass

        return Done


class AsideNotOfferedAgain(Plant):
    """A unit lets a restored hub be without what it had set aside."""

    def unit_store(self) -> type[UnitStore]:
        class Done(UnitStore):
            def offer_aside_again(self) -> None:
                pass

        return Done


class OwnRecordsNotAskedFor(Plant):
    """A restored hub does not ask its units for what it wrote itself and lost."""

    def desk(self) -> type[Any]:
        class Proud(Desk):
            def compare(self, have: Have, sums: Sums) -> tuple[Have, Sums]:
                super().compare(have, sums)
                return {}, {}

        return Proud


class MailNotCompared(Plant):
    """A restored hub goes by the number that a unit tells, although a clone may have brought it about."""

    events = ("clone", "restore_hub", "restore_unit", "clone_and_restore")

    def desk(self) -> type[Any]:
        class Trusting(Desk):
            def _settle_mail(self, have: Have) -> None:
                pass

        return Trusting


class SumsIgnored(Plant):
    """Ranges are compared, and not which records they mean: two machines with one memory are taken for one."""

    events = ("twin",)

    def unit_store(self) -> type[UnitStore]:
        class Blind(UnitStore):
            def total(self, node: str, run: int, ranges: Ranges) -> int:
                return 0

        return Blind

    def desk(self) -> type[Any]:
        class Blind(Desk):
            def sums(self) -> dict[int, int]:
                return dict.fromkeys(super().sums(), 0)

        return Blind


class _Loose(Base):
    locking = False


class CursorNotLocked(Plant):
    """Two processes of the hub work on one sender's rows at once."""

    def desk(self) -> type[Any]:
        class Unlocked(Desk):
            def __init__(self, *args: Any) -> None:
                super().__init__(*args)
                self.db = _Loose(self.disk)

        return Unlocked


class ConfirmsOnSend(Plant):
    """What left the unit is taken for received."""

    def session(self) -> type[Any]:
        class Sure(UnitSession):
            def next(self, wait_s: int = 0) -> Any:
                request = super().next(wait_s)
                for sent in self._out.values():
                    if isinstance(sent.message, Push):
                        self.store.confirm(sent.records, [])
                return request

        return Sure


class MailAcknowledgedTooEarly(Plant):
    """Mail is acknowledged before it is on the unit's disk."""

    events = ("full_unit", "stick")

    def session(self) -> type[Any]:
        class Early(UnitSession):
            def _mail(self, sent: Any, message: Message) -> None:
                assert isinstance(message, Mail)
                try:
                    super()._mail(sent, message)
                except OSError:
                    self._acks += message.numbers

        return Early


class LossNotTold(Plant):
    """The session does not hear that its connection is gone."""

    says_lost = False


class AckNumberBelieved(Plant):
    """A count of acknowledgements is taken over from any answer of the hub: a clone's as well."""

    def session(self) -> type[Any]:
        class Trusting(UnitSession):
            def _mail(self, sent: Any, message: Message) -> None:
                assert isinstance(message, Mail)
                self.store.set_ack_no(message.ack_no)
                super()._mail(sent, message)

        return Trusting


class AcksOutliveTheConnection(Plant):
    """Numbers of mail are kept over a loss: a hub restored meanwhile means other records by them."""

    def session(self) -> type[Any]:
        class Keeping(UnitSession):
            def lost(self) -> None:
                kept = list(self._acks)
                super().lost()
                self._acks = kept

        return Keeping


class NobodyForgets(Plant):
    """The hub does not notice that a restored node has lost the mail that it had acknowledged."""

    def desk(self) -> type[Any]:
        class Stubborn(Desk):
            def forget_acks(self, after: int) -> None:
                pass

        return Stubborn


class BulkFirst(Plant):
    """Records leave in the order in which they were written, urgent or not."""

    def unit_store(self) -> type[UnitStore]:
        class InOrder(UnitStore):
            def pending(self, lanes: range, limit: int, skip: set[int]) -> list[tuple[int, Parcel]]:
                found = super().pending(range(6), 10**6, skip)
                self.last_given = sorted(found)[:1]
                return self.last_given

        return InOrder


class SentToEverybody(Plant):
    """Mail does not ask who holds a person's record."""

    def desk(self) -> type[Any]:
        class Open(Desk):
            def fan_out(self, records: Sequence[Any], sender: str) -> None:
                for key, row in records:
                    for node in sorted(set(self.units) - {key[0]}):
                        self.post(node, key, row.parcel.lane)

        return Open


class TooNewDropped(Plant):
    """What a hub does not understand it acknowledges and throws away."""

    events = ("skew",)

    def desk(self) -> type[Any]:
        class Short(Desk):
            def _keep(self, fresh: dict[Any, Any]) -> None:
                for key, row in list(fresh.items()):
                    said = read(row.parcel)
                    if understood(said.kind, said.schema, said.fields, self.release) is None:
                        del fresh[key]
                super()._keep(fresh)

        return Short


class NeverCatchesUp(Plant):
    """An updated node does not look at the records that its earlier program could only keep."""

    events = ("skew",)
    catches_up = False


class ForgetsWhatWaits(Plant):
    """A unit forgets a person although records of him have not left yet."""

    def unit_store(self) -> type[UnitStore]:
        class Hasty(UnitStore):
            def in_use(self, person: str, known: Sequence[Any]) -> bool:
                return False

        return Hasty


class ForgetsWithoutBackup(Plant):
    """A unit forgets what is in no backup of the hub that stands elsewhere."""

    events = ("restore_hub_soon",)

    def unit_store(self) -> type[UnitStore]:
        class Hasty(UnitStore):
            def backed_up(self, person: str) -> bool:
                return True

        return Hasty


class NewerRecordsForgotten(Plant):
    """A unit forgets what it wrote after the hub said to forget, as soon as that is confirmed."""

    def unit_store(self) -> type[UnitStore]:
        class Hasty(UnitStore):
            def in_use(self, person: str, known: Sequence[Any]) -> bool:
                return super().in_use(person, list(self.db.rows("records")))

        return Hasty


class LateRecordsStay(Plant):
    """What comes of a person after he was forgotten stays."""

    def unit_store(self) -> type[UnitStore]:
        class Trusting(UnitStore):
            def on_ingested(self, fresh: list[Any], sender: str) -> None:
                before = dict(self.db.rows("leave"))
                super().on_ingested(fresh, sender)
                for person, word in before.items():
                    if self.db.get("leave", person).turn == word.turn:
                        self.db.put("leave", person, word)

        return Trusting


class ReceiptsIgnored(Plant):
    """A restored hub does not see that a unit has forgotten whom it should hold."""

    events = ("restore_hub",)

    def desk(self) -> type[Any]:
        class Deaf(Desk):
            def answer(self, node: str, said: dict[str, Any]) -> None:
                pass

        return Deaf


class OwnRecordsNotReturned(Plant):
    """Who is back is mailed without what the unit had written itself."""

    events = ("leave_and_return",)

    def desk(self) -> type[Any]:
        class Stingy(Desk):
            def post(self, node: str, key: Any, lane: int) -> None:
                if key[0] != node:
                    super().post(node, key, lane)

        return Stingy


PLANTS = [
    RunGoesOn, AcknowledgesBeforeCommit, PoisonDropped, RangesIgnored, WatermarkIgnored, WatermarkTooHigh,
    CursorNotLocked, ConfirmsOnSend, MailAcknowledgedTooEarly, LossNotTold, AckNumberBelieved,
    AcksOutliveTheConnection, NobodyForgets, BulkFirst, SentToEverybody, RestoreNotTold,
    FilesNotOfferedAgain, AsideNotOfferedAgain, OwnRecordsNotAskedFor, MailNotCompared, SumsIgnored,
    TooNewDropped, NeverCatchesUp, ForgetsWhatWaits, NewerRecordsForgotten, LateRecordsStay,
    ReceiptsIgnored, OwnRecordsNotReturned, ForgetsWithoutBackup,
]  # fmt: skip
