"""What a clerk chooses: register or return what arrived, number and seal what was signed. The clerk is the gate."""

from __future__ import annotations

from functools import partial

from scenarios.office import incoming, outgoing
from scenarios.office.cases import Draft, Incoming
from scenarios.office.office import Office
from scenarios.people import mistakes
from scenarios.streams import share
from scenarios.world.model import Person

NOT_COMPETENT = "Văn bản không thuộc thẩm quyền giải quyết của cơ quan, đề nghị gửi đúng nơi nhận."
DUPLICATE = "Văn bản đã được tiếp nhận và vào sổ trước đó (trùng số, ký hiệu)."


def receive(office: Office, me: Person, item: Incoming) -> None:
    """Check, then register or return with a reason."""
    if item.document not in office.queue:
        return  # taken back or recalled meanwhile
    kernel = office.services.kernel
    reason = incoming.check(office, me, item)
    if not reason and incoming.is_duplicate(office, item):
        reason = DUPLICATE
    if not reason and share(kernel.seed, office.name, item.document, "competent") < kernel.habits["not_competent_share"]:
        reason = NOT_COMPETENT
    if reason:
        incoming.send_back(office, me, item, reason)
    else:
        incoming.register(office, me, item)


def issue(office: Office, me: Person, item: Draft) -> None:
    """Number, seal, register, send; hear later of what was wrong with it."""
    mistakes.notice(office, me, outgoing.issue(office, me, item, partial(mistakes.notice, office, me)))
