"""A series on its way: the hub waits for all of it, another unit for its preview until somebody asks."""

from __future__ import annotations

from typing import Any

import pytest

from qafila.clinic.imaging.models import ImagingInstance
from qafila.clinic.models import Attachment
from qafila.exchange.dicom.matching import study_uid
from qafila.journal.here import at
from qafila.journal.models import Blob, Lane
from qafila.sync import files
from tests.clinic.conftest import Crew, carry
from tests.exchange.dicom.test_filing import arrive, settle, today


@pytest.mark.parametrize("thin", [False, True], ids=["hub", "another unit"])
def test_records_bring_the_preview_first_and_a_series_where_it_is_wanted(crew: Crew, hub: Any, thin: bool) -> None:
    files.connect()
    study = study_uid(today(crew).pk)
    for n in (1, 2, 3):
        arrive(StudyInstanceUID=study, SeriesInstanceUID="1.2.3", InstanceNumber=n)
    settle()
    lanes = dict(Blob.objects.values_list("sha256", "lane"))
    whole = Attachment.objects.get()
    names = set(ImagingInstance.objects.values_list("sha256", flat=True))
    assert lanes[whole.preview] == Lane.PREVIEW and {lanes[name] for name in names} == {Lane.BULK}
    hub.confirmed_by_hub = thin
    carry(crew.node, hub)
    with at(hub):
        assert ImagingInstance.objects.count() == 3
        expected = set(Blob.objects.values_list("sha256", flat=True))
        assert whole.preview in expected
        assert names <= expected if not thin else expected == {whole.preview, whole.sha256}
