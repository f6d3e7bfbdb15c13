"""What is written on a node of the bed, by the real acts, in a process of that node (QAFILA_DIR).

    python -m bench.sync.acts found | past COUNT SEED | day COUNT SEED | case SEED | ecg SEED RATE | strip NAME |
                              images MEGABYTES SEED | runs

Prints one line of JSON.
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import Any

import django

from bench.sync.workload import Consultation, consultations

UNIT = "U1"
CREW = ("assistant", "nurse", "doctor")
FOUNDED_DAYS_AGO = 40
ECGS, PHOTOS = 6, 20
INTAKE = {
    "duration_days": 1, "course": "worse", "allergy": "none", "risk_factors": ["none"], "known_heart": ["none"],
    "rheumatic_fever": "no", "stroke_signs": ["none"], "pain": False, "dyspnoea_class": "nyha4", "dyspnoea_new": True,
    "syncope": False, "palpitations": "none",
}  # fmt: skip


def found(pages_url: str, sync_url: str) -> dict[str, Any]:
    """On the hub: a unit with its crew, a specialist on duty, and the code by which the unit's box joins."""
    from qafila.kernel import clock
    from qafila.packs import load
    from qafila.registry.places.here import country
    from qafila.registry.staff.acts import create_staff, set_duty
    from qafila.registry.units import acts
    from qafila.sync.enrolment import issue_code

    began = time.time() - FOUNDED_DAYS_AGO * 86400
    with clock.reading_from(lambda: began):
        unit = acts.create_unit(None, UNIT, "Unit 1", home=load.units(country().folder).unit[0].place)
        acts.assign_node(unit, UNIT, None)
        for role in CREW:
            acts.assign_staff(unit, create_staff(None, role, _password(role), role.title(), [role]), None)
        cardiologist = create_staff(
            None, "cardiologist", _password("c"), "Cardiologist", ["specialist"], specialties=["cardiology"]
        )
        set_duty(cardiologist, "cardiology", "on", None)
    return {"code": issue_code(UNIT, "unit", UNIT, pages_url, sync_url)}


def _password(word: str) -> str:
    return f"{word}-mesure-lente-{random.SystemRandom().randrange(10**9)}"


class Crew:
    """The unit's people at work."""

    def __init__(self) -> None:
        from qafila.registry.staff.queries import by_username
        from qafila.registry.units.models import Unit

        self.unit = Unit.objects.get(code=UNIT)
        self.assistant, self.nurse, self.doctor = (self._who(by_username(name)) for name in CREW)
        self.at = time.time()

    @staticmethod
    def _who(found: Any) -> Any:
        if found is None:
            raise RuntimeError("the crew has not come from the hub")
        return found

    def consult(self, one: Consultation) -> Any:
        """Register, open the visit, take the readings, write the note; the visit."""
        from qafila.clinic.visits import acts as visits
        from qafila.kernel.dates import PartialDate
        from qafila.registry.people import acts as people
        from qafila.registry.people.details import NameParts

        person = people.register(
            self.assistant,
            self.unit,
            names=[NameParts(one.script, one.given, one.middle, one.family)],
            sex=one.sex,
            birth=PartialDate(one.born.year, one.born.month, one.born.day),
            phone=one.phone,
            national_id=one.national_id,
        )
        visit = visits.open_visit(person, self.unit, self.assistant, one.reason)
        self.at += 180
        readings = [visits.Reading(key, value, confirmed=True) for key, value in one.readings.items()]
        visits.record_vitals(visit, self.nurse, readings)
        self.at += 60
        visits.record_note(visit, "exam", one.note, self.doctor)
        return visit


