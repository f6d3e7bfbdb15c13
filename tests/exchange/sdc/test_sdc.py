"""A monitor of the library's own, on the loopback, into a visit; and numbers that are none."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.bedside import acts
from qafila.clinic.bedside.models import Arrived, Pairing
from qafila.clinic.visits.models import Observation
from qafila.exchange.sdc import serve
from qafila.exchange.sdc.metrics import KEYS, UNITS, Metric, measured
from qafila.exchange.sdc.monitor import Away, Monitor, Peer, peers_of
from qafila.registry.equipment import acts as equipment
from qafila.registry.units.acts import assign_node

MODEL = "http://standards.ieee.org/downloads/11073/11073-10207-2017/"
METRICS = (("spo2", 150456, 262688), ("rate", 149530, 264864), ("warm", 150364, 268192), ("odd", 1, 262688))


def mdib() -> bytes:
    metrics = "".join(
        f'<pm:Metric xsi:type="pm:NumericMetricDescriptor" Handle="{handle}" MetricCategory="Msrmt"'
        f' MetricAvailability="Cont" Resolution="0.1"><pm:Type Code="{code}"/><pm:Unit Code="{unit}"/></pm:Metric>'
        for handle, code, unit in METRICS
    )
    sequence = f'SequenceId="urn:uuid:{uuid.uuid4()}" MdibVersion="0"'
    return (
        f'<msg:GetMdibResponse xmlns:msg="{MODEL}message" xmlns:pm="{MODEL}participant"'
        f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" {sequence}><msg:Mdib {sequence}><pm:MdDescription>'
        '<pm:Mds Handle="mds"><pm:SystemContext Handle="sc"><pm:PatientContext Handle="pc"/>'
        '<pm:LocationContext Handle="lc"/></pm:SystemContext><pm:Vmd Handle="vmd"><pm:Channel Handle="ch">'
        f"{metrics}</pm:Channel></pm:Vmd></pm:Mds></pm:MdDescription></msg:Mdib></msg:GetMdibResponse>"
    ).encode()


class Unannounced:
    """No multicast in a test: the consumer is told the address."""

    active_address = "127.0.0.1"

    def publish_service(self, *_: Any, **__: Any) -> None:
        return

    clear_service = publish_service


class Provider:
    """A monitor."""

    def __init__(self) -> None:
        from sdc11073.definitions_sdc import SdcV1Definitions
        from sdc11073.mdib.providermdib import ProviderMdib
        from sdc11073.provider import SdcProvider
        from sdc11073.xml_types.dpws_types import ThisDeviceType, ThisModelType

        self.mdib = ProviderMdib.from_string(mdib(), protocol_definition=SdcV1Definitions)
        model = ThisModelType("Acme", "http://x", "Mon 1", "1", "http://x", "http://x")
        self.served = SdcProvider(Unannounced(), model, ThisDeviceType("Mon", "1", "M-7"), self.mdib, epr=uuid.uuid4())
        self.served.start_all(start_rtsample_loop=False)
        self.address = self.served.get_xaddrs()[0]

    def report(self, **numbers: tuple[str, str]) -> None:
        from sdc11073.xml_types.pm_types import MeasurementValidity

        with self.mdib.metric_state_transaction() as change:
            for handle, (number, validity) in numbers.items():
                state = change.get_state(handle)
                if state.MetricValue is None:
                    state.mk_metric_value()
                state.MetricValue.Value = Decimal(number)
                state.MetricValue.MetricQuality.Validity = MeasurementValidity(validity)


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.served.stop_all()


def test_a_monitor_into_a_visit(crew: Any, provider: Provider) -> None:
    assign_node(crew.unit, "U1", None)
    owned = equipment.add(crew.unit, None, "monitor", serial="M-7")
    peer = Peer("bed", provider.address)
    monitor = Monitor(peer)
    try:
        serve.introduce(peer, monitor, "U1")
        paired = Pairing.objects.get()
        assert (paired.maker, paired.model, paired.serial, paired.instrument) == ("Acme", "Mon 1", "M-7", owned.pk)
        provider.report(spo2=("97", "Vld"), rate=("78", "Qst"), warm=("99", "Inv"), odd=("5", "Vld"))
        assert monitor.wait(60) and monitor.connected
        serve.hand_over(peer, monitor)
        provider.report(spo2=("96", "Vld"))
        assert monitor.wait(60)
        serve.hand_over(peer, monitor)
        serve.hand_over(peer, monitor)
    finally:
        monitor.stop()
    row = Arrived.objects.get()
    assert row.live and row.warns == ["questionable"]
    visit = crew.visit()
    kept = {o.code: o for o in acts.accept(row, visit, crew.nurse)}
    assert {k: float(o.number or 0) for k, o in kept.items()} == {"spo2": 96, "pulse": 78}
    assert {(o.source, o.device, o.instrument_id) for o in Observation.objects.all()} == {
        ("device", "Acme Mon 1", owned.pk)
    }


def test_a_monitor_that_is_not_there() -> None:
    with pytest.raises(Away):
        Monitor(Peer("bed", "http://127.0.0.1:9/none"))


def test_settings() -> None:
    assert peers_of({}, Path("/n")) == []
    found = peers_of({"sdc": [{"name": "bed", "address": "https://x", "certificates": "monitors"}]}, Path("/n"))
    assert found == [Peer("bed", "https://x", Path("/n/monitors"))]


validity = st.sampled_from(["Vld", "Vldated", "Ong", "Qst", "Calib", "Inv", "Oflw", "Uflw", "NA", "", "?"])
numbers = st.none() | st.decimals(allow_nan=True, allow_infinity=True)
codes, units = st.sampled_from([*KEYS, "0"]), st.sampled_from([*UNITS, "0"])


@given(st.lists(st.builds(Metric, codes, units, numbers, validity), max_size=6))
def test_only_what_is_valid_is_a_number(metrics: list[Metric]) -> None:
    found = measured(metrics)
    for one in found.values if found else ():
        assert (one.number is None) == bool(one.why)
        assert one.number is None or any(m.validity in ("Vld", "Vldated", "Qst") for m in metrics)
