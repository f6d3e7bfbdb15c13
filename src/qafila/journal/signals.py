"""What the journal tells the house: inside the transaction, so that a side effect and its cause are one."""

from django.dispatch import Signal

written = Signal()
"""Records that this node wrote: `records` (list of `Record`), `node`."""

ingested = Signal()
"""Records of other nodes that were taken in just now: `headers` (list of `Header`), `node`, `sender_node`."""
