"""Pages of the specialist; the case page serves the coordinator too."""

from django.urls import path

from qafila.web.specialist import case, worklist

app_name = "specialist"

urlpatterns = [
    path("", worklist.page, name="worklist"),
    path("done/", worklist.done, name="done"),
    path("duty/", worklist.duty, name="duty"),
    path("case/<uuid:case_id>/", case.page, name="case"),
    path("case/<uuid:case_id>/answer/", case.answer, name="answer"),
    path("case/<uuid:case_id>/<slug:verb>/", case.act, name="act"),
]
