"""The exchange by USB stick: bundles under `qafila/<receiver>/<sender>-<number>.qfb`, carried by whoever drives there.

    to_stick(path)      a unit: what waits for its hub; a hub: receipts, mail and files for units
    from_stick(path)    every bundle that is meant for this node

Sticks and network mix in any order, a bundle may be read twice, and nothing is confirmed but by the hub's own word.
A bundle that is not wholly sound, or not of an enrolled node, is refused before anything of it is used.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from django.db import DatabaseError
from django.db.models import Sum
from django.db.models.functions import Length
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qafila.journal.here import here
from qafila.journal.models import Blob, Record
from qafila.kernel import clock, durable
from qafila.sync import bundle, erasing, forgetting, pki, stick_hub, stick_unit
from qafila.sync.bundle import Bundle, BundleError, Header
from qafila.sync.enrolment import keys_folder
from qafila.sync.models import Mail, Peer
from qafila.sync.stick_load import Load, Tally
from qafila.sync.versions import Agreement

FOLDER, ENDING = "qafila", ".qfb"
MAX_BUNDLES = 10_000
"""Looked at on one stick."""
ALL = "all"
Progress = Callable[[str, int, int], None]
"""Told what is being done, bytes done, bytes in all (a guess when writing)."""
log = logging.getLogger("qafila.sync")

REASONS = {
    "no_stick": gettext_lazy("There is no such folder. Is the stick in?"),
    "not_enrolled": gettext_lazy("This node has not joined a hub yet, and no node has joined it."),
    "unknown_node": gettext_lazy("No node of that code has joined this hub."),
    "no_key": gettext_lazy("That node has no key for sticks yet. Enrol it again."),
    "nobody": gettext_lazy(
        "No unit has sent a stick yet. Name a unit, or say that every unit is to get a bundle: --for CODE, --for all."
    ),
    "full": gettext_lazy("The stick is full. Nothing was left half-written. Make room, or set a limit with --limit."),
    "read_only": gettext_lazy("The stick cannot be written: it is write-protected or belongs to somebody else."),
    "medium": gettext_lazy("Writing failed: the stick may be damaged or was taken out. Use another one."),
    "empty": gettext_lazy("There is no bundle for this node on the stick."),
    "disk": gettext_lazy("What came by stick could not be stored: the disk may be full. Make room and read it again."),
}
"""Why nothing could be done, in words for a person."""


class StickError(Exception):
    """The stick could not be used. `reason` is a key of `REASONS`; the text is for people."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)

    def __str__(self) -> str:
        return str(REASONS[self.reason])


@dataclass
class Written:
    """A bundle that was written."""

    file: str
    receiver: str
    bytes: int
    records: int
    files: int
    left: int
    """Records that had no room within the limit."""
    files_left: int

    def __str__(self) -> str:
        words = _("%(file)s for %(receiver)s: %(records)d records, %(files)d files, %(size).1f MB") % {
            "file": self.file, "receiver": self.receiver, "records": self.records, "files": self.files,
            "size": self.bytes / 1e6,
        }  # fmt: skip
        if self.left or self.files_left:
            left = _("left for the next stick: %(records)d records, %(files)d files")
            words += "; " + left % {"records": self.left, "files": self.files_left}
        return words


@dataclass
class Read:
    """A bundle that was looked at."""

    file: str
    sender: str = ""
    records: int = 0
    chunks: int = 0
    """Of files."""
    aside: int = 0
    confirmed: int = 0
    """Own records that the hub has by its own word."""
    lost: int = 0
    reason: str = ""
    """Why it was refused: a key of `bundle.REASONS` or `REASONS`."""
    words: str = ""

    def __str__(self) -> str:
        if self.reason:
            return f"{self.file}: {self.words}"
        words = _("%(file)s from %(sender)s: %(records)d records, %(chunks)d chunks of files") % {
            "file": self.file, "sender": self.sender, "records": self.records, "chunks": self.chunks,
        }  # fmt: skip
        if self.confirmed:
            words += "; " + _("the hub has confirmed %(count)d records") % {"count": self.confirmed}
        if self.aside:
            words += "; " + _("%(count)d set aside for a person to look at") % {"count": self.aside}
        if self.lost:
            words += "; " + _("%(count)d that the hub has lost are sent again") % {"count": self.lost}
        return words


