"""What is read once a look, and nowhere else."""

from __future__ import annotations

from qafila.kernel.looks import forget, looked, looking, one_look

ASKED: list[str] = []


@looked
def ask(name: str, loud: bool = False) -> str:
    ASKED.append(name)
    return name.upper() if loud else name


def test_inside_a_look_a_question_is_asked_once_and_outside_every_time() -> None:
    ASKED.clear()
    assert ask("a") == ask("a") == "a" and ASKED == ["a", "a"] and not looking()
    with one_look():
        assert looking() and ask("a") == ask("a") == "a" and ask("a", loud=True) == "A"
        assert ASKED == ["a"] * 4
        with one_look():
            ask("a")
        assert ASKED == ["a"] * 4, "a look within a look is one look"
        forget()
        assert ask("a") == ask("a") == "a" and ASKED == ["a"] * 5, "something was written"
    assert not looking() and ask("a") == "a" and ASKED == ["a"] * 6
