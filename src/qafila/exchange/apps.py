"""The Django app of other people's standards."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """DICOM and what else other programs speak."""

    name = "qafila.exchange"
    label = "exchange"
