"""Pages of the coordinator: the board, the roster, the units."""

from django.urls import path

from qafila.web.coordinator import board, duty, handover, lease, orders, roster, specialist, telling, units

app_name = "coordinator"

urlpatterns = [
    path("", board.page, name="board"),
    path("give/<uuid:case_id>/", board.give, name="give"),
    path("duty/", duty.page, name="duty"),
    path("duty/<uuid:staff_id>/", duty.switch, name="switch"),
    path("people/<uuid:staff_id>/", specialist.page, name="specialist"),
    path("roster/", roster.page, name="roster"),
    path("roster/propose/", roster.propose, name="propose"),
    path("roster/<slug:verb>/", roster.change, name="roster_change"),
    path("handover/", handover.page, name="handover"),
    path("handover/<slug:verb>/", handover.hand, name="hand"),
    path("units/<uuid:unit_id>/answers/", telling.of_unit, name="unit_answers"),
    path("tell/<uuid:case_id>/", telling.page, name="tell"),
    path("units/", units.page, name="units"),
    path("units/enrol/", units.enrol, name="enrol"),
    path("units/<slug:code>/lease/", lease.page, name="lease"),
    path("units/<slug:code>/orders/", orders.page, name="orders"),
    path("units/<slug:code>/revoke/", units.revoke_node, name="revoke"),
]
