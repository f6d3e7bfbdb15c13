"""A server's threads read packs at the same moment, in a process that has just begun."""

from __future__ import annotations

import subprocess
import sys

READ = """
import sys, threading
from qafila.packs import load
sys.setswitchinterval(1e-6)
together = threading.Barrier(6)
def read(profile):
    together.wait()
    load.profile(profile)
    for code in load.specialties()[:2]:
        load.specialty(code)
threads = [threading.Thread(target=read, args=(p,)) for p in ("unit", "hub") * 3]
for one in threads: one.start()
for one in threads: one.join()
"""
TIMES = 12
"""Of forty such processes nine died where nothing kept the threads apart."""


def test_no_process_dies_of_two_threads_that_read_the_same_pack() -> None:
    for _ in range(TIMES):
        subprocess.run([sys.executable, "-c", READ], check=True, timeout=60)
