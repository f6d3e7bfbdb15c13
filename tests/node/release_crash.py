"""`launch`, killed at its N-th step on the disk or start of a process: `release_crash.py N LAUNCH ROOT NODE`; 0: never.

A step is what Python's audit hooks report: opening for writing, renaming, removing, linking, starting a program.
"""

import importlib.util
import os
import signal
import sys
from pathlib import Path

at = int(sys.argv[1])
found = importlib.util.spec_from_file_location("launch", sys.argv[2])
launch = importlib.util.module_from_spec(found)
sys.modules["launch"] = launch
found.loader.exec_module(launch)
launch.LOOK_S, launch.READY_S, launch.STOP_S = 0.01, 5.0, 5.0
steps = 0
STEPS = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink", "subprocess.Popen", "shutil.rmtree"}


def count(event, args):
    global steps
    writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
    if event in STEPS or writes:
        steps += 1
        if steps == at:
            os.kill(os.getpid(), signal.SIGKILL)


if at:
    sys.addaudithook(count)
sys.exit(launch.Program(Path(sys.argv[3]), Path(sys.argv[4])).run())
