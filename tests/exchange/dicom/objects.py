"""Synthetic DICOM objects of pydicom's test set, as a device of the vehicle would send them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

SYNTHETIC = "Synthetic^Person"


def sample(name: str = "CT_small.dcm", **changed: Any) -> Dataset:
    """A data set of the test set with numbers of its own and nobody's name; `PatientID="…"` and the like change it."""
    found = dcmread(str(get_testdata_file(name)))
    values = {
        "SOPInstanceUID": generate_uid(), "StudyInstanceUID": generate_uid(), "SeriesInstanceUID": generate_uid(),
        "PatientName": SYNTHETIC, "PatientID": "", "PatientSex": "", "PatientBirthDate": "", "AccessionNumber": "",
    } | changed  # fmt: skip
    for key, value in values.items():
        setattr(found, key, value)
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    return found


def file_of(found: Dataset) -> bytes:
    """The data set as a file."""
    out = BytesIO()
    found.save_as(out)
    return out.getvalue()
