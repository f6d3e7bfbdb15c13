"""1,000 CT slices in one association: this node beside Debian's Orthanc, in one run on one machine.

    qafila bench dicom [--json] [--slices N] [--rounds N]

The slices are pydicom's CT_small with numbers of their own; dcmtk's `storescu` sends the same files to both, one after
the other, each answered before the next leaves. A slice counts when its sender was told *success*: here that means one
commit of the encrypted database on the disk (write-ahead log, synced); Orthanc syncs each file (`SyncStorageArea`), not
its folder and not its index, so that it promises less.

The rounds take turns, who is first changes. Each sends twice: as dcmtk comes, whose `storescu` holds back the end of a
message until TCP has acknowledged its beginning (Nagle), and with `TCP_NODELAY=1`, where nobody waits for that. The
bar, 0.8 of Orthanc's rate, is held against the second, at which Orthanc is quickest. Ratios are those of a round.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from importlib import metadata
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from bench.ports import free_ports
from bench.programs import installed
from qafila.node.create import create, environment
from qafila.node.directory import NodeDirectory

BAR = 0.8
WAYS = {"nagle": "0", "nodelay": "1"}
"""How `storescu` sends, and the value of its `TCP_NODELAY`; dcmtk as it comes is the first."""


def main() -> int:
    """Measure and print; exit status 1 below the bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--slices", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qafila-bench-dicom-") as folder:
        found = measured(Path(folder), arguments.slices, arguments.rounds)
    print(json.dumps(found, indent=2) if arguments.json else table(found))
    return 0 if found["ratio"] >= BAR else 1


def measured(folder: Path, slices: int, rounds: int) -> dict[str, Any]:
    """Slices a second of both, by rounds and by how they are sent."""
    rates: dict[str, dict[str, list[float]]] = {way: {"qafila": [], "orthanc": []} for way in WAYS}
    node, orthanc = Node(folder / "node"), Orthanc(folder / "orthanc")
    try:
        node.ready()
        orthanc.ready()
        for number in range(rounds):
            turns: list[tuple[str, Any]] = [("qafila", node), ("orthanc", orthanc)]
            for way, nodelay in WAYS.items():
                files = series(folder / "series", slices)
                for name, peer in turns if number % 2 else turns[::-1]:
                    rates[way][name].append(slices / sent(peer.title, peer.port, files, nodelay))
                shutil.rmtree(files)
        kept = {"qafila": node.count(), "orthanc": orthanc.count()}
    finally:
        node.stop()
        orthanc.stop()
    return {
        "slices": slices,
        "ways": {way: compared(found) for way, found in rates.items()},
        "ratio": compared(rates["nodelay"])["ratio"]["median"],
        "bar": BAR,
        "durable": {"qafila": "commit of SQLCipher, WAL, synchronous=FULL", "orthanc": "SyncStorageArea=true"},
        "kept": kept,
        "sent": slices * rounds * len(WAYS),
        "load": os.getloadavg(),
        "versions": {
            "qafila": metadata.version("qafila"), "pynetdicom": metadata.version("pynetdicom"),
            "orthanc": version("Orthanc"), "storescu": version("storescu"), "python": platform.python_version(),
            "processors": os.cpu_count(),
        },
    }  # fmt: skip


def compared(rates: dict[str, list[float]]) -> dict[str, Any]:
    """Rates of both, and their ratio: least, middle and greatest of the rounds."""
    ratios = [ours / theirs for ours, theirs in zip(rates["qafila"], rates["orthanc"], strict=True)]
    found: dict[str, Any] = {name: spread(some, 1) for name, some in rates.items()}
    return found | {"ratio": spread(ratios, 2)}


def spread(some: list[float], digits: int) -> dict[str, float]:
    """Least, middle and greatest."""
    three = {"min": min(some), "median": statistics.median(some), "max": max(some)}
    return {name: round(value, digits) for name, value in three.items()}


