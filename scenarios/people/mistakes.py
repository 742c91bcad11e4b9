"""What a clerk does about a document that should not have gone out like that, and how another clerk answers.

Whether something was wrong is a draw by the document's identifier, so it disturbs nothing else. The answer follows from where the document
stands: what is finished is not given back, but a recall is always agreed to, since the law demands it (Decree 30/2020 Art. 18.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from exchange.domain.identifiers import OrganId
from exchange.domain.negotiation import Kind
from scenarios.office import negotiations, requests
from scenarios.office.cases import Request
from scenarios.office.dispatch import Sent
from scenarios.office.incoming import Place, whereabouts
from scenarios.office.office import Office
from scenarios.people import errands
from scenarios.streams import rendezvous, share
from scenarios.world.model import Person

MISSENT = "Văn bản gửi nhầm nơi nhận, đề nghị cho lấy lại."
VOID = "Văn bản ban hành không đúng thẩm quyền, cơ quan ban hành thu hồi."
FORGOTTEN = "Bổ sung nơi nhận còn thiếu của văn bản."
MISDESCRIBED = "Cập nhật thông tin mô tả văn bản."
WRONG_TEXT = "Văn bản có sai sót về nội dung, được thay thế bằng văn bản mới."
FINISHED = "Văn bản đã được xử lý xong, không thể trả lại."
NOT_HERE = "Văn bản không có trong sổ hoặc đã được trả lại nơi gửi."
_SHARES = (
    (Kind.TAKE_BACK, "take_back_share"),
    (Kind.RECALL, "recall_share"),
    (Kind.UPDATE, "update_share"),
    (Kind.REPLACE, "replace_share"),
)
_AT_ONCE = 1
"""Such work waits for no sitting."""
_NEXT_LOOK = 600


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is to be done about which document."""

    kind: Kind
    sent: Sent


def notice(office: Office, me: Person, sent: Sent | None) -> None:
    """With some documents the clerk hears within the hour that something is wrong. A replacement is right."""
    if sent is None or not sent.organs or sent.item.replaces is not None:
        return
    kernel, document = office.services.kernel, sent.item.id
    draw = share(kernel.seed, document, "mistake")
    for kind, key in _SHARES:
        if draw < kernel.habits[key]:
            wait = int(share(kernel.seed, document, "noticed") * kernel.habits["notice_minutes"] * 60)
            office.desks[me.id].put("correct", Mistake(kind, sent), _AT_ONCE, kernel.after_work(kernel.now, wait))
            return
        draw -= kernel.habits[key]


def correct(office: Office, me: Person, mistake: Mistake) -> None:
    """Take back, recall, update or have it replaced; nothing when every recipient has returned it."""
    kernel, sent = office.services.kernel, mistake.sent
    document = sent.item.id
    if not negotiations.has_left(office, document):
        office.desks[me.id].put("correct", mistake, _AT_ONCE, kernel.now + _NEXT_LOOK)
        return
    organs = requests.reachable(office, document, sent.organs)
    if not organs:
        return
    if mistake.kind is Kind.TAKE_BACK:
        negotiations.take_back(office, me, sent, _one_of(office, f"{document}/missent", organs), MISSENT)
    elif mistake.kind is Kind.RECALL:
        negotiations.recall(office, me, sent, VOID)
    elif mistake.kind is Kind.UPDATE:
        left_out = tuple(organ for organ in office.agency.peers if organ != office.id and organ not in sent.item.recipients)
        forgotten = _one_of(office, f"{document}/forgotten", left_out) if left_out else None
        negotiations.update(office, me, sent, FORGOTTEN if forgotten else MISDESCRIBED, forgotten)
    else:
        tail = int.from_bytes(sha256(document.encode()).digest()[:4], "big") % 100_000_000
        name = f"{office.name},{kernel.moment.year},TT{tail:08d}"
        errands.begin(office, negotiations.replacement(office, me, sent, name, WRONG_TEXT))


def answer(office: Office, me: Person, request: Request) -> None:
    """15 or 16, by the letter that came with the request and by where the document stands."""
    reason = negotiations.check(office, me, request)
    place = whereabouts(office, request.document, request.sender)
    if not reason and place is Place.NOWHERE:
        reason = NOT_HERE
    if not reason and request.kind is Kind.TAKE_BACK and place is Place.CLOSED:
        reason = FINISHED
    if reason:
        negotiations.refuse(office, me, request, reason)
    else:
        negotiations.agree(office, me, request)


def _one_of(office: Office, key: str, organs: tuple[OrganId, ...]) -> OrganId:
    by_name = {str(organ): organ for organ in organs}
    return by_name[rendezvous(office.services.kernel.seed, key, by_name)[0]]
