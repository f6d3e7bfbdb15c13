"""All models of the exchange, gathered for Django."""

from qafila.exchange.dicom.models import Arrived, Commitment, Peer, Step

__all__ = ["Arrived", "Commitment", "Peer", "Step"]