def series(folder: Path, slices: int) -> Path:
    """So many slices of one series as files."""
    folder.mkdir()
    found = dcmread(str(get_testdata_file("CT_small.dcm")))
    found.StudyInstanceUID, found.SeriesInstanceUID = generate_uid(), generate_uid()
    found.PatientName, found.PatientID = "Synthetic^Person", ""
    for number in range(slices):
        found.SOPInstanceUID = found.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        found.InstanceNumber = number + 1
        found.save_as(folder / f"{number:05}.dcm")
    return folder


def sent(title: str, port: int, files: Path, nodelay: str = "0") -> float:
    """Seconds that `storescu` takes for a folder, in one association."""
    command = [installed("storescu"), "-aet", "DEVICE", "-aec", title, "+sd", "localhost", str(port), str(files)]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"TCP_NODELAY": nodelay})
    return time.perf_counter() - start


class Node:
    """A unit with its DICOM process."""

    title = "QAFILA-U1"

    def __init__(self, path: Path) -> None:
        self.port, pages = free_ports(2)
        self.directory: NodeDirectory = create("unit", path, code="U1", country="morocco", port=pages)
        facts = path / "node.toml"
        facts.write_text(f'dicom_port = {self.port}\nlisten = "127.0.0.1"\n' + facts.read_text())
        self.directory = NodeDirectory(path)
        self._django("from qafila.exchange.dicom.models import Peer; Peer.objects.create(title='DEVICE', name='bench')")
        (path / "dicom").touch()
        command = [sys.executable, "-m", "qafila.node.dicom", str(path)]
        self.log = (path / "log").open("wb")
        self.process = subprocess.Popen(command, env=environment(self.directory), stdout=self.log, stderr=self.log)

    def _django(self, code: str) -> str:
        command = [sys.executable, "-c", f"import django; django.setup(); {code}"]
        done = subprocess.run(command, env=environment(self.directory), check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def ready(self) -> None:
        """Wait until it answers."""
        wait(self.title, self.port)

    def count(self) -> int:
        """Objects that it holds."""
        code = "from qafila.exchange.dicom.models import Arrived; print(Arrived.objects.count())"
        return int(self._django(code))

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(60)
        self.log.close()


class Orthanc:
    """Debian's Orthanc as it comes, without plugins."""

    title = "ORTHANC"

    def __init__(self, path: Path) -> None:
        self.port, self.http = free_ports(2)
        path.mkdir()
        facts = {
            "StorageDirectory": str(path / "db"), "IndexDirectory": str(path / "db"), "DicomPort": self.port,
            "DicomAet": self.title, "HttpPort": self.http, "AuthenticationEnabled": False, "Plugins": [],
            "DicomAlwaysAllowStore": True, "SyncStorageArea": True,
        }  # fmt: skip
        (path / "orthanc.json").write_text(json.dumps(facts))
        self.log = (path / "log").open("wb")
        self.process = subprocess.Popen(["Orthanc", str(path / "orthanc.json")], stdout=self.log, stderr=self.log)

    def ready(self) -> None:
        """Wait until it answers."""
        wait(self.title, self.port)

    def count(self) -> int:
        """Objects that it holds."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/statistics") as answer:
            return int(json.load(answer)["CountInstances"])

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(60)
        self.log.close()


def wait(title: str, port: int) -> None:
    """Until a C-ECHO is answered."""
    command = [installed("echoscu"), "-aet", "DEVICE", "-aec", title, "localhost", str(port)]
    for _ in range(600):
        if subprocess.run(command, check=False, capture_output=True).returncode == 0:
            return
        time.sleep(0.2)
    raise SystemExit(f"{title} does not answer")


def version(program: str) -> str:
    """What a program says it is."""
    done = subprocess.run([installed(program), "--version"], check=False, capture_output=True, text=True)
    return (done.stdout or done.stderr).splitlines()[0].strip().strip("$ ")


def table(found: dict[str, Any]) -> str:
    """For people."""
    lines = [f"{found['slices']} CT slices in one association, slices a second: least, middle, greatest of the rounds"]
    for way, rates in found["ways"].items():
        lines += [f"  {way:8} {name:8}" + "".join(f"{v:9.2f}" for v in some.values()) for name, some in rates.items()]
    lines.append(f"  ratio {found['ratio']} (bar {found['bar']}), kept {found['kept']} of {found['sent']}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
