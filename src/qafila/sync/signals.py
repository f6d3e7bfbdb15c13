"""What sync tells the house."""

from django.dispatch import Signal

enrolled = Signal()
"""A node has joined: `peer` (`Peer`), `unit` (what the code was issued for). Inside the transaction, on the hub."""

revoked = Signal()
"""A node is turned away from now on: `peer` (`Peer`). Inside the transaction, on the hub."""

arrived = Signal()
"""A file has come whole: `sha256`, `patient`. After its row says so."""

forgotten = Signal()
"""This node holds a person no more: `person` (UUID), `subjects` (ids of the rows that are gone), `node`. Inside the
transaction: whoever keeps something of a person beside the journal takes it away."""
