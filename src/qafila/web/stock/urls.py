"""Pages of the unit's stock."""

from django.urls import path

from qafila.web.stock import dispensing, views

app_name = "stock"

urlpatterns = [
    path("", views.list_page, name="list"),
    path("order/", views.order, name="order"),
    path("count/", views.count, name="count"),
    path("moves/", views.moves, name="moves"),
    path("receive/", views.receive, name="receive"),
    path("lot/<uuid:lot_id>/", views.lot, name="lot"),
    path("shipment/<uuid:shipment_id>/", views.confirm, name="confirm"),
    path("prescription/<uuid:prescription_id>/", dispensing.page, name="dispense"),
]
