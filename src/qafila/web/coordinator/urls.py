"""Pages of the coordinator: the board, the roster, the units."""

from django.urls import path

from qafila.web.coordinator import board, duty, handover, roster, units

app_name = "coordinator"

urlpatterns = [
    path("", board.page, name="board"),
    path("give/<uuid:case_id>/", board.give, name="give"),
    path("duty/", duty.page, name="duty"),
    path("duty/<uuid:staff_id>/", duty.switch, name="switch"),
    path("roster/", roster.page, name="roster"),
    path("roster/propose/", roster.propose, name="propose"),
    path("roster/<slug:verb>/", roster.change, name="roster_change"),
    path("handover/", handover.page, name="handover"),
    path("handover/<slug:verb>/", handover.hand, name="hand"),
    path("units/", units.page, name="units"),
    path("units/enrol/", units.enrol, name="enrol"),
    path("units/<slug:code>/revoke/", units.revoke_node, name="revoke"),
]
