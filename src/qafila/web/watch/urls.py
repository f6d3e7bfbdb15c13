"""Pages about access to records: ways in, who looked, what a supervisor or the coordinator looks at."""

from django.urls import path

from qafila.web.watch import looks, passing, watching

app_name = "watch"

urlpatterns = [
    path("people/<uuid:person_id>/present/", passing.present, name="present"),
    path("people/<uuid:person_id>/emergency/", passing.break_glass, name="break_glass"),
    path("emergency/<uuid:grant_id>/end/", passing.end, name="end"),
    path("people/<uuid:person_id>/looks/print/", looks.paper, name="looks_print"),
    path("emergency/", watching.emergency, name="emergency"),
    path("unusual/", watching.unusual, name="unusual"),
    path("review/<slug:rule>/", watching.review, name="review"),
]
