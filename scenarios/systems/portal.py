"""The province's portal: directives are put there by each agency's editor, as far as there is one who can (figure e09)."""

from __future__ import annotations

from scenarios.channels import Hand
from scenarios.kernel import Kernel
from scenarios.office.cases import Draft
from scenarios.office.office import Office, require
from scenarios.trace import Cause, Published
from scenarios.world.model import Person


def why_not(software: bool, secret: bool, by_hand: Cause | None, editor: Hand | None) -> Cause | None:
    """Why a directive is not published: secret, no electronic original, no software, or no editor who can. ``None`` when it can be."""
    if secret:
        return Cause.SECRET
    if not software:
        return Cause.NO_SOFTWARE
    if by_hand is not None:
        return by_hand
    return Cause.NOT_TRAINED if editor is None else editor.cause


class Portal:
    """Takes what editors publish."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def offer(self, office: Office, item: Draft) -> None:
        """A directive was issued: lay it on the editor's desk, or write down why nobody can publish it."""
        editor = self._editor(office)
        hand = None if editor is None else Hand(editor.has_computer, editor.trained)
        cause = why_not(office.agency.software, item.secret, item.by_hand, hand)
        if cause is None and editor is not None:
            office.desks[editor.id].put("publish", item, item.urgency)
        else:
            self._kernel.record(Published(self._kernel.now, office.name, item.id, False, cause))

    def publish(self, office: Office, editor: Person, item: Draft) -> None:
        """The editor puts it on the portal."""
        require(editor == self._editor(office), editor.id, f"publish {item.id}", "the agency's portal has another editor")
        require(item.directive and not item.secret, editor.id, f"publish {item.id}", "only open directives are published")
        self._kernel.record(Published(self._kernel.now, office.name, item.id, True, None))

    def _editor(self, office: Office) -> Person | None:
        """One officer of the agency's first unit looks after the portal."""
        first = office.agency.units[0] if office.agency.units else ""
        officers = office.staff("officer")
        people = tuple(person for person in officers if person.unit == first) or officers or office.agency.people
        return office.pick("portal", people)
