"""A recording of another format as a DICOM ECG: the samples are the device's own numbers, not one is changed.

12-lead ECG Waveform Storage where its bounds hold (PS3.3 annex A.34.3: 200 to 1000 Hz, at most 16,384 samples), else
General ECG. It names nobody: whose it is stands where it is filed.
"""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.ecg import LEADS, NUMBERED
from qafila.clinic.imaging.ecg_formats.recording import Lead, Recording
from qafila.clinic.imaging.refused import Refused
from qafila.kernel import clock

if TYPE_CHECKING:
    from pydicom import Dataset

TWELVE_LEAD, GENERAL = "1.2.840.10008.5.1.4.1.1.9.1.1", "1.2.840.10008.5.1.4.1.1.9.1.2"
MOST_OF_TWELVE = 16_384
MDC_CODES = {name: number for number, name in NUMBERED.items()}
"""Lead → its number in ISO/IEEE 11073-10102, as DICOM CID 3001 codes it (`2:n`)."""
MAKER = "Qafila"


def dicom_of(recording: Recording, source: bytes) -> bytes:
    """The DICOM file. The same source gives the same object (its UIDs follow from the source). Raises `Refused`."""
    from pydicom import Dataset, FileDataset
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    leads = [recording.leads[name] for name in LEADS if name in recording.leads]
    if not leads:
        raise Refused(refused.NOT_TWELVE)
    count = len(leads[0].samples)
    plain = 200 <= recording.frequency <= 1000 and count <= MOST_OF_TWELVE
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(TWELVE_LEAD if plain else GENERAL)
    meta.MediaStorageSOPInstanceUID = UID(_uid(source, "instance"))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found = FileDataset(BytesIO(), {}, file_meta=meta, preamble=b"\0" * 128)
    found.SOPClassUID, found.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    found.StudyInstanceUID, found.SeriesInstanceUID = UID(_uid(source, "study")), UID(_uid(source, "series"))
    found.SpecificCharacterSet, found.Modality, found.Manufacturer = "ISO_IR 192", "ECG", MAKER
    found.PatientName = found.PatientID = found.PatientBirthDate = found.PatientSex = ""
    found.AccessionNumber = found.ReferringPhysicianName = found.StudyID = ""
    found.SeriesNumber = found.InstanceNumber = 1
    found.SeriesDescription = f"{recording.format} converted"
    taken = recording.taken or clock.now()
    found.StudyDate = found.ContentDate = taken.strftime("%Y%m%d")
    found.StudyTime = found.ContentTime = taken.strftime("%H%M%S")
    found.AcquisitionDateTime = taken.strftime("%Y%m%d%H%M%S")
    found.AcquisitionContextSequence = []
    group = Dataset()
    group.WaveformOriginality, group.MultiplexGroupLabel = "ORIGINAL", "RHYTHM"
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = len(leads), count
    group.SamplingFrequency = f"{recording.frequency:.10g}"
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.ChannelDefinitionSequence = [_channel(lead, recording) for lead in leads]
    group.WaveformData = _multiplexed(leads)
    found.WaveformSequence = [group]
    out = BytesIO()
    found.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _uid(source: bytes, what: str) -> str:
    digest = hashlib.sha256(what.encode() + source).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def _channel(lead: Lead, recording: Recording) -> Dataset:
    from pydicom import Dataset

    channel = Dataset()
    channel.ChannelSourceSequence = [_code(f"2:{MDC_CODES[lead.name]}", "MDC", f"Lead {lead.name}")]
    channel.ChannelSensitivity = f"{lead.microvolts:.10g}"
    channel.ChannelSensitivityUnitsSequence = [_code("uV", "UCUM", "microvolt")]
    channel.ChannelSensitivityCorrectionFactor = 1
    channel.ChannelBaseline = f"{lead.offset:.10g}"
    channel.ChannelSampleSkew = 0
    channel.WaveformBitsStored = 16
    if recording.low_cut:
        channel.FilterLowFrequency = f"{recording.low_cut:.10g}"
    if recording.high_cut:
        channel.FilterHighFrequency = f"{recording.high_cut:.10g}"
    return channel


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    from pydicom import Dataset

    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


def _multiplexed(leads: list[Lead]) -> bytes:
    import numpy

    try:
        values = numpy.array([lead.samples for lead in leads], dtype=numpy.int64)
    except OverflowError as error:
        raise Refused(refused.STEEP_ECG) from error
    if values.size and (values.max() > 32_767 or values.min() < -32_768):
        raise Refused(refused.STEEP_ECG)
    return values.T.astype("<i2").tobytes()
