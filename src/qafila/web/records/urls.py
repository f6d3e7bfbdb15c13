"""Pages about records themselves: their files, their history, who looked, what clashed, what could not be read."""

from django.urls import path

from qafila.web.records import (
    clashes,
    consents,
    doubles,
    ecg,
    files,
    look,
    past,
    patient,
    quarantine,
    spirometry,
    teaching,
)
from qafila.web.watch import looks

app_name = "records"

urlpatterns = [
    path("files/<uuid:file_id>/original/", files.whole, name="file"),
    path("files/<uuid:file_id>/preview/", files.preview, name="preview"),
    path("files/<uuid:file_id>/strip/", files.strip, name="ecg"),
    path("files/<uuid:file_id>/ecg/", ecg.page, name="ecg_page"),
    path("files/<uuid:file_id>/ecg/keep/", ecg.keep, name="ecg_keep"),
    path("files/<uuid:file_id>/spirometry/", spirometry.page, name="spirometry"),
    path("files/<uuid:file_id>/glance/", files.glance, name="glance"),
    path("files/<uuid:file_id>/sound/", files.sound_picture, name="sound"),
    path("files/<uuid:file_id>/listen/", look.listen, name="listen"),
    path("files/<uuid:file_id>/look/", look.page, name="look"),
    path("files/<uuid:file_id>/compare/", look.compare, name="compare"),
    path("files/<uuid:file_id>/marks/", look.mark, name="mark"),
    path("files/<uuid:file_id>/marks/<uuid:mark_id>/away/", look.unmark, name="unmark"),
    path("files/<uuid:file_id>/teaching/", teaching.page, name="teaching"),
    path("copies/", teaching.every, name="copies"),
    path("copies/<uuid:copy_id>/<slug:part>/", teaching.copy, name="copy"),
    path("files/<uuid:file_id>/ask/", look.ask_original, name="ask_original"),
    path("people/<uuid:person_id>/", past.person, name="person"),
    path("people/<uuid:person_id>/looks/", looks.page, name="looks"),
    path("rows/<uuid:subject>/", past.row, name="row"),
    path("rows/<uuid:subject>/label/", past.label, name="label"),
    path("clashes/", clashes.page, name="clashes"),
    path("clashes/<opaque:clash_id>/", clashes.one, name="clash"),
    path("patients/<uuid:person_id>/", patient.page, name="patient"),
    path("patients/<uuid:person_id>/lists/<slug:section>/", patient.add, name="history_add"),
    path("patients/<uuid:person_id>/entries/<uuid:entry_id>/", patient.change, name="history_change"),
    path("patients/<uuid:person_id>/consents/", consents.give, name="consent_give"),
    path("patients/<uuid:person_id>/consents/<uuid:consent_id>/", consents.withdraw, name="consent_withdraw"),
    path("doubles/", doubles.page, name="doubles"),
    path("doubles/<uuid:one_id>/<uuid:other_id>/", doubles.pair, name="double"),
    path("doubles/<uuid:link_id>/part/", doubles.part, name="part"),
    path("quarantine/", quarantine.page, name="quarantine"),
    path("quarantine/<opaque:number>/", quarantine.settle, name="quarantine_settle"),
]
