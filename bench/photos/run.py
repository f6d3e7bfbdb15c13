"""The quality gate of photographs over sharp, blurred, dark and bright sets of scikit-image's own pictures.

    bench/photos/run.py [--json]

Each picture is brought to five sizes: made smaller where it is larger, mirrored side by side where it is smaller, never
enlarged (that would blur it). A blurred one is a Gaussian of sigma 2 at the size at which it is measured (640 px on the
longest side, or its own where it is smaller). Exit code 1 where less than 95 % is right on blur at sigma 2.

Peer: skimage.measure.blur_effect on the same pixels. Memory: the largest resident size of a process that opens
and scales a photograph of 12 megapixels, of one that makes it ready with our gate, and of one that asks the peer.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy
from PIL import Image, ImageFilter

BAR = 0.95
SIZES = (480, 640, 1024, 1600, 2000)
PICTURES = (
    "astronaut", "brick", "camera", "chelsea", "coffee", "coins", "grass", "gravel", "immunohistochemistry", "retina",
    "rocket",
)  # fmt: skip
"""What comes with scikit-image and is a photograph of things in the light: neither drawings, nor stars, nor
the one that is blurred on purpose."""
SIGMAS = (1.0, 2.0, 3.0)
DARK = 0.2
BURNT = 0.4
"""Share of the picture that is burnt out in the bright set."""


def main() -> int:
    """Measure and print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--json", action="store_true")
    asked.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    args = asked.parse_args()
    if args.memory:
        return memory(*args.memory)
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        noise = numpy.random.default_rng(1).integers(90, 160, (300, 400, 3), dtype="uint8")
        Image.fromarray(noise).resize((4000, 3000)).save(file.name, "JPEG", quality=92)
        needed = {what: of_process(what, file.name) for what in ("open", "prepare", "peer")}
    report = measure() | {"memory_mb": needed}
    print(json.dumps(report, indent=2) if args.json else table(report))
    return int(report["right_on_blur"] < BAR)


def sources() -> dict[str, Image.Image]:
    """Scikit-image's photographs that come with it."""
    import skimage.data

    found = {}
    for name in PICTURES:
        pixels = getattr(skimage.data, name)()
        found[name] = Image.fromarray(pixels).convert("RGB")
    return found


def at_size(picture: Image.Image, side: int) -> Image.Image:
    """The picture with `side` pixels on its longest side, without ever enlarging it."""
    tiles = -(-side // max(picture.size))
    if tiles > 1:
        pixels = numpy.asarray(picture)
        row = numpy.concatenate([pixels[:, :: -1 if n % 2 else 1] for n in range(tiles)], axis=1)
        picture = Image.fromarray(numpy.concatenate([row[:: -1 if n % 2 else 1] for n in range(tiles)], axis=0))
    scale = side / max(picture.size)
    return picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)


def worsened(picture: Image.Image, how: str) -> Image.Image:
    """The picture blurred (`sigma 2.0`), `dark`, `bright`, or as it is (`sharp`)."""
    if how.startswith("sigma"):
        return picture.filter(ImageFilter.GaussianBlur(float(how.split()[1]) * max(1.0, max(picture.size) / 640)))
    if how == "bright":
        grey = numpy.asarray(picture.convert("L"))
        gain = 255 / max(1.0, float(numpy.quantile(grey[grey >= 12], 1 - BURNT)))
        return picture.point(lambda v: min(255, int(v * gain + 1)))
    return picture.point(lambda v: int(v * DARK)) if how == "dark" else picture


def right(how: str, doubts: tuple[str, ...]) -> bool:
    """Whether the gate said what it should."""
    if how.startswith("sigma"):
        return "blurred" in doubts
    return how in doubts if how in ("dark", "bright") else not doubts


def measure(names: tuple[str, ...] = PICTURES, sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Shares that are right by set and size, and how far the measure is from its peer's."""
    import skimage
    from skimage.measure import blur_effect

    from qafila.clinic.imaging import photo

    sets = ("sharp", *(f"sigma {s}" for s in SIGMAS), "dark", "bright")
    told: dict[str, dict[str, list[bool]]] = {how: {str(size): [] for size in sizes} for how in sets}
    apart, seconds, count = 0.0, 0.0, 0
    for name, picture in sources().items():
        if name not in names:
            continue
        for size in sizes:
            base = at_size(picture, size)
            for how in sets:
                shown = worsened(base, how)
                start = time.perf_counter()
                blur, light = photo.blur_of(shown), photo.exposure_of(shown)
                seconds += time.perf_counter() - start
                count += 1
                doubts = photo.Photo(b"", b"", 1, 1, blur, light, photo.detail_of(shown)).doubts
                told[how][str(size)].append(right(how, doubts))
            grey = shown_at_640(base)
            apart = max(apart, abs((photo.blur_of(base) or 0) - float(blur_effect(numpy.asarray(grey) / 255.0))))
    at_two, sharp = told["sigma 2.0"], told["sharp"]
    said = [one for size in sizes for one in (*at_two[str(size)], *sharp[str(size)])]
    shares = {how: {size: round(sum(ok) / len(ok), 3) for size, ok in of.items()} for how, of in told.items()}
    return {
        "pictures": len(names),
        "right_on_blur": round(sum(said) / len(said), 4),
        "bar": BAR,
        "threshold": photo.BLUR_WARNING,
        "right": shares,
        "peer": f"scikit-image {skimage.__version__} blur_effect",
        "furthest_from_peer": round(apart, 5),
        "gate_ms": round(1000 * seconds / count, 1),
    }


def shown_at_640(picture: Image.Image) -> Image.Image:
    """As the gate looks at it."""
    grey = picture.convert("L")
    scale = 640 / max(grey.size)
    if scale >= 1:
        return grey
    return grey.resize((round(grey.width * scale), round(grey.height * scale)), Image.Resampling.LANCZOS)


def of_process(what: str, path: str) -> int:
    """Largest resident size in MB of a fresh process that does it."""
    done = subprocess.run(
        [sys.executable, __file__, "--memory", what, path], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def memory(what: str, path: str) -> int:
    """Print what this process needed for a photograph: opened and scaled, made ready as a whole, or asked the peer."""
    if what == "prepare":
        from qafila.clinic.imaging import photo

        photo.prepare(Path(path).read_bytes())
    else:
        picture = Image.open(path)
        picture.draft("L", (2000, 1500))
        small = numpy.asarray(picture.convert("L").resize((640, 480))) / 255.0
        if what == "peer":
            from skimage.measure import blur_effect

            blur_effect(small)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    return 0


def table(report: dict[str, Any]) -> str:
    """The report as lines."""
    sizes = list(next(iter(report["right"].values())))
    lines = ["set        " + "".join(f"{size:>8}" for size in sizes)]
    lines += [f"{how:<11}" + "".join(f"{of[size]:>8.0%}" for size in sizes) for how, of in report["right"].items()]
    lines.append(f"right on blur at sigma 2 (sharp and blurred together): {report['right_on_blur']:.1%}")
    lines.append(f"furthest from {report['peer']}: {report['furthest_from_peer']}; {report['gate_ms']} ms a picture")
    needed = report["memory_mb"]
    lines.append(f"memory: opened {needed['open']} MB, made ready {needed['prepare']} MB, peer {needed['peer']} MB")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
