"""A record's files as a page lists them: what each shows, where it is, what can be looked at already."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qafila.clinic.cases.proof import VOICE
from qafila.clinic.visits.models import Attachment
from qafila.journal import blobs
from qafila.packs import load
from qafila.packs.specialty import Specialty
from qafila.sync import state
from qafila.web.reception.words import language, listed
from qafila.web.records.regions import site_words


@dataclass(frozen=True)
class Shown:
    """One file of a list."""

    file: Attachment
    title: str
    here: bool
    """Every byte is on this node."""
    share: int | None
    """Per cent of the bytes that are here; None where that is not known."""
    preview: str
    """Address of the preview, "" while it has not come."""
    whole: str
    """Address of the file, "" while it has not come."""
    drawn: str
    """Address of the picture drawn from it (ECG paper, DICOM glance, the photograph itself)."""

    @property
    def site(self) -> str:
        """Where on the body, "" for not said."""
        return site_words(self.file.site)

    @property
    def doubt(self) -> str:
        """What the check doubted, and why it was kept."""
        return doubt_words(self.file)

    @property
    def words(self) -> str:
        """Where it is, in words."""
        if self.here:
            return gettext("complete")
        if self.share:
            return gettext("still on its way: %(share)s") % {"share": f"{self.share} %"}
        return gettext("still on its way")


def shown_files(files: list[Attachment], pack: Specialty | None, language: str) -> list[Shown]:
    """Files with their words and addresses: one query for those that are here, more for those on their way."""
    names = {name for file in files for name in (file.sha256, file.preview) if name}
    whole = blobs.whole(names)
    return [shown(file, pack, language, whole) for file in files]


def shown(
    file: Attachment, pack: Specialty | None = None, language: str = "en", whole: set[str] | None = None
) -> Shown:
    """A file with its words and addresses. `whole`: which blobs are all here, where that is known already."""
    have = blobs.whole({one for one in (file.sha256, file.preview) if one}) if whole is None else whole
    here = file.sha256 in have
    return Shown(
        file=file,
        title=title(file, pack, language),
        here=here,
        share=None if here else _share(file.sha256),
        preview=reverse("records:preview", args=[file.pk]) if file.preview in have else "",
        whole=reverse("records:file", args=[file.pk]) if here else "",
        drawn=_drawn(file) if here else "",
    )


def _share(sha256: str) -> int | None:
    found = state.of_file(sha256)
    return 100 * found.done // found.chunks if found.chunks else None


def _drawn(file: Attachment) -> str:
    view = {"ecg": "records:ecg", "dicom": "records:glance", "photo": "records:file", "audio": "records:sound"}.get(
        file.kind_of_file
    )
    return reverse(view, args=[file.pk]) if view else ""


PAGES = {
    "ecg": "records:ecg_page",
    "dicom": "imaging:series",
    "photo": "records:look",
    "audio": "records:listen",
    "spirometry": "records:spirometry",
}
"""Pages on which a kind of file is looked at or listened to."""


def page_of(file: Attachment) -> str:
    """Where a file is looked at: on the page of its kind, else as it is."""
    voice = file.view.startswith(VOICE)
    return reverse("records:file" if voice else PAGES.get(file.kind_of_file, "records:file"), args=[file.pk])


def title(file: Attachment, pack: Specialty | None, language: str) -> str:
    """What the file shows: its own title, else the pack's view or that of a set of photographs, else its kind."""
    if file.title:
        return file.title
    views = {v.code: v.label for one in load.body().photo_set for v in one.view}
    views |= {v.code: v.label for v in (pack.view if pack else ())}
    words = views[file.view].text(language) if file.view in views else kind_words(file.kind_of_file)
    return gettext("%(what)s (original)") % {"what": words} if file.made_from else words


DOUBTS = {
    "blurred": _("not quite sharp"),
    "dark": _("dark"),
    "bright": _("too bright"),
    "quiet": _("hardly anything to hear"),
    "clipped": _("distorted: too loud"),
    "short": _("very short"),
}


def doubt_words(file: Attachment) -> str:
    """What the check doubted in a photograph, and why it was kept all the same; "" for nothing."""
    found = file.quality.get("doubts", []) if isinstance(file.quality, dict) else []
    if not found:
        return ""
    what = listed(str(DOUBTS.get(code, code)) for code in found)
    kept = next((c.label.text(language()) for c in load.body().keep_reason if c.code == file.quality.get("kept")), "")
    why = " · ".join(one for one in (kept, str(file.quality.get("words", ""))) if one)
    return gettext("%(what)s; kept because: %(why)s") % {"what": what, "why": why} if why else what


def kind_words(kind: str) -> str:
    """A kind of file in a word."""
    return {
        "ecg": gettext("ECG"),
        "photo": gettext("Photograph"),
        "dicom": gettext("DICOM image"),
        "audio": gettext("Sound"),
        "document": gettext("Document"),
        "spirometry": gettext("Spirometry"),
        "source": gettext("The device’s own file"),
    }.get(kind, kind)
