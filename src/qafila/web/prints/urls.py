"""Printed pages."""

from django.urls import path

from qafila.web.prints import check, ecg, forms, growth, papers, plain, spirometry, views

app_name = "prints"

urlpatterns = [
    path("check/", check.page, name="check"),
    path("keys.json", check.key_list, name="keys"),
    path("forms/", forms.page, name="forms"),
    path("papers/<uuid:paper_id>/<slug:act>/", papers.change, name="change"),
    path("<slug:kind>/<uuid:row_id>/papers/", papers.page, name="papers"),
    path("<slug:kind>/<uuid:row_id>/enter/", papers.enter, name="enter"),
    path("prescription/<uuid:prescription_id>/", views.prescription, name="prescription"),
    path("answer/<uuid:answer_id>/", views.answer, name="answer"),
    path("sheet/<uuid:case_id>/", plain.page, name="plain"),
    path("visit/<uuid:visit_id>/", views.visit, name="visit"),
    path("transfer/<uuid:case_id>/", views.transfer, name="transfer"),
    path("growth/<uuid:person_id>/", growth.page, name="growth"),
    path("ecg/<uuid:file_id>/", ecg.page, name="ecg"),
    path("spirometry/<uuid:file_id>/", spirometry.page, name="spirometry"),
    path("card/<uuid:person_id>/", views.card, name="card"),
]
