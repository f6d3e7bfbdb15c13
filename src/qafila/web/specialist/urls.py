"""Pages of the specialist; the case page serves the coordinator too."""

from django.urls import path

from qafila.web.specialist import case, opinion, roster, worklist

app_name = "specialist"

urlpatterns = [
    path("", worklist.page, name="worklist"),
    path("done/", worklist.done, name="done"),
    path("roster/", roster.page, name="roster"),
    path("roster/<slug:verb>/", roster.change, name="roster_change"),
    path("duty/", worklist.duty, name="duty"),
    path("claim/<uuid:case_id>/", worklist.claim, name="claim"),
    path("swap/<uuid:swap_id>/<slug:verb>/", worklist.swap, name="swap"),
    path("opinion/<uuid:opinion_id>/", opinion.give, name="opinion"),
    path("case/<uuid:case_id>/", case.page, name="case"),
    path("case/<uuid:case_id>/answer/", case.answer, name="answer"),
    path("case/<uuid:case_id>/decline/", case.decline, name="decline"),
    path("case/<uuid:case_id>/opinion/", opinion.ask, name="ask_opinion"),
    path("case/<uuid:case_id>/<slug:verb>/", case.act, name="act"),
]
