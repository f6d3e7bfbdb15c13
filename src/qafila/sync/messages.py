"""What frames say: one shape for each kind. A field that is added has a default, so that older nodes still read it."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from qafila.journal.ranges import Ranges


class Kind(IntEnum):
    """Kinds of frames; requests are odd, what answers them follows."""

    HELLO = 1
    WELCOME = 2
    PUSH = 3
    TAKEN = 4
    PULL = 5
    MAIL = 6
    OFFER = 7
    WANTED = 8
    CHUNK = 9
    KEPT = 10
    GET = 11
    GIVEN = 12
    LOOKUP = 13
    FOUND = 14


class Message(msgspec.Struct, array_like=True):
    """The body of a frame."""


class Hello(Message):
    """The unit begins: what it takes to be safe on the hub, and (optimistically) its first records."""

    ack_no: int
    """The last acknowledgement of mail that the hub confirmed."""
    held: bytes
    """`journal.ranges.digest` of its own records that it takes to be on the hub."""
    parcels: bytes = b""
    own: dict[str, Ranges] | None = None
    """Run (hexadecimal) → ranges of its own records, after the hub answered that the two do not agree."""
    life: int = 0
    """The hub's life (`Welcome.life`) that the unit has come to terms with; 0: none yet."""
    have: dict[str, dict[str, Ranges]] | None = None
    """Node → run → ranges of all other records that it holds, after the hub named another life."""
    sums: dict[str, dict[str, int]] | None = None
    """With `have`: `journal.ranges.total` of each."""
    waits: list[int] = []
    """What waits on the unit as it says this: [records, files, bytes of files], then how its machine does
    (`machine.Machine.numbers`); empty: it does not say."""
    parts: list[bytes] = []
    """`frames.mark` of the frames that were under way when the connection was lost."""


class Taken(Message):
    """What became of the records of a frame, by their place in it."""

    aside: list[int] = []
    """Kept in quarantine: acknowledged all the same."""
    alarms: int = 0
    """Keys that had come before with another content."""
    mail: int = 0
    """Records that wait for the unit."""


class Welcome(Message):
    """The hub's answer to `Hello`. Both agree on what the hub holds, or it says what that is."""

    ack_no: int
    taken: Taken
    ranges: dict[str, Ranges] | None = None
    """None: they agree. Else run → ranges that the hub holds, of the latest runs; of all in answer to `own`."""
    rest: bytes = b""
    """The digest of all other runs."""
    life: int = 0
    """A number that is another one after each restore of the hub."""
    begun: int = 0
    """How many backups of the hub were begun."""
    stands: int = 0
    """Backup `stands` is kept elsewhere; to a unit of another life: the last backup that both lives share."""
    sums: dict[str, int] | None = None
    """With `ranges`: run → `journal.ranges.total` of the records in them."""
    wanted: dict[str, dict[str, Ranges]] | None = None
    """In answer to `have`: what of it the hub has lost. Node → run → ranges."""
    speaks: int = 1
    """The latest version of the conversation that the hub speaks."""
    parts: list[int] = []
    """For each of the greeting's `parts`: bytes of its beginning that the hub has; 0: none, or it was taken whole."""
    shared: dict[str, dict[str, int]] | None = None
    """With `wanted`: of each run of which it wants a part, `journal.ranges.total` of what it has of the rest."""


class Push(Message):
    """Records of the unit."""

    parcels: bytes


class Pull(Message):
    """The unit confirms mail by its numbers and asks for more."""

    acks: list[int] = []
    limit: int = 24_000
    """Bytes of packed records, before compression."""
    wait_s: int = 0
    """Where nothing waits the hub may hold its answer for so long."""
    ack_no: int = 0
    """With `acks`: the last acknowledgement that the hub confirmed. What was acknowledged after it is not here."""
    life: int = 0
    """With `acks`: the hub's life in which it gave these numbers. In another one they mean other records."""
    waits: list[int] = []
    """As in `Hello`, where the hub may hold its answer."""


class Mail(Message):
    """Records for the unit."""

    numbers: list[int]
    parcels: bytes
    ack_no: int
    left: int
    """Waiting beyond these."""


class File(Message):
    """A file that a node has."""

    sha256: str
    size: int
    media: str
    lane: int
    patient: str = ""


class Offer(Message):
    """The unit names files that it has."""

    files: list[File]


class Wanted(Message):
    """For each offered file: bitmap of the chunks that the hub lacks; None where it does not take the file."""

    missing: list[bytes | None]
    mail: int = 0


class Chunk(Message):
    """One chunk of a file. `lag`: its bytes are differences of samples (`sync.samples`); 0: as they are."""

    sha256: str
    index: int
    data: bytes
    lag: int = 0


class Kept(Message):
    """The chunk is on the disk. `whole`: and with it the file. `again`: its content was wrong, it starts anew."""

    whole: bool = False
    again: bool = False
    mail: int = 0


class Get(Message):
    """The unit asks for one chunk of a file."""

    sha256: str
    index: int


class Given(Message):
    """The chunk; `size` −1: the hub does not have the file, or not for this node. `lag` as in `Chunk`."""

    sha256: str
    index: int
    size: int
    media: str = ""
    data: bytes = b""
    mail: int = 0
    lag: int = 0


class Lookup(Message):
    """A person stands before the crew who is not held on the unit: who is it? Or, with `choose`: this one."""

    number: str
    """Of the question, 32 hexadecimal digits; choosing names the same one."""
    actor: str
    """Who asks: id of the member of staff."""
    name: str = ""
    birth: str = ""
    """ISO date; with `name`."""
    identity: str = ""
    """An official number."""
    code: str = ""
    """The short code of a card."""
    choose: str = ""
    """Id of one of those who were offered."""


class Candidate(Message):
    """Somebody who may be meant: as little as a crew needs to tell people apart."""

    person: str
    name: str
    other: str = ""
    """The name in another script."""
    sex: str = ""
    birth: str = ""
    """ISO date, or its year and month, or its year."""
    place: str = ""
    """Code of the commune."""


class Found(Message):
    """The answer to `Lookup`."""

    outcome: str
    """`found`, `none`, `many` (too many: say more), `limit` (asked too often), `granted` (the record follows by mail),
    `refused` (nobody who was offered lately), `unclear` (too little was said), `unable`."""
    people: list[Candidate] = []
    mail: int = 0


SHAPES: dict[Kind, type[Message]] = {
    Kind.HELLO: Hello,
    Kind.WELCOME: Welcome,
    Kind.PUSH: Push,
    Kind.TAKEN: Taken,
    Kind.PULL: Pull,
    Kind.MAIL: Mail,
    Kind.OFFER: Offer,
    Kind.WANTED: Wanted,
    Kind.CHUNK: Chunk,
    Kind.KEPT: Kept,
    Kind.GET: Get,
    Kind.GIVEN: Given,
    Kind.LOOKUP: Lookup,
    Kind.FOUND: Found,
}
KINDS = {shape: kind for kind, shape in SHAPES.items()}
