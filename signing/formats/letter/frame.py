"""What an organisation brings to all its letters, tried before it writes one: the page's head and foot without what lies between."""

from __future__ import annotations

from signing.formats.letter.page import draw_foot, draw_head
from signing.formats.letter.template import load_template


def check_frame(
    *,
    bloc: str = "state",
    parent_name: str = "",
    name: str = "",
    notation: str = "",
    place: str = "",
    on_behalf: str = "",
    position: str = "",
    to_places: tuple[str, ...] = (),
) -> None:
    """Raise :class:`signing.LetterRefused` for what a letter of the newest template cannot show: a character its fonts lack, a word wider
    than its column, a notation or a place too long for its line. The parts are those of :class:`signing.LetterContent`.
    """
    template = load_template()
    draw_head(template, bloc, parent_name, name, notation, place)
    draw_foot(template, "", on_behalf, position, "", to_places)
