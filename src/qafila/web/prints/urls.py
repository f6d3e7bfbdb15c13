"""Printed pages."""

from django.urls import path

from qafila.web.prints import growth, plain, views

app_name = "prints"

urlpatterns = [
    path("prescription/<uuid:prescription_id>/", views.prescription, name="prescription"),
    path("answer/<uuid:answer_id>/", views.answer, name="answer"),
    path("sheet/<uuid:case_id>/", plain.page, name="plain"),
    path("visit/<uuid:visit_id>/", views.visit, name="visit"),
    path("transfer/<uuid:case_id>/", views.transfer, name="transfer"),
    path("growth/<uuid:person_id>/", growth.page, name="growth"),
    path("card/<uuid:person_id>/", views.card, name="card"),
]
