"""The bench of the quality gate runs, and the gate is right on the pictures that a machine has time for here."""

from __future__ import annotations

from bench.photos.run import at_size, measure, right, sources


def test_the_gate_is_right_on_blur() -> None:
    report = measure(("astronaut", "brick", "retina"), (480, 1024))
    assert report["right_on_blur"] == 1.0 and report["furthest_from_peer"] < 0.005
    assert set(report["right"]["dark"].values()) == {1.0} and report["right"]["sigma 3.0"]["480"] == 1.0


def test_nothing_is_enlarged() -> None:
    small = sources()["chelsea"]
    for side in (200, 640, 1600):
        assert max(at_size(small, side).size) == side
    assert right("sharp", ()) and not right("sharp", ("dark",))
    assert not right("sigma 2.0", ("dark",)) and right("bright", ("bright",))
