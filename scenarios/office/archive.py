"""What an agency keeps of the letters it registered, and how it makes them last (PAdES B-LT and B-LTA; EN 319 142-1 §6).

Every night, half an hour after the authorities have published their lists, the archive goes through what is not yet as it should be. That
is why it is done at night and not when a letter is registered: a list from before the signature cannot show that the signer's certificate
was still good when it was made; the first list after the time-stamp can (EN 319 102-1 §5.2.5). A letter that came without a time-stamp gets
one on the first night, and its lists on the next. Where no lists are to be had, or only old ones, the letter waits another night; a list
is kept as it came, its signature is the later reader's to verify. A copy at B-LTA is renewed in the same way before its newest time-stamp
stops proving anything (:mod:`scenarios.office.renewal`).

What was delivered is kept as it is; what is made of it begins with the same bytes and stands beside it, and delivered bytes never change.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import simpy

from scenarios.kernel import DAY, Kernel, Process
from scenarios.office import renewal
from scenarios.office.office import Office
from scenarios.office.registers import ARCHIVED
from scenarios.office.services import Services
from scenarios.office.stamping import obtain
from scenarios.trace import Preserved
from signing import (
    Artefacts,
    PackedLetter,
    SignatureLevel,
    Wrong,
    add_store,
    certificate_facts,
    pack_letter,
    read_stamped,
    spoil,
    unpack_letter,
)


@dataclass(frozen=True, slots=True)
class Copy:
    """An archive's copy of a letter as it is now; ``stamped_at`` is the instant its first time-stamp proves, ``None`` without one."""

    document: str
    letter: PackedLetter
    stamped_at: int | None


@dataclass(frozen=True, slots=True)
class Lists:
    """The revocation lists of one night: as of which moment, the instant they were published, and whether their signatures are broken."""

    known: datetime
    published_at: int
    spoilt: bool


def checked(office: Office, document: str, letter: bytes, stamped_at: int | None) -> None:
    """A letter was found valid: keep it at hand until the clerk registers it, or does not."""
    packed = pack_letter(letter) if office.services.archives else None
    if packed is not None:
        office.at_hand[document] = Copy(document, packed, stamped_at)


def entered(office: Office, document: str) -> None:
    """It was registered: the copy delivered goes into the archive."""
    copy = office.at_hand.pop(document, None)
    if copy is None:
        return
    office.archive[document] = copy
    level = SignatureLevel.B if copy.stamped_at is None else SignatureLevel.T
    row = {
        "agency": office.name, "document": document, "level": level.value,
        "delivered_template": copy.letter.template_sha256, "delivered_tail": copy.letter.tail,
        "template": copy.letter.template_sha256, "tail": copy.letter.tail,
    }  # fmt: skip
    office.services.registers.add(ARCHIVED, row)


