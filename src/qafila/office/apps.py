"""The office's Django app."""

from django.apps import AppConfig


class OfficeConfig(AppConfig):
    """Statistics, breaches, what a person is given of their record, the record of processing."""

    name = "qafila.office"
    label = "office"
