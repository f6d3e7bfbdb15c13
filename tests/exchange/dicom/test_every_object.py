"""Every object of pydicom's test set: what can be stored comes back bit for bit, what cannot is refused."""

from __future__ import annotations

import warnings
from pathlib import Path

from pydicom import data as pydicom_data
from pydicom import dcmread
from pynetdicom import AE, _config
from pynetdicom.presentation import build_context

from qafila.exchange.dicom.models import Arrived
from qafila.exchange.dicom.reactor import STEADY
from qafila.exchange.dicom.reading import NotKept, claim
from tests.exchange.dicom.conftest import TITLE, Station

FILES = Path(str(pydicom_data.__file__)).parent / "test_files"
LARGEST = 1_500_000


def body(path: Path) -> bytes | None:
    """The data set of a file without its file meta information; None for what is no DICOM file."""
    data = path.read_bytes()
    if data[128:132] != b"DICM":
        return None
    length = int.from_bytes(data[140:144], "little") if data[132:136] == b"\2\0\0\0" else None
    return data[144 + length :] if length is not None else None


def test_what_is_stored_is_given_back_bit_for_bit_and_the_rest_is_refused(station: Station) -> None:
    _config.STORE_SEND_CHUNKED_DATASET = True
    kept = refused = 0
    files = sorted(path for path in FILES.rglob("*") if path.is_file())
    sent: dict[Path, int] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            groups = _by_context([p for p in files if p.stat().st_size < LARGEST])
            for some in groups:
                sent |= _send(station.port, some)
    finally:
        _config.STORE_SEND_CHUNKED_DATASET = False
    held = [bytes(row.data or b"") for row in Arrived.objects.all()]
    for path, status in sent.items():
        storable = _storable(path)
        assert (status == 0) == storable, (path.name, hex(status))
        if storable:
            whole = body(path)
            assert whole and any(data.endswith(whole) for data in held), path.name
            kept += 1
        else:
            refused += 1
    assert kept > 60 and refused > 0, (kept, refused)


def _storable(path: Path) -> bool:
    """Whether the file is a whole object, of the class that its meta information (and so its message) names."""
    meta = dcmread(path, stop_before_pixels=True, force=True).file_meta
    try:
        claim(path.read_bytes(), str(meta.MediaStorageSOPClassUID))
    except NotKept:
        return False
    return True


def _by_context(files: list[Path]) -> list[list[tuple[Path, str, str]]]:
    """Files that name their class and syntax, in groups whose contexts fit into one association."""
    found: list[tuple[Path, str, str]] = []
    for path in files:
        if body(path) is None:
            continue
        meta = dcmread(path, stop_before_pixels=True, force=True).file_meta
        if all(meta.get(key) for key in ("MediaStorageSOPClassUID", "TransferSyntaxUID", "MediaStorageSOPInstanceUID")):
            found.append((path, str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID)))
    contexts = sorted({(c, s) for _, c, s in found})
    parts = [set(contexts[i : i + 100]) for i in range(0, len(contexts), 100)]
    return [[one for one in found if one[1:] in part] for part in parts]


def _send(port: int, some: list[tuple[Path, str, str]]) -> dict[Path, int]:
    """Status of each; an association that the node ends is opened anew, and what ended it counts as refused."""
    entity = AE("DEVICE")
    entity.dimse_timeout = 120
    entity.requested_contexts = [build_context(c, s) for c, s in sorted({one[1:] for one in some})]
    found: dict[Path, int] = {}
    association = entity.associate("127.0.0.1", port, ae_title=TITLE, evt_handlers=[STEADY])
    accepted = {(c.abstract_syntax, c.transfer_syntax[0]) for c in association.accepted_contexts}
    for path, sop_class, syntax in some:
        if (sop_class, syntax) not in accepted:
            continue
        if not association.is_established:
            association = entity.associate("127.0.0.1", port, ae_title=TITLE, evt_handlers=[STEADY])
        answer = association.send_c_store(path)
        found[path] = int(answer.Status) if "Status" in answer else 0xFFFF
    association.release()
    return found
