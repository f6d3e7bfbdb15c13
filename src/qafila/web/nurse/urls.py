"""Pages of the nurse."""

from django.urls import path

from qafila.web.nurse import arrived, drafts, growth, lab, photos, record, sounds, spirometry, strips, trends, views

app_name = "nurse"

urlpatterns = [
    path("draft/", drafts.save, name="draft"),
    path("vitals/next/", views.call_next, name="next"),
    path("vitals/<uuid:visit_id>/", views.vitals, name="vitals"),
    path("vitals/<uuid:visit_id>/arrived/", arrived.fragment, name="arrived"),
    path("vitals/<uuid:visit_id>/arrived/<opaque:arrived_id>/", arrived.settle, name="arrived_one"),
    path("vitals/<uuid:visit_id>/start/", views.start, name="start"),
    path("vitals/<uuid:visit_id>/check/<slug:name>/", views.check, name="check"),
    path("lab/order/<uuid:visit_id>/", lab.order, name="order"),
    path("lab/", lab.waiting, name="lab"),
    path("lab/<opaque:message_id>/", lab.settle, name="lab_one"),
    path("tests/<uuid:visit_id>/", strips.tests, name="strips"),
    path("tests/<uuid:visit_id>/<slug:code>/", strips.test, name="strip"),
    path("record/<uuid:visit_id>/", record.record_page, name="record"),
    path("record/<uuid:visit_id>/files/", record.add_file, name="add_file"),
    path("record/<uuid:visit_id>/allergies/", record.add_allergy, name="add_allergy"),
    path("record/<uuid:visit_id>/triage/", record.set_triage, name="triage"),
    path("record/<uuid:visit_id>/move/", record.move, name="move"),
    path("record/<slug:kind>/<uuid:fact_id>/error/", record.mark_error, name="error"),
    path("spirometry/<uuid:visit_id>/", spirometry.page, name="spirometry"),
    path("photos/<uuid:visit_id>/", photos.page, name="photos"),
    path("sounds/<uuid:visit_id>/", sounds.page, name="sounds"),
    path("growth/<uuid:person_id>/", growth.page, name="growth"),
    path("trends/<uuid:person_id>/", trends.page, name="trends"),
    path("files/<uuid:fact_id>/", record.file, name="file"),
    path("files/<uuid:fact_id>/preview/", record.preview, name="preview"),
]
