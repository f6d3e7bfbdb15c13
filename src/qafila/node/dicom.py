"""The process at which imaging devices call: `python -m qafila.node.dicom DIR`, started by `qafila serve`.

It is started once the administrator has named a device: a node without instruments pays nothing for it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any


def main() -> int:
    """Serve until told to stop."""
    directory = Path(sys.argv[1]).absolute()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    os.environ["QAFILA_DIR"] = str(directory)
    os.environ["DJANGO_SETTINGS_MODULE"] = "qafila.node.settings"
    import django

    django.setup()
    return run(stop)


def run(stop: threading.Event) -> int:
    """Listen as the node says."""
    from qafila.exchange.dicom.scp import Node, Service
    from qafila.journal.here import here
    from qafila.node.directory import current

    directory = current()
    address = str(directory.facts.get("listen", "0.0.0.0"))  # noqa: S104 - devices reach the unit over its network
    node = Node(here(), Service(directory.dicom_title, address, directory.dicom_port, _tls(directory)))
    node.start()
    serving = threading.Thread(target=node.serve, name="dicom-server", daemon=True)
    serving.start()
    stop.wait()
    node.stop()
    return 0


def _tls(directory: Any) -> Any:
    if directory.dicom_tls == "no":
        return None
    import ssl

    keys = directory.path / "keys"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # DICOM PS3.15 annex B.12 (BCP 195): 1.2 at least, as many devices have nothing newer
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(keys / "pages.crt", keys / "pages.pem")
    if directory.dicom_tls == "mutual":
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(keys / "ca.crt")
    return context


if __name__ == "__main__":
    sys.exit(main())
