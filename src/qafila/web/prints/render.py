"""HTML to PDF, in a process of its own: the fonts and shapers it loads would stay in a unit's web process for good.

`python -m qafila.web.prints.render` reads HTML from standard input and writes the PDF to standard output.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parent.parent / "static"
SECONDS = 60


class PrintFailed(Exception):
    """The page could not be made; the words say why."""


def pdf(html: str) -> bytes:
    """The PDF of a page. Raises `PrintFailed`."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "qafila.web.prints.render"],
            input=html.encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PrintFailed("too slow") from error
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        raise PrintFailed("no PDF")
    return done.stdout


def _bundled_only(url: str, *_: Any, **__: Any) -> dict[str, Any]:
    """Files of this package and nothing else: a page cannot make the node call anywhere."""
    if url.startswith("data:image/svg+xml"):
        from weasyprint import default_url_fetcher

        found: dict[str, Any] = default_url_fetcher(url)
        return found
    name = url.removeprefix("static:")
    file = (STATIC / name).resolve()
    if name == url or not file.is_relative_to(STATIC) or not file.is_file():
        raise ValueError("not a bundled file")
    return {"string": file.read_bytes(), "mime_type": "text/css" if file.suffix == ".css" else None}


def main() -> int:
    """Standard input to standard output."""
    import logging

    logging.disable()
    from weasyprint import HTML

    html = sys.stdin.buffer.read().decode()
    sys.stdout.buffer.write(HTML(string=html, base_url="static:", url_fetcher=_bundled_only).write_pdf())
    return 0


if __name__ == "__main__":
    sys.exit(main())
