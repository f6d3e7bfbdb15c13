"""Photographs kept with a visit: check and reason, place, original, marks."""

from __future__ import annotations

from io import BytesIO

import numpy
import pytest
import skimage.data
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from qafila.clinic.imaging import apart, bare, marks, originals, photo, taking
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.models import Attachment, Mark
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits import acts
from qafila.journal import blobs
from qafila.journal.models import Blob, Label
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from tests.clinic.conftest import Crew, new_person
from tests.clinic.imaging.imaging_files import camera_jpeg, png_bomb

RETINA = Image.fromarray(skimage.data.retina())
ASTRONAUT = Image.fromarray(skimage.data.astronaut())


def written(picture: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    out = BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def test_a_doubtful_picture_needs_a_reason_that_is_kept(crew: Crew) -> None:
    visit = crew.visit()
    blurred = written(ASTRONAUT.filter(ImageFilter.GaussianBlur(6)))
    with pytest.raises(taking.Doubted) as caught:
        taking.keep_photo(visit, crew.nurse, blurred, view="close", site="left_forearm")
    assert caught.value.photo.doubts == ("blurred",) and not Attachment.objects.exists()
    for wrong in ({"kept": "no such reason"}, {"words": "  "}):
        with pytest.raises(taking.Doubted):
            taking.keep_photo(visit, crew.nurse, blurred, **wrong)
    row = taking.keep_photo(visit, crew.nurse, blurred, view="close", site="left_forearm", kept="moves")
    assert (row.view, row.site, row.kind_of_file) == ("close", "left_forearm", "photo")
    assert row.quality["doubts"] == ["blurred"] and row.quality["kept"] == "moves" and row.quality["blur"] > 0.45
    sharp = taking.keep_photo(visit, crew.nurse, written(ASTRONAUT), site="genitals")
    assert sharp.quality["doubts"] == [] and sharp.label == Label.RESTRICTED
    with pytest.raises(Refusal):
        taking.keep_photo(visit, crew.nurse, written(ASTRONAUT), site="wing")
    with pytest.raises(NotAllowed):
        taking.keep_photo(visit, crew.coordinator, written(ASTRONAUT))
    with pytest.raises(Refused):
        taking.keep_photo(visit, crew.nurse, b"%PDF-1.4 %%EOF")


def test_the_original_stays_on_the_unit_until_it_is_asked_for(crew: Crew) -> None:
    camera = camera_jpeg(RETINA.resize((2600, 2600)))
    row = taking.keep_photo(crew.visit(), crew.nurse, camera)
    original = Blob.objects.get(sha256=row.original)
    assert original.stays and original.complete and original.sent
    assert not Blob.objects.filter(sent=False, sha256=row.original).exists()
    data = blobs.read(row.original)
    assert b"GPS" not in data and b"Owner" not in data
    assert numpy.array_equal(numpy.asarray(Image.open(BytesIO(data))), numpy.asarray(Image.open(BytesIO(camera))))
    assert originals.drop_old() == 0
    originals.ask(row, crew.nurse)
    originals.ask(row, crew.nurse)
    came = originals.came(row)
    assert came is not None and came.sha256 == row.original and Attachment.objects.count() == 2
    freed = Blob.objects.get(sha256=row.original)
    assert not freed.stays and not freed.sent and freed.lane == 4
    with pytest.raises(Refusal):
        originals.ask(came, crew.nurse)


def test_an_original_that_nobody_asks_for_is_dropped(crew: Crew) -> None:
    row = taking.keep_photo(crew.visit(), crew.nurse, camera_jpeg(RETINA.resize((2600, 2600))))
    Blob.objects.filter(sha256=row.original).update(added=clock.now() - originals.KEPT * 2)
    assert originals.drop_old() == 1
    assert not blobs.have(row.original) and blobs.have(row.sha256)
    originals.ask(row, crew.nurse)
    assert originals.came(row) is None


def test_marks_stand_beside_the_pixels_and_move_with_the_visit(crew: Crew) -> None:
    visit = crew.visit()
    row = taking.keep_photo(visit, crew.nurse, written(ASTRONAUT))
    before = blobs.read(row.sha256)
    arrow = marks.mark(row, crew.nurse, "arrow", (100, 200), (300, 400))
    word = marks.mark(row, crew.doctor, "text", (10, 20), (10, 20), "  scale here ")
    assert word.text == "scale here" and marks.marks_of(row) == [arrow, word]
    assert blobs.read(row.sha256) == before
    for shape, start, end, text in (
        ("star", (1, 1), (2, 2), ""), ("circle", (1, 1), (2, 1001), ""), ("text", (1, 1), (1, 1), " "),
    ):  # fmt: skip
        with pytest.raises(Refusal):
            marks.mark(row, crew.nurse, shape, start, end, text)
    with pytest.raises(Refusal):
        marks.take_away(arrow, crew.doctor)
    marks.take_away(arrow, crew.nurse)
    assert marks.marks_of(row) == [word]
    from qafila.journal.write import writing

    with writing(None, "setup") as write:
        other = write.save(new_person(clock.now().date().replace(year=1990, day=1)))
    moved = acts.move_visit(visit, other, crew.doctor, "wrong person")
    copy = Attachment.objects.get(visit_id=moved.pk)
    assert [(m.text, m.person_id) for m in marks.marks_of(copy)] == [("scale here", other.pk)]
    assert Mark.objects.filter(attachment_id=row.pk, status="final").count() == 0


def test_elsewhere_is_as_here_and_bounded() -> None:
    for data in (written(ASTRONAUT), png_bomb(7000, 7000)):
        assert apart.photo_of(data) == photo.prepare(data)
    for bad in (png_bomb(4000, 4000)[:-1000], png_bomb(10_000, 10_000), b"", b"\xff\xd8\xff"):
        with pytest.raises(Refused) as here:
            photo.prepare(bad)
        with pytest.raises(Refused) as there:
            apart.photo_of(bad)
        assert str(here.value) == str(there.value)


@pytest.mark.parametrize("kind", ["retina", "noise", "plain", "half"])
def test_bytes_and_compression_hold_together(kind: str) -> None:
    noise = numpy.random.default_rng(3).integers(0, 256, (1500, 1600, 3), dtype="uint8")
    half = noise.copy()
    half[:900] = 128
    pictures = {
        "retina": RETINA, "noise": Image.fromarray(noise), "plain": Image.new("RGB", (1600, 1200), "tan"),
        "half": Image.fromarray(half).filter(ImageFilter.GaussianBlur(1)),
    }  # fmt: skip
    made = photo.prepare(written(pictures[kind], "PNG"))
    raw = made.width * made.height * 3
    assert len(made.master) <= photo.MASTER_BYTES
    best = len(photo.encode(Image.open(BytesIO(made.master)), 95) or b"")
    assert raw <= 20 * len(made.master) or best <= len(made.master) * 1.02


@given(st.binary(max_size=300), st.integers(0, 60_000), st.integers(0, 255))
@example(b"", 21, 0)
@example(b"", 21, 0xDB)
@example(b"", 21, 0xCC)
@settings(max_examples=60)
def test_stripping_damaged_files_refuses_or_gives_a_bare_file(junk: bytes, at: int, value: int) -> None:
    data = bytearray(CAMERA)
    data[at % len(data)] = value
    for candidate in (bytes(data), CAMERA[: at % len(CAMERA)], b"\xff\xd8" + junk, bare.PNG + junk):
        try:
            stripped = bare.bare(candidate, 6)
        except Refused:
            continue
        assert b"Owner Of The Phone" not in stripped


CAMERA = camera_jpeg(ASTRONAUT.resize((120, 120)))


def test_stripping_keeps_pixels_profile_and_orientation_and_nothing_else() -> None:
    film = camera_jpeg(ASTRONAUT) + b"\0\0\0\x18ftypmp42" + b"film" * 50
    stripped = bare.bare(film, 6)
    opened = Image.open(BytesIO(stripped))
    assert opened.getexif().get(0x0112) == 6 and len(opened.getexif()) == 1
    assert stripped.endswith(b"\xff\xd9") and b"film" not in stripped
    png = written(ASTRONAUT, "PNG", exif=Image.open(BytesIO(film)).getexif())
    assert b"eXIf" in png and b"eXIf" not in bare.bare(png)
