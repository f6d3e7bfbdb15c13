"""The one error of this folder: a file that is not taken, with words for the person who sent it."""


def gettext_noop(message: str) -> str:
    """Mark a message for the translators; it is translated where it is shown."""
    return message


class Refused(Exception):
    """A file is not taken.

    `reason` is an English msgid, `values` fills its `%(name)s` places: `gettext(error.reason) % error.values`.
    Neither ever holds the file's name or anything about the patient.
    """

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values

    def __str__(self) -> str:
        return self.reason % self.values


EMPTY = gettext_noop("The file is empty.")
TOO_BIG = gettext_noop("The file is larger than %(limit)s MB.")
TOO_MANY_PIXELS = gettext_noop("The picture has more than %(limit)s million pixels.")
UNKNOWN = gettext_noop(
    "This kind of file is not taken. Send a JPEG or PNG photograph, a DICOM file, a PDF, or a FLAC or WAV sound."
)
ACTIVE = gettext_noop("Web pages and SVG drawings are not taken. Send a JPEG or PNG photograph.")
ARCHIVE = gettext_noop("Archives and office documents are not taken. Send the files one by one, a document as PDF.")
OTHER_PHOTO = gettext_noop("This picture format is not taken. Set the camera to JPEG, or send a PNG.")
BROKEN_PHOTO = gettext_noop("The picture is damaged or incomplete. Take it or send it again.")
BROKEN_PDF = gettext_noop("The PDF is damaged or incomplete. Send it again.")
BROKEN_SOUND = gettext_noop("The sound is damaged or incomplete. Record it or send it again.")
BIG_SOUND = gettext_noop("This sound is far longer than it may be, or does not say how long it is.")
LONG_SOUND = gettext_noop("The recording is longer than %(limit)s seconds.")
ODD_SOUND = gettext_noop("This sound has more channels or another rate than is taken: record one or two channels.")
NO_COPY = gettext_noop("A document is not copied for teaching: its words name people.")
NOT_MASKED = gettext_noop("Somebody has to cover what names or shows the person first.")
BIG_COPY = gettext_noop("This picture is too large to be masked here: more than %(limit)s MB of pixels.")
NOT_DICOM = gettext_noop("The file is named DICOM but is not a DICOM file.")
BROKEN_DICOM = gettext_noop("The DICOM file is damaged or incomplete. Send it again from the device.")
TOO_MANY_FRAMES = gettext_noop("The DICOM series is too long to be taken in one file.")
NO_PICTURE = gettext_noop("This DICOM file holds no picture.")
NO_DECODER = gettext_noop(
    "This DICOM compression (%(syntax)s) cannot be shown here. Send it uncompressed, or as JPEG 2000 or RLE."
)
NO_ECG = gettext_noop("This DICOM file holds no ECG.")
NOT_TWELVE = gettext_noop("This ECG does not hold the twelve leads recorded at the same time.")
NO_SCALE = gettext_noop("This ECG does not say how many millivolts its numbers are: it cannot be drawn to scale.")
SHORT_ECG = gettext_noop("This ECG is shorter than %(seconds)s seconds.")
BROKEN_ECG = gettext_noop("The %(format)s file is damaged or incomplete. Send it again from the device.")
OTHER_ECG = gettext_noop(
    "This %(format)s file is compressed in a way that is not read here. Send it uncompressed or as DICOM."
)
LONG_ECG = gettext_noop("This ECG is too long or holds too many leads. Send a resting ECG of ten seconds.")
STEEP_ECG = gettext_noop("This ECG holds values that no heart makes: check the unit and the device.")
NO_FORMATS = gettext_noop("This node cannot read %(format)s files. Let the device send DICOM, SCP-ECG or HL7 aECG.")
NO_LAYOUT = gettext_noop("This table is of no device that is described here. Ask for its layout to be added.")
BESIDE_ECG = gettext_noop("The header names other files: choose them together with it.")
