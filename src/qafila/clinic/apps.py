"""The clinic's Django app."""

from django.apps import AppConfig


class ClinicConfig(AppConfig):
    """Visits, cases, prescribing, imaging."""

    name = "qafila.clinic"
    label = "clinic"
