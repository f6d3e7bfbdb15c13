"""Other people's programs, as the machine has them."""

from __future__ import annotations

import os
import shutil
import sys
from functools import cache
from pathlib import Path


@cache
def installed(name: str) -> str:
    """Where the machine's own program of that name is: Python packages of ours bring some of the same name (pynetdicom
    its own `storescu`), which come first where the environment is activated. Raises `FileNotFoundError`."""
    ours = Path(sys.prefix, "bin").resolve()
    folders = [one for one in os.get_exec_path() if Path(one).resolve() != ours]
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        raise FileNotFoundError(name)
    return found
