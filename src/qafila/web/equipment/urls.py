"""Pages of the equipment."""

from django.urls import path

from qafila.web.equipment import radio, views

app_name = "equipment"

urlpatterns = [
    path("", views.list_page, name="list"),
    path("bluetooth/", radio.page, name="radio"),
    path("add/", views.add, name="add"),
    path("<uuid:instrument_id>/", views.one, name="one"),
]
