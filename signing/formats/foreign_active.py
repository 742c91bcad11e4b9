"""What in a PDF can change what it shows after it was signed: scripts, programs it starts, forms of another language, outside content.

The child's side, with pyHanko. The places where such things begin are looked at (the catalog, the form and its fields, pages and their
annotations), not every object, so that a long file costs little.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils import generic

MAX_PLACES = 20_000
"""Pages, fields and annotations looked at."""
_MAX_CHAIN = 256
"""Actions followed from one place."""
_RUNNING = ("/JavaScript", "/Launch", "/ImportData", "/Rendition", "/SubmitForm")


def active_content(root: Any) -> list[str]:
    """Names of what was found, each once, sorted; raises ValueError when there are more places than are looked at."""
    found: set[str] = set()
    if _get(_get(root, "/Names"), "/JavaScript") is not None:
        found.add("/JavaScript")
    if _get(_get(root, "/AcroForm"), "/XFA") is not None:
        found.add("/XFA")
    for number, place in enumerate(_places(root)):
        if number > MAX_PLACES:
            raise ValueError(f"more than {MAX_PLACES} pages, fields and annotations")
        found |= _actions(place)
    return sorted(found)


def _places(root: Any) -> Iterator[Any]:
    """Dictionaries that may hold actions."""
    yield root
    yield from _tree(_get(_get(root, "/AcroForm"), "/Fields"))
    for page in _tree(_get(_get(root, "/Pages"), "/Kids")):
        yield page
        yield from _items(_get(page, "/Annots"))


def _tree(kids: Any) -> Iterator[Any]:
    """Nodes of a tree of /Kids, each once."""
    seen: set[int] = set()
    waiting = list(_items(kids))
    while waiting:
        node = waiting.pop()
        if id(node) not in seen and len(seen) <= MAX_PLACES:
            seen.add(id(node))
            yield node
            waiting += _items(_get(node, "/Kids"))


def _actions(place: Any) -> set[str]:
    """Kinds of running actions that hang on a dictionary: when it is opened or activated, or on any other event."""
    waiting = [_get(place, "/OpenAction"), _get(place, "/A")]
    events = _get(place, "/AA")
    if isinstance(events, generic.DictionaryObject):
        waiting += [_get(events, key) for key in events]
    found: set[str] = set()
    looked = 0
    while waiting and looked < _MAX_CHAIN:
        action = waiting.pop()
        if not isinstance(action, generic.DictionaryObject):
            continue
        looked += 1
        kind, following = _get(action, "/S"), _get(action, "/Next")
        if kind in _RUNNING:
            found.add(str(kind))
        waiting += _items(following) or [following]
    return found


def _get(item: Any, key: str) -> Any:
    """An entry of a dictionary; ``None`` when there is no dictionary, no entry, or nothing readable there."""
    if not isinstance(item, generic.DictionaryObject):
        return None
    try:
        found = item[key]
    except Exception:  # an absent key, a broken reference
        return None
    return None if isinstance(found, generic.NullObject) else found


def _items(array: Any) -> list[Any]:
    if not isinstance(array, generic.ArrayObject):
        return []
    found = []
    for position in range(min(len(array), MAX_PLACES + 1)):
        try:
            found.append(array[position])
        except Exception:  # noqa: S112 - a broken reference leads to nothing that could run
            continue
    return found