def past(count: int, seed: int, *, days: int = 25) -> dict[str, Any]:
    """On the unit: so many consultations of the weeks behind, none of which has left."""
    from django.db import connection

    from qafila.kernel import clock

    # For the building alone: nobody waits for a commit, and a broken build is thrown away.
    connection.cursor().execute("PRAGMA synchronous=OFF")
    crew = Crew()
    begun = (int(time.time()) // 86400 - days) * 86400 + 7 * 3600
    with clock.reading_from(lambda: crew.at):
        for one in consultations(count, seed):
            crew.at = begun + one.minutes * 60
            crew.consult(one)
            if one.number % 200 == 0:
                print(f"{one.number}/{count} consultations", file=sys.stderr, flush=True)
    connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return runs()


def day(count: int, seed: int) -> dict[str, Any]:
    """On the unit: a day with electrocardiograms and photographs among its consultations."""
    import skimage.data
    from PIL import Image
    from pydicom.data import get_testdata_file

    from qafila.clinic.visits import acts as visits
    from qafila.clinic.visits.models import Attachment
    from qafila.journal.models import Blob

    crew = Crew()
    ecg = get_testdata_file("waveform_ecg.dcm", download=False)
    if ecg is None:
        raise FileNotFoundError("waveform_ecg.dcm of pydicom's test files")
    with open(ecg, "rb") as file:
        recording = file.read()
    retina = Image.fromarray(skimage.data.retina())
    for one in consultations(count, seed):
        visit = crew.consult(one)
        if one.number < ECGS:
            visits.add_attachment(visit, crew.nurse, _own_ecg(recording, one.number), "ecg.dcm", view="ecg12")
        elif one.number < ECGS + PHOTOS:
            visits.add_attachment(visit, crew.nurse, _jpeg(retina.rotate(one.number)), "photo.jpg")
    ecgs = dict(Attachment.objects.filter(kind_of_file="ecg").values_list("sha256", "size"))
    names = list(Attachment.objects.filter(kind_of_file="photo").values_list("preview", flat=True))
    previews = dict(Blob.objects.filter(sha256__in=names).values_list("sha256", "size"))
    return {
        "ecgs": sorted(ecgs), "ecg_bytes": sum(ecgs.values()), "previews": sorted(previews),
        "preview_bytes": sum(previews.values()), **runs(),
    }  # fmt: skip


def _own_ecg(recording: bytes, number: int, every: int = 1) -> bytes:
    """A recording of its own for each person: the same heart, begun at another moment, so that no two share bytes.

    `every`: so many samples are made one, their mean, as a recorder of a lower rate would.
    """
    from io import BytesIO

    import numpy
    import pydicom
    from pydicom.uid import UID

    one = pydicom.dcmread(BytesIO(recording))
    one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = UID(f"2.25.{3_000_000 + number}")
    for wave in one.WaveformSequence:
        at = (number * 137 + 1) * wave.NumberOfWaveformChannels * 2 % len(wave.WaveformData)
        wave.WaveformData = wave.WaveformData[at:] + wave.WaveformData[:at]
        if every > 1:
            values = numpy.frombuffer(wave.WaveformData, "<i2").reshape(-1, every, wave.NumberOfWaveformChannels)
            wave.WaveformData = numpy.rint(values.mean(axis=1)).astype("<i2").tobytes()
            wave.NumberOfWaveformSamples = len(values)
            wave.SamplingFrequency = wave.SamplingFrequency / every
    out = BytesIO()
    one.save_as(out)
    return out.getvalue()


def _jpeg(picture: Any) -> bytes:
    from io import BytesIO

    out = BytesIO()
    picture.save(out, "JPEG", quality=95)
    return out.getvalue()


def case(seed: int) -> dict[str, Any]:
    """On the unit: somebody with chest pain, sent as an emergency; when, and which run holds its records."""
    from qafila.clinic.cases import acts as cases
    from qafila.clinic.history import consents
    from qafila.clinic.visits import acts as visits
    from qafila.journal.here import here

    crew = Crew()
    one = next(consultations(1, seed + 7_000_000))
    visit = crew.consult(one)
    visits.record_note(visit, "complaint", one.reason, crew.doctor)
    consents.give(visit, crew.nurse, "referral", "permit", "spoken", language="ar")
    drafted = cases.draft_case(visit, "cardiology", crew.doctor)
    drafted = cases.save_packet(drafted, INTAKE, one.note[:200], "emergency", crew.doctor)
    sent = cases.send(drafted, crew.doctor, "An emergency: the rest follows.")
    return {"sent_at": time.monotonic(), "case": sent.pk.hex, "only_run": here().run, **runs()}


def ecg(seed: int, rate: int) -> dict[str, Any]:
    """On the unit: two photographs, then an ECG of so many hertz, and the case sent as an emergency."""
    import skimage.data
    from PIL import Image
    from pydicom.data import get_testdata_file

    from qafila.clinic.cases import acts as cases
    from qafila.clinic.history import consents
    from qafila.clinic.visits import acts as visits
    from qafila.clinic.visits.models import Attachment
    from qafila.journal.here import here

    crew = Crew()
    one = next(consultations(1, seed + 8_000_000))
    visit = crew.consult(one)
    retina = Image.fromarray(skimage.data.retina())
    photos = [
        visits.add_attachment(visit, crew.nurse, _jpeg(retina.rotate(seed * 7 + n)), "photo.jpg") for n in range(2)
    ]
    visits.record_note(visit, "complaint", one.reason, crew.doctor)
    consents.give(visit, crew.nurse, "referral", "permit", "spoken", language="ar")
    drafted = cases.draft_case(visit, "cardiology", crew.doctor)
    drafted = cases.save_packet(drafted, INTAKE, one.note[:200], "emergency", crew.doctor)
    with open(str(get_testdata_file("waveform_ecg.dcm", download=False)), "rb") as file:
        recording = _own_ecg(file.read(), seed, 1000 // rate)
    taken_at = time.monotonic()
    kept = visits.add_attachment(visit, crew.nurse, recording, "ecg.dcm", view="ecg12")
    cases.send(drafted, crew.doctor, "An emergency: the rest follows.")
    return {
        "taken_at": taken_at, "sent_at": time.monotonic(), "only_run": here().run, "ecg": kept.sha256,
        "ecg_bytes": kept.size, "pictures": [one.sha256 for one in photos], "previews": [one.preview for one in photos],
        "rows": Attachment.objects.filter(visit_id=visit.pk).count(), **runs(),
    }  # fmt: skip


def strip(name: str) -> dict[str, Any]:
    """On the hub: the strip of an ECG drawn for the first time, and whether its bytes are those that were taken."""
    import hashlib

    from qafila.clinic.imaging.ecg import strip_svg
    from qafila.journal import blobs

    strip_svg(blobs.read(name))
    began = time.monotonic()
    data = blobs.read(name)
    drawn = strip_svg(data)
    return {
        "draw_s": round(time.monotonic() - began, 2), "svg_bytes": len(drawn),
        "lossless": hashlib.sha256(data).hexdigest() == name,
    }  # fmt: skip


def images(megabytes: float, seed: int) -> dict[str, Any]:
    """On the unit: photographs of mere grain, so many megabytes of them."""
    import numpy
    from PIL import Image

    from qafila.clinic.visits import acts as visits
    from qafila.journal.models import Blob

    crew = Crew()
    dice = numpy.random.default_rng(seed)
    visit = crew.consult(next(consultations(1, seed + 5_000)))
    while (stored := sum(Blob.objects.values_list("size", flat=True))) < megabytes * 1e6:
        grain = dice.normal(128, 40, (500, 700, 3)).clip(0, 255).astype("uint8")
        visits.add_attachment(visit, crew.nurse, _jpeg(Image.fromarray(grain).resize((1400, 1000))), "photo.jpg")
    return {"bytes": stored, **runs()}


def runs() -> dict[str, Any]:
    """Run → ranges of what this node has written, its records and the bytes of its files."""
    from qafila.journal.here import here
    from qafila.journal.models import Blob, Record, Run

    own = Run.objects.filter(node=here().node)
    return {
        "runs": {str(run): json.loads(ranges) for run, ranges in own.values_list("run", "ranges")},
        "pending": Record.objects.filter(pending=True).count(),
        "files": sorted(Blob.objects.filter(sent=False, complete=True).values_list("sha256", flat=True)),
        "file_bytes": sum(Blob.objects.filter(sent=False, complete=True).values_list("size", flat=True)),
    }


def main(words: list[str]) -> None:
    """One command, its answer as JSON."""
    django.setup()
    verbs: dict[str, Any] = {
        "found": found,
        "past": past,
        "day": day,
        "case": case,
        "ecg": ecg,
        "strip": strip,
        "images": images,
        "runs": runs,
    }
    given: list[Any] = [json.loads(w) if w[0].isdigit() and len(w) < 64 else w for w in words[1:]]
    json.dump(verbs[words[0]](*given), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
