"""Hypothesis strategies for headers and packages that the wire can carry."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime

from hypothesis import strategies as st

from exchange.domain.calendar import VN
from exchange.domain.document import Urgency
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import Operation, StatusCode
from exchange.edxml.model import (
    Business,
    Contact,
    EdocHeader,
    OtherInfo,
    OutgoingAttachment,
    ReceiverChange,
    Replacement,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    StatusHeader,
    TraceHeader,
    TypeInfo,
)

ALPHABET = "aàáảãạăâbcdđeêghiklmnoôơpqrstuưvxyỵ ABCĐ0123456789/-.,;:'\"<>&()%\n\t\r\u00a0\u0301"


def text(limit: int, *, required: bool = False) -> st.SearchStrategy[str]:
    """NFC text without outer blanks, of at most ``limit`` characters."""
    plain = st.text(ALPHABET, max_size=min(limit, 40)).map(lambda value: unicodedata.normalize("NFC", value.strip()).strip())
    return plain.filter(lambda value: bool(value) and len(value) <= limit) if required else plain.filter(lambda value: len(value) <= limit)


organs = st.tuples(st.sampled_from(["H28", "G22", "H53"]), st.integers(0, 99), st.integers(0, 99), st.integers(0, 999)).map(
    lambda parts: OrganId.parse(f"{parts[3]:03d}.{parts[2]:02d}.{parts[1]:02d}.{parts[0]}")
)
days = st.dates(date(2000, 1, 1), date(2030, 12, 31))
instants = st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)).map(  # Hypothesis wants naive bounds
    lambda naive: naive.replace(microsecond=0, tzinfo=VN)
)
amounts = st.none() | st.integers(0, 999)
contacts = st.builds(Contact, organs, text(200), text(200), text(200), text(100), text(20), text(20), text(100))
staff = st.builds(StaffInfo, text(200), text(100), text(100), text(20))
codes = st.tuples(st.from_regex(r"[0-9]{1,5}", fullmatch=True), st.sampled_from(["QĐ-UBND", "STC", "TTr-STC"])).map("/".join)
responses = st.builds(ResponseFor, organs, codes, text(200), st.none() | days)
replacements = st.lists(
    st.builds(Replacement, text(200, required=True), st.lists(organs, max_size=3).map(tuple)), min_size=1, max_size=3
).map(tuple)
changes = st.lists(st.builds(ReceiverChange, organs, st.booleans()), max_size=3).map(tuple)


def businesses(operation: Operation) -> st.SearchStrategy[Business]:
    """Operations with what belongs to them."""
    return st.builds(
        Business,
        st.just(operation),
        text(500),
        st.integers(0, 99),
        staff,
        text(200),
        st.none() | st.booleans(),
        st.none() | st.booleans(),
        changes,
        replacements if operation is Operation.REPLACE else st.just(()),
    )


others = st.builds(
    OtherInfo,
    st.sampled_from(Urgency),
    text(100),
    text(10),
    amounts,
    amounts,
    st.none() | st.booleans(),
    st.lists(text(300, required=True), max_size=2).map(tuple),
)
edocs = st.builds(
    EdocHeader,
    sender=contacts,
    recipients=st.lists(contacts, min_size=1, max_size=4, unique_by=lambda contact: contact.organ).map(tuple),
    number=text(11, required=True),
    notation=text(30, required=True),
    promulgation_date=days,
    subject=text(500, required=True),
    document_id=text(200),
    place=text(50),
    type=st.builds(TypeInfo, st.integers(0, 99), st.integers(0, 99), text(100)),
    content=text(500),
    signer=st.builds(SignerInfo, text(100), text(100), text(50)),
    due_date=st.none() | days,
    other=others,
    response_for=st.lists(responses, max_size=2).map(tuple),
    steering=st.none() | st.integers(1, 3),
    to_places=st.lists(text(150, required=True), max_size=3).map(tuple),
    trace=st.lists(st.builds(TraceHeader, organs, instants), max_size=3).map(tuple),
    business=st.sampled_from(Operation).flatmap(businesses),
)
statuses = st.builds(StatusHeader, contacts, responses, st.sampled_from(StatusCode), st.none() | instants, text(500, required=True), staff)
attachments = st.lists(
    st.builds(
        OutgoingAttachment,
        st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True),
        text(100),
        st.binary(max_size=300),
        st.sampled_from(["application/pdf", "application/zip", ""]),
        text(100),
    ),
    max_size=3,
    unique_by=lambda attachment: attachment.content_id,
).map(tuple)
