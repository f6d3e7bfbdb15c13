"""Pages about records themselves: their files, their history, who looked, what clashed, what could not be read."""

from django.urls import path

from qafila.web.records import clashes, doubles, files, past, quarantine

app_name = "records"

urlpatterns = [
    path("files/<uuid:file_id>/original/", files.whole, name="file"),
    path("files/<uuid:file_id>/preview/", files.preview, name="preview"),
    path("files/<uuid:file_id>/strip/", files.strip, name="ecg"),
    path("files/<uuid:file_id>/glance/", files.glance, name="glance"),
    path("people/<uuid:person_id>/", past.person, name="person"),
    path("people/<uuid:person_id>/looks/", past.looks, name="looks"),
    path("rows/<uuid:subject>/", past.row, name="row"),
    path("clashes/", clashes.page, name="clashes"),
    path("clashes/<int:clash_id>/", clashes.one, name="clash"),
    path("doubles/", doubles.page, name="doubles"),
    path("doubles/<uuid:one_id>/<uuid:other_id>/", doubles.pair, name="double"),
    path("doubles/<uuid:link_id>/part/", doubles.part, name="part"),
    path("quarantine/", quarantine.page, name="quarantine"),
    path("quarantine/<int:number>/", quarantine.settle, name="quarantine_settle"),
]
