"""Pages of the data-protection officer: breaches, figures, transfers abroad, the record of processing."""

from django.urls import path

from qafila.web.privacy import breaches, figures, processing, subject, transfers

app_name = "privacy"

urlpatterns = [
    path("", processing.page, name="processing"),
    path("processing/print/", processing.printed, name="processing_print"),
    path("breaches/", breaches.register, name="breaches"),
    path("breaches/<uuid:breach_id>/", breaches.page, name="breach"),
    path("breaches/<uuid:breach_id>/print/", breaches.printed, name="breach_print"),
    path("breaches/<uuid:breach_id>/<slug:verb>/", breaches.change, name="breach_change"),
    path("figures/", figures.page, name="figures"),
    path("figures/<slug:code>/csv/", figures.table, name="figures_csv"),
    path("people/<uuid:person_id>/", subject.page, name="subject"),
    path("people/<uuid:person_id>/zip/", subject.zipped, name="subject_zip"),
    path("people/<uuid:person_id>/print/", subject.printed, name="subject_print"),
    path("transfers/", transfers.page, name="transfers"),
    path("transfers/<uuid:transfer_id>/end/", transfers.end, name="transfer_end"),
]
