"""A heavy picture is made ready in a process of its own: what it needs is bounded, and gone when it is done.

`python -m qafila.clinic.imaging.apart` reads a picture from standard input and writes one line of JSON, then the master
and the preview, to standard output.
"""

from __future__ import annotations

import subprocess
import sys

import orjson

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.photo import Exposure, Photo
from qafila.clinic.imaging.refused import Refused

SECONDS = 60
MEMORY = 1_200_000_000
"""Address space of the process in bytes: 50 megapixels with transparency, and its libraries."""


def prepare(data: bytes) -> Photo:
    """As `photo.prepare`, elsewhere. Raises `Refused`."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "qafila.clinic.imaging.apart"],
            input=data,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(refused.BROKEN_PHOTO) from error
    head, newline, body = done.stdout.partition(b"\n")
    if done.returncode or not newline:
        raise Refused(refused.BROKEN_PHOTO)
    said = orjson.loads(head)
    if "refused" in said:
        raise Refused(said["refused"], **said["values"])
    size = said["master"]
    exposure = Exposure(said["exposure"])
    return Photo(body[:size], body[size:], said["width"], said["height"], said["blur"], exposure, said["detail"])


def main() -> int:
    """Standard input to standard output."""
    import resource

    from qafila.clinic.imaging import photo
    from qafila.clinic.imaging.sniff import open_photo

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        made = photo.made_of(open_photo(sys.stdin.buffer.read()))
    except Refused as error:
        sys.stdout.buffer.write(orjson.dumps({"refused": error.reason, "values": error.values}) + b"\n")
        return 0
    said: dict[str, object] = {name: getattr(made, name) for name in ("width", "height", "blur", "detail")}
    said |= {"exposure": made.exposure.value, "master": len(made.master)}
    sys.stdout.buffer.write(orjson.dumps(said) + b"\n" + made.master + made.preview)
    return 0


if __name__ == "__main__":
    sys.exit(main())