def nightly(office: Office) -> Process:
    """The archive's work of every night, for as long as the run lasts."""
    kernel = office.services.kernel
    pause = int(kernel.habits["archive_run_minutes"] * 60)
    day = 1
    while True:
        yield kernel.until(day * DAY + pause)
        lists = yield from _fetch(kernel)
        for copy in tuple(office.archive.values()):
            yield from _preserve(office, copy, lists)
        yield from _renew(office, lists)
        day = max(day, kernel.now // DAY) + 1


def _fetch(kernel: Kernel) -> Generator[simpy.Event, Any, Lists | None]:
    """What the place that gives out revocation lists has for this night; ``None`` when it does not answer."""
    plan = kernel.world.revocation_lists
    behaviour = plan.behaviour(kernel.moment)
    if behaviour.silent or behaviour.wrong is Wrong.UNAVAILABLE:
        return None
    yield kernel.sleep(int(behaviour.delay_seconds))
    known = behaviour.knows(kernel.moment)
    return Lists(known, kernel.instant_of(known) // DAY * DAY, behaviour.wrong is Wrong.SIGNATURE)


def _preserve(office: Office, copy: Copy, lists: Lists | None) -> Generator[simpy.Event, Any, None]:
    """One copy, one step further: a time-stamp where it has none; else the lists, and for B-LTA a time-stamp over all."""
    letter = unpack_letter(copy.letter)
    if copy.stamped_at is None:
        stamped = yield from obtain(office, copy.document, "archive", letter)
        if stamped is not None:
            _keep(office, replace(copy, stamped_at=office.services.kernel.now), stamped, SignatureLevel.T)
        return
    if lists is None or copy.stamped_at >= lists.published_at:
        return  # its lists are not out yet, or not to be had
    stored = add_store(letter, lasting(office.services, letter, lists))
    goal = SignatureLevel(office.services.kernel.world.signature_level)
    if goal is not SignatureLevel.LTA:
        _keep(office, copy, stored, SignatureLevel.LT)
        return
    archived = yield from obtain(office, copy.document, "archive", stored)
    if archived is None:
        _keep(office, copy, stored, SignatureLevel.LT)
    else:
        _keep(office, copy, archived, SignatureLevel.LTA)


def _renew(office: Office, lists: Lists | None) -> Generator[simpy.Event, Any, None]:
    """Every copy whose plan is due: the lists of the night, and a time-stamp over all; another night where either is not to be had.

    One that gains nothing is not kept, and the plan stays.
    """
    services = office.services
    for document, plan in tuple(office.lasting.items()):
        if plan.due_at > services.kernel.now or lists is None or plan.stamped_at >= lists.published_at:
            continue
        letter = unpack_letter(services.registers.archived(office.name, document))
        stored = add_store(letter, lasting(services, letter, lists))
        renewed = yield from obtain(office, document, "archive", stored)
        if renewed is None:
            continue
        if renewal.planned(services.kernel, renewed, plan) is None:
            office.lasting[document] = replace(plan, due_at=services.kernel.now + renewal.AGAIN)
            continue
        _keep(office, Copy(document, services.registers.archived(office.name, document), plan.stamped_at), renewed, SignatureLevel.LTA)


def _keep(office: Office, copy: Copy, letter: bytes, level: SignatureLevel) -> None:
    """The new artefact takes the place of the last one; the delivered bytes stay where they are."""
    services, document = office.services, copy.document
    packed = pack_letter(letter)
    if packed is None:
        raise RuntimeError(f"what the archive of {office.name} made of {document} is no letter any more")
    done = level.value == services.kernel.world.signature_level
    if done:
        office.archive.pop(document, None)
    else:
        office.archive[document] = replace(copy, letter=packed)
    if level is SignatureLevel.LTA:
        _plan(office, document, letter)
    row = {"agency": office.name, "document": document, "level": level.value, "template": packed.template_sha256, "tail": packed.tail}
    services.registers.change(ARCHIVED, row)
    services.kernel.record(Preserved(services.kernel.now, office.name, document, level.value, done))


def _plan(office: Office, document: str, letter: bytes) -> None:
    """Write down when the copy is to be renewed, or that it is not."""
    services = office.services
    plan = renewal.planned(services.kernel, letter, office.lasting.pop(document, None))
    if plan is not None:
        office.lasting[document] = plan


def lasting(services: Services, letter: bytes, given: Lists) -> Artefacts:
    """The authorities above a letter's signers and its time-stamping units, and their freshest lists of those given."""
    parsed, stamps = read_stamped(letter)
    carried = [*parsed.leader.message.signer.certificates, *parsed.seal.message.signer.certificates]
    trust = services.trust
    above = {certificate_facts(der).subject_der: der for der in (*trust.anchors, *trust.authorities)}
    names = dict.fromkeys(certificate_facts(der).issuer for der in carried)
    for name in tuple(names):
        if name in above:
            names.setdefault(certificate_facts(above[name]).issuer)
    names |= dict.fromkeys(certificate_facts(der).issuer for slot in stamps for der in slot.certificates)
    certificates = tuple(above[name] for name in names if name in above and above[name] not in trust.anchors)
    lists = tuple(crl for name in names if (crl := trust.crl_source(name, given.known)) is not None)
    return Artefacts(certificates=certificates, crls=tuple(map(spoil, lists)) if given.spoilt else lists)
