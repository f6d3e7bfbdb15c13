"""Pictures and sounds are made ready in a process of their own: what it needs is bounded, and gone when it is done.

`python -m qafila.clinic.imaging.apart WORK` reads one line of JSON and the file from standard input, and writes one
line of JSON, then what was made, to standard output. WORK: `photo`, `sound`, `drawing`. A page's process stays small by
it: the libraries alone are a hundred megabytes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import orjson

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.photo import Exposure, Photo
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.imaging.sound import Sound, check_bounds

SECONDS = 60
MEMORY = 1_200_000_000
"""Address space of the process in bytes: 50 megapixels with transparency, and its libraries."""


def photo_of(data: bytes) -> Photo:
    """As `photo.prepare`, elsewhere. Raises `Refused`."""
    said, body = _elsewhere("photo", data, refused.BROKEN_PHOTO)
    master, exposure = said["master"], Exposure(said["exposure"])
    return Photo(body[:master], body[master:], said["width"], said["height"], said["blur"], exposure, said["detail"])


def sound_of(data: bytes) -> Sound:
    """As `sound.prepare`, elsewhere. Raises `Refused`."""
    check_bounds(data)
    said, body = _elsewhere("sound", data, refused.BROKEN_SOUND)
    return Sound(body, said["seconds"], said["channels"], tuple(said["doubts"]))


def drawing_of(flac: bytes, words: dict[str, str]) -> bytes:
    """As `sound.picture`, elsewhere. Raises `Refused`."""
    return _elsewhere("drawing", flac, refused.BROKEN_SOUND, words)[1]


def _elsewhere(
    work: str, data: bytes, broken: str, words: dict[str, str] | None = None
) -> tuple[dict[str, Any], bytes]:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "qafila.clinic.imaging.apart", work],
            input=orjson.dumps(words or {}) + b"\n" + data,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(broken) from error
    head, newline, body = done.stdout.partition(b"\n")
    if done.returncode or not newline:
        raise Refused(broken)
    said = orjson.loads(head)
    if "refused" in said:
        raise Refused(said["refused"], **said["values"])
    return said, body


def main() -> int:
    """Standard input to standard output."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    words, _, data = sys.stdin.buffer.read().partition(b"\n")
    try:
        said, made = WORK[sys.argv[1]](data, orjson.loads(words))
    except Refused as error:
        said, made = {"refused": error.reason, "values": error.values}, b""
    sys.stdout.buffer.write(orjson.dumps(said) + b"\n" + made)
    return 0


def _photo(data: bytes, words: dict[str, str]) -> tuple[dict[str, Any], bytes]:
    from qafila.clinic.imaging import photo

    made = photo.prepare(data)
    said: dict[str, Any] = {name: getattr(made, name) for name in ("width", "height", "blur", "detail")}
    return said | {"exposure": made.exposure.value, "master": len(made.master)}, made.master + made.preview


def _sound(data: bytes, words: dict[str, str]) -> tuple[dict[str, Any], bytes]:
    from qafila.clinic.imaging import sound

    made = sound.prepare(data)
    return {"seconds": made.seconds, "channels": made.channels, "doubts": made.doubts}, made.flac


def _drawing(data: bytes, words: dict[str, str]) -> tuple[dict[str, Any], bytes]:
    from qafila.clinic.imaging import sound

    return {}, sound.picture(data, words).encode()


WORK = {"photo": _photo, "sound": _sound, "drawing": _drawing}

if __name__ == "__main__":
    sys.exit(main())
