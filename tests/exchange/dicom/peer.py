"""Other people's DICOM programs, as the tests call them."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pynetdicom import AE, _config
from pynetdicom.presentation import build_context

from bench.ports import free_ports
from bench.programs import installed
from qafila.exchange.dicom.reactor import STEADY
from tests.exchange.dicom.conftest import TITLE


def run(program: str, *arguments: Any, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """A program of dcmtk; output and status."""
    command = [installed(program), *(str(a) for a in arguments)]
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
    association = entity.associate("127.0.0.1", port, ae_title=called, evt_handlers=[STEADY])
    if not association.is_established:
        return None
    _config.STORE_SEND_CHUNKED_DATASET = True
    try:
        answer = association.send_c_store(path)
    finally:
        _config.STORE_SEND_CHUNKED_DATASET = False
        association.release()
    return int(answer.Status) if "Status" in answer else None


@contextmanager
def orthanc_beside(folder: Path, title: str, our_port: int) -> Iterator[tuple[int, int]]:
    """Debian's Orthanc, which knows a node of ours as `ours`; its DICOM and HTTP ports."""
    port, http = free_ports(2)
    facts = {
        "StorageDirectory": str(folder / "db"), "IndexDirectory": str(folder / "db"), "DicomPort": port,
        "HttpPort": http, "DicomAet": "ORTHANC", "AuthenticationEnabled": False, "Plugins": [],
        "DicomModalities": {"ours": [title, "127.0.0.1", our_port]},
    }  # fmt: skip
    (folder / "orthanc.json").write_text(json.dumps(facts))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["Orthanc", str(folder / "orthanc.json")], stdout=log, stderr=log)
        try:
            while dcmtk("echoscu", port, called="ORTHANC").returncode:
                assert process.poll() is None
            yield port, http
        finally:
            process.terminate()
            process.wait(30)


def ask(http: int, path: str, data: bytes) -> Any:
    """What Orthanc answers over HTTP."""
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{http}{path}", data=data)) as answer:
        return json.load(answer)
