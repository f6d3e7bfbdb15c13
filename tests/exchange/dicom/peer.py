"""Other people's DICOM programs, as the tests call them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from pynetdicom import AE, _config
from pynetdicom.presentation import build_context

from tests.exchange.dicom.conftest import TITLE


def run(program: str, *arguments: Any, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """A program of dcmtk; output and status."""
    command = [program, *(str(a) for a in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, errors="replace")


def dcmtk(program: str, port: int, *more: Any, calling: str = "DEVICE", called: str = TITLE) -> Any:
    """A program of dcmtk against the node's port."""
    return run(program, "-aet", calling, "-aec", called, "localhost", port, *more)


def send(port: int, path: Path, calling: str = "DEVICE", called: str = TITLE) -> int | None:
    """C-STORE the bytes of a file as they are, in its own transfer syntax; the status, None where nobody answered."""
    from pydicom import dcmread

    meta = dcmread(path, stop_before_pixels=True).file_meta
    entity = AE(calling)
    entity.requested_contexts = [build_context(meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID)]
    association = entity.associate("127.0.0.1", port, ae_title=called)
    if not association.is_established:
        return None
    _config.STORE_SEND_CHUNKED_DATASET = True
    try:
        answer = association.send_c_store(path)
    finally:
        _config.STORE_SEND_CHUNKED_DATASET = False
        association.release()
    return int(answer.Status) if "Status" in answer else None
