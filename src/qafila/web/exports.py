"""Every function that gives data away as something other than a page: what it is.

`STATISTIC`: figures, through `office.statistics.release` alone. `PATIENT`: the record or a file of one person, or a
search among those whom the asker may read, under the rights of these records. `OFFICE`: the register of breaches, the
record of processing and what a person is given, on paper. `NOBODY`: nothing of a person. A test finds these functions
and fails for one that stands not here.
"""

from __future__ import annotations

STATISTIC, PATIENT, OFFICE, NOBODY = "statistic", "patient", "office", "nobody"

EXPORTS: dict[str, str] = {
    "web.account.passkey.options": NOBODY,
    "web.account.passkey.sign_options": NOBODY,
    "web.account.second.second_options": NOBODY,
    "web.account.second.setup_options": NOBODY,
    "web.account.security.add_options": NOBODY,
    "web.account.security.confirm_options": NOBODY,
    "web.account.signs.options": NOBODY,
    "web.dicomweb.qido._asked": NOBODY,
    "web.dicomweb.qido.answer": PATIENT,
    "web.dicomweb.raw.pixels": PATIENT,
    "web.dicomweb.stow._store": NOBODY,
    "web.dicomweb.stow._taken": NOBODY,
    "web.dicomweb.stow._too_large": NOBODY,
    "web.dicomweb.wado.objects": PATIENT,
    "web.dicomweb.wado.rendered": PATIENT,
    "web.imaging.viewer.frame": PATIENT,
    "web.imaging.viewer.listing": PATIENT,
    "web.prints.check.key_list": NOBODY,
    "web.prints.forms.page": NOBODY,
    "web.prints.sheet.answer": PATIENT,
    "web.privacy.figures.table": STATISTIC,
    "web.privacy.shown.sheet": OFFICE,
    "web.privacy.subject.zipped": PATIENT,
    "web.records.files.sealed": PATIENT,
    "web.records.files.whole": PATIENT,
    "web.records.teaching.copy": NOBODY,
    "web.watch.looks.paper": PATIENT,
}
"""Module and function → kind of what it gives away. A teaching copy is of nobody (docs/decisions/048)."""