@dataclass
class Reading:
    """What came of a stick."""

    bundles: list[Read] = field(default_factory=list)
    """Of those for this node."""
    carried: dict[str, int] = field(default_factory=dict)
    """Receiver → bundles that stay on the stick for it."""
    unknown: list[str] = field(default_factory=list)
    """Files that say they are bundles and are none."""
    removed: list[str] = field(default_factory=list)
    """With `clean`."""

    @property
    def sound(self) -> bool:
        """Something was for this node, and all of it was taken in."""
        return bool(self.bundles) and not any(b.reason for b in self.bundles) and not self.unknown

    def __str__(self) -> str:
        lines = [str(b) for b in self.bundles] or [str(REASONS["empty"])]
        for receiver, count in sorted(self.carried.items()):
            lines.append(
                ngettext(
                    "%(count)d bundle for %(node)s stays on the stick",
                    "%(count)d bundles for %(node)s stay on the stick",
                    count,
                )
                % {"count": count, "node": receiver}
            )
        lines += self.unknown
        lines += [_("%(file)s was removed") % {"file": name} for name in self.removed]
        return "\n".join(lines)


def to_stick(
    path: Path, *, receiver: str = "", limit: int = 0, progress: Progress = lambda what, done, total: None
) -> list[Written]:
    """Write what waits for the hub, or (on a hub) for units: `receiver`, `all`, or those whose bundle was taken in.

    `limit`: bytes of each bundle, 0 for none. Raises `StickError`; no half bundle is left then.
    """
    if not path.is_dir():
        raise StickError("no_stick")
    return [_write(path, peer, limit, progress) for peer in _receivers(receiver)]


def _receivers(receiver: str) -> list[Peer]:
    peers = Peer.objects.filter(revoked=False).order_by("code")
    if not peers.exists():
        raise StickError("not_enrolled")
    if receiver and receiver != ALL:
        found = list(peers.filter(code=receiver))
        if not found:
            raise StickError("unknown_node")
    elif receiver == ALL:
        found = [p for p in peers if p.sealing_key]
    else:
        found = [p for p in peers if p.upward or p.heard]
    if not found:
        raise StickError("nobody")
    return found


def _write(path: Path, peer: Peer, limit: int, progress: Progress) -> Written:
    folder = path / FOLDER / _on_disk(peer.code)
    number = clock.now_ms()
    while (target := folder / f"{_on_disk(here().node)}-{number}{ENDING}").exists():
        number += 1
    total = _guess(peer, limit)
    name = str(target.relative_to(path))
    try:
        with _whole(target) as file:
            try:
                writer = bundle.Writer(
                    file, here().node, peer.code, number, clock.now_ms(), bytes(peer.sealing_key),
                    pki.signing_key(keys_folder()), Agreement(peer.version).version,
                )  # fmt: skip
            except ValueError as error:
                raise StickError("no_key") from error
            load = Load(writer, limit, lambda done: progress(name, min(done, total), total))
            (stick_unit if peer.upward else stick_hub).load(peer, load)
            writer.close()
    except OSError as error:
        raise StickError(_blame(error)) from error
    progress(name, total, total)
    log.info("a bundle of %d bytes for %s was written", writer.size, peer.code)
    return Written(name, peer.code, writer.size, load.written, load.files, load.left, load.files_left)


def _guess(peer: Peer, limit: int) -> int:
    """About how many bytes a bundle is going to have."""
    if peer.upward:
        records = Record._base_manager.filter(pending=True)
        size = records.aggregate(n=Sum(Length("header") + Length("fields")))["n"] or 0
        size += Blob._base_manager.filter(sent=False, complete=True).aggregate(n=Sum("size"))["n"] or 0
    else:
        size = 500 * Mail.objects.filter(to=peer.code, acked__isnull=True).count()
    return max(1, min(size, limit) if limit else size)


