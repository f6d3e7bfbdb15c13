"""The drawn pictures of the demo: good enough to pass as photographs, and always the same."""

from qafila.clinic.imaging import teaching
from qafila.clinic.imaging.photo import prepare
from qafila.clinic.imaging.sniff import Kind, kind_of


def test_drawn_pictures_are_taken_like_photographs_and_do_not_change() -> None:
    for draw in (teaching.retina, teaching.skin):
        data = draw(seed=4)
        assert kind_of(data) is Kind.JPEG
        assert prepare(data).warnings == ()
        assert draw(seed=4) == data != draw(seed=5)