@contextmanager
def _whole(target: Path) -> Iterator[BinaryIO]:
    """A file that is there whole and durable, or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    mine = f".{target.name.rsplit('-', 1)[0]}-"
    with suppress(OSError):
        # What a process that was killed in the middle has left takes the room of whole bundles.
        for left in target.parent.glob(f"{mine}*.part"):
            left.unlink()
    fresh = target.with_name(f"{mine}{secrets.token_hex(6)}.part")
    try:
        with fresh.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, target)
        # Not every file system of a stick knows how to make a folder durable.
        with suppress(OSError):
            durable.folder(target.parent)
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def _blame(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "full"
    return "read_only" if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM) else "medium"


def _on_disk(code: str) -> str:
    # A code may be made of dots alone, and a stick's file system drops them at the end of a name.
    return code.replace(".", "_")


def from_stick(path: Path, *, clean: bool = False, progress: Progress = lambda what, done, total: None) -> Reading:
    """Take in every bundle that is for this node, oldest first; each wholly verified before anything of it is used.

    `clean` removes bundles that were taken in, and own ones of which a receipt says so. Raises `StickError`.
    """
    if not path.is_dir():
        raise StickError("no_stick")
    if not Peer.objects.exists():
        raise StickError("not_enrolled")
    found = Reading()
    mine: list[tuple[int, int, Path]] = []
    own: list[tuple[Header, Path]] = []
    for file in _files(path):
        name = str(file.relative_to(path))
        try:
            header = _header(file)
        except BundleError as error:
            found.unknown.append(f"{name}: {error}")
            continue
        if header.receiver == here().node:
            mine.append((header.time_ms, header.number, file))
        elif header.sender == here().node:
            own.append((header, file))
        else:
            found.carried[header.receiver] = found.carried.get(header.receiver, 0) + 1
    answered: set[int] = set()
    for _time, _number, file in sorted(mine):
        read, tally = _read(path, file, progress)
        found.bundles.append(read)
        answered |= tally.answered
        if clean and not read.reason and _remove(file):
            found.removed.append(read.file)
    for header, file in own:
        # The hub's receipt is in: it has taken this bundle, all of it.
        if clean and header.number in answered and _remove(file):
            found.removed.append(str(file.relative_to(path)))
        else:
            found.carried[header.receiver] = found.carried.get(header.receiver, 0) + 1
    return found


def _files(path: Path) -> Iterator[Path]:
    seen = 0
    for folder in sorted(p for p in (path / FOLDER).glob("*") if p.is_dir() and not p.is_symlink()):
        for file in sorted(folder.iterdir()):
            if file.name.lower().endswith(ENDING) and not file.name.startswith("."):
                seen += 1
                if seen > MAX_BUNDLES:
                    return
                yield file


@contextmanager
def _open(file: Path) -> Iterator[BinaryIO]:
    try:
        # A link or a pipe on a stranger's stick leads nowhere.
        number = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise BundleError("medium") from error
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise BundleError("not_a_bundle")
    with os.fdopen(number, "rb") as opened:
        yield opened


def _header(file: Path) -> Header:
    with _open(file) as opened:
        return bundle.read_header(opened)


def _read(path: Path, file: Path, progress: Progress) -> tuple[Read, Tally]:
    name = str(file.relative_to(path))
    read, tally = Read(name), Tally()
    try:
        with _open(file) as opened:
            found = Bundle(opened, here().node, pki.sealing_key(keys_folder()), _key_of)
            read.sender = found.header.sender
            total = 2 * found.size
            found.verify(lambda done: progress(name, done, total))
            peer = Peer.objects.get(code=read.sender)
            for part in found.parts(lambda done: progress(name, found.size + done, total)):
                if peer.upward:
                    stick_unit.take(peer, part, tally)
                else:
                    stick_hub.take(found.header, part, tally)
            stick_hub.finish(found.header, tally)
            erasing.try_to_settle()
            forgetting.try_to_settle()
            progress(name, total, total)
    except BundleError as error:
        read.reason, read.words = error.reason, str(error)
        log.warning("a bundle was refused: %s", error.reason)
    except (DatabaseError, OSError) as error:
        read.reason, read.words = "disk", str(REASONS["disk"])
        log.error("a bundle could not be taken in: %s", type(error).__name__)
    read.records, read.chunks, read.aside = tally.records, tally.chunks, tally.aside
    read.confirmed, read.lost = tally.confirmed, tally.lost
    if not read.reason:
        log.info("a bundle of %s was taken in: %d records", read.sender, read.records)
    return read, tally


def _key_of(sender: str) -> bytes:
    peer = Peer.objects.filter(code=sender).first()
    if peer is None:
        raise BundleError("unknown_sender")
    if peer.revoked:
        raise BundleError("revoked")
    return bytes(peer.signing_key)


def _remove(file: Path) -> bool:
    try:
        file.unlink()
    except OSError:
        return False
    return True
