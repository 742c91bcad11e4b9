"""Faults that befall the signers of a letter: a certificate that had ended, was revoked, comes from elsewhere, or an odd tool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from signing.faults.incident import Incident
from signing.faults.model import Case, Expected, Fault, Finder, Form, Group, Peers
from signing.faults.workshop import DAY, HOUR, JUDGED_AT, LETTER, LETTER_DAY, NUMBER, PRESS, SIGNED_AT, Workshop
from signing.formats import pades
from signing.formats.claims import Level
from signing.formats.cms import CadesSigner
from signing.formats.letter.augment import TOKEN_ROOM, augment_letter
from signing.formats.letter.reader import open_first, open_second
from signing.formats.letter.tails import first_state, read_tails, stamp_revision
from signing.keys import Purpose
from signing.pki.authorities import VN, Authority, Tree
from signing.pki.profiles import HolderSpec, KeyKind, RevocationReason
from signing.validation.report import SubIndication

S = SubIndication
_MERGER = datetime(2025, 7, 1, tzinfo=VN)
"""When the provinces of 2021 were merged and their seals withdrawn."""
_SEVEN_HOURS = timedelta(hours=7)
_VALID = (True, True)


def expired(spec: HolderSpec, at: datetime) -> HolderSpec:
    """A certificate that had ended the day before signing."""
    return replace(spec, not_after=at - DAY)


def early(spec: HolderSpec, at: datetime) -> HolderSpec:
    """A certificate that begins the day after signing."""
    return replace(spec, not_before=at + DAY)


def revoked(spec: HolderSpec, at: datetime) -> HolderSpec:
    """A certificate that had been revoked five days before signing."""
    return replace(spec, revoked_at=at - 5 * DAY, reason=RevocationReason.PRIVILEGE_WITHDRAWN)


def suspended(spec: HolderSpec, at: datetime) -> HolderSpec:
    """A certificate that was suspended the day before signing and not released."""
    return replace(spec, holds=((at - DAY, None),))


def public(spec: HolderSpec, at: datetime) -> HolderSpec:
    """A certificate of the same name by a public authority."""
    return replace(spec, authority=Authority.PUBLIC)


def first_generation(spec: HolderSpec, at: datetime) -> HolderSpec:
    """A certificate of the first generation: RSA-2048, SHA-1."""
    return replace(spec, authority=Authority.G1_STATE, key=KeyKind.RSA2048)


def _of(incident: Incident, *trees: Tree, known: bool = True, judged: datetime = JUDGED_AT) -> Callable[[str], Case]:
    """The letter of an incident, judged the same afternoon with both generations of the Government's roots."""

    def build(seed: str) -> Case:
        shop = Workshop.open(seed, trees=(Tree.G2, *trees))
        letter = shop.letter(incident)  # before the lists are asked for, which know only who was certified
        evidence = shop.evidence(judged, trees=(Tree.G2, Tree.G1))
        return shop.letter_case(letter, judged, evidence if known else replace(evidence, certificates=()))

    return build


def unsealed(seed: str) -> Case:
    """The leader has signed; number, date and seal are missing."""
    shop = Workshop.open(seed)
    leader = CadesSigner(shop.signer, purpose=Purpose.LETTER)
    return shop.letter_case(PRESS.sign(LETTER, leader, at=shop.at))


def sealed_twice(seed: str) -> Case:
    """One person signs in both places."""
    shop = Workshop.open(seed)
    signer = CadesSigner(shop.signer, purpose=Purpose.LETTER)
    return shop.letter_case(PRESS.issue(PRESS.sign(LETTER, signer, at=shop.at), NUMBER, LETTER_DAY, signer, at=shop.at))


def _later(
    judged: datetime, level: Level | None, since: datetime, reason: RevocationReason, invalid_since: datetime | None = None
) -> Callable[[str], Case]:
    """A letter whose organisation and leader are revoked afterwards; with a level, it was stamped when it was issued."""

    def bend(spec: HolderSpec, at: datetime) -> HolderSpec:
        return replace(spec, not_after=datetime(2026, 1, 1, tzinfo=VN), revoked_at=since, reason=reason, invalid_since=invalid_since)

    def build(seed: str) -> Case:
        shop = Workshop.open(seed)
        letter = shop.letter(Incident(leader=bend, seal=bend))
        if level is not None:
            letter = augment_letter(letter, level, shop.stamp(shop.at + HOUR))
        return shop.letter_case(letter, judged)

    return build


def stamp_of_another(seed: str) -> Case:
    """The document time-stamp of an older letter stands behind this one."""
    shop = Workshop.open(seed)
    older = augment_letter(shop.letter(content=replace(LETTER, subject="việc cũ")), Level.T, shop.stamp(shop.at - 100 * DAY))
    token = read_tails(older, open_second(older, open_first(older)).end).stamps[0].token
    letter = shop.letter()
    digits = pades.contents_digits(TOKEN_ROOM)
    revision, _ = stamp_revision(first_state(letter, len(letter)), digits)
    return shop.letter_case(b"".join((letter, revision.before, pades.fill_contents(token, digits), revision.after)))


def issuer_revoked(seed: str) -> Case:
    """The authority that certified both signers had been revoked."""
    shop = Workshop.open(seed, revoked_authorities=((Authority.STATE, JUDGED_AT - 3 * DAY),))
    return shop.letter_case(shop.letter())


def _both(sub_indication: SubIndication | None, check: str = "", clause: str = "") -> Expected:
    return Expected((sub_indication, sub_indication), check, clause)


def _leader(sub_indication: SubIndication, check: str, clause: str) -> Expected:
    return Expected((sub_indication, None), check, clause)


def _fault(
    name: str,
    build: Callable[[str], Case],
    expected: Expected,
    pyhanko: tuple[bool, ...] | None,
    *finders: Finder,
    incident: Incident | None = None,
    group: Group = Group.SIGNER,
) -> Fault:
    return Fault(name, group, Form.LETTER, finders or (Finder.AXIS,), expected, build, Peers(None, pyhanko), incident)


def _incident(name: str, incident: Incident, expected: Expected, pyhanko: tuple[bool, ...] | None, *trees: Tree) -> Fault:
    return _fault(name, _of(incident, *trees), expected, pyhanko, incident=incident)


_REVOCATION = ("revocation", "EN 319 102-1 §5.2.6.4 (3) b, c")
_VALIDITY = ("validity", "EN 319 102-1 §5.2.6.4 (1)")
_CHAIN = ("certificate-chain", "EN 319 102-1 §5.2.6.4 (2)")
_CESSATION = RevocationReason.CESSATION_OF_OPERATION
_LATER_AT = JUDGED_AT + 30 * DAY
_SINCE = JUDGED_AT + 10 * DAY
_LEAF = Incident(leaf_only=True)
_AUDIT = Finder.AUDITOR

FAULTS = (
    _fault("sound-letter", _of(Incident()), _both(None), _VALID, group=Group.SOUND, incident=Incident()),
    _fault(
        "seal-missing",
        unsealed,
        Expected((None,), document=("signatures-present", "finding")),
        (True,),
        Finder.CLERK,
        Finder.AXIS,
    ),
    _fault(
        "one-person-signs-twice", sealed_twice, Expected((None, None), document=("signatures-in-order",)), _VALID, Finder.CLERK, Finder.AXIS
    ),
    _incident("signer-expired", Incident(leader=expired), _leader(S.OUT_OF_BOUNDS_NO_POE, *_VALIDITY), (False, True)),
    replace(
        _incident(
            "signer-not-yet-valid",
            Incident(leader=early),
            _leader(S.NOT_YET_VALID, "signature-after-issuance", "EN 319 102-1 §5.5.4 (4) b"),
            (False, True),
        ),
        afterwards=S.OUT_OF_BOUNDS_NO_POE,
    ),
    _incident("signer-revoked", Incident(leader=revoked), _leader(S.REVOKED_NO_POE, *_REVOCATION), (False, True)),
    _incident("seal-revoked", Incident(seal=revoked), Expected((None, S.REVOKED_NO_POE), *_REVOCATION), (True, False)),
    _incident("signer-suspended", Incident(leader=suspended), _leader(S.TRY_LATER, *_REVOCATION), (False, True)),
    _fault(
        "letter-stamp-of-another",
        stamp_of_another,
        _both(S.HASH_FAILURE, "timestamps-intact", "EN 319 102-1 §5.5.4 (3) a"),
        _VALID,
        group=Group.TIME,
    ),
    _fault(
        "issuer-revoked", issuer_revoked, _both(S.REVOKED_CA_NO_POE, "authority-revocation", "EN 319 102-1 §5.2.6.4 (3) e"), (False, False)
    ),
    _incident("public-authority", Incident(leader=public), _leader(S.NO_CERTIFICATE_CHAIN_FOUND, *_CHAIN), (False, True), Tree.PUBLIC),
    _incident(
        "first-generation",
        Incident(leader=first_generation),
        _leader(S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "chain-algorithms", "EN 319 102-1 §5.2.6.4 (6)"),
        (False, True),
        Tree.G1,
    ),
    _fault("leaf-only", _of(_LEAF), _both(None), _VALID, group=Group.SOUND, incident=_LEAF),
    _fault("leaf-only-unknown", _of(_LEAF, known=False), _both(S.NO_CERTIFICATE_CHAIN_FOUND, *_CHAIN), (False, False)),
    _fault(
        "clock-seven-hours",
        _of(Incident(clock=_SEVEN_HOURS), judged=SIGNED_AT + timedelta(minutes=10)),
        _both(None, "seven-hour-clock", "EN 319 102-1 §5.2.8"),
        _VALID,
        Finder.CLERK,
        Finder.AXIS,
        incident=Incident(clock=_SEVEN_HOURS),
        group=Group.TIME,
    ),
    _fault(
        "revoked-later-stamped",
        _later(_LATER_AT, Level.T, _SINCE, RevocationReason.KEY_COMPROMISE),
        _both(None),
        (False, False),
        _AUDIT,
        group=Group.SOUND,
    ),
    _fault(
        "revoked-later-unstamped",
        _later(_LATER_AT, None, _SINCE, RevocationReason.KEY_COMPROMISE),
        _both(S.REVOKED_NO_POE, *_REVOCATION),
        (False, False),
        _AUDIT,
    ),
    _fault(
        "key-lost-before-report",
        _later(_LATER_AT, Level.T, _SINCE, RevocationReason.KEY_COMPROMISE, JUDGED_AT - 20 * DAY),
        _both(S.REVOKED_NO_POE, *_REVOCATION),
        (False, False),
        _AUDIT,
    ),
    _fault(
        "dissolved-agency-stamped",
        _later(_MERGER + 92 * DAY, Level.T, _MERGER, _CESSATION),
        _both(None),
        (False, False),
        _AUDIT,
        group=Group.SOUND,
    ),
    _fault(
        "dissolved-agency-unstamped",
        _later(_MERGER + 92 * DAY, None, _MERGER, _CESSATION),
        _both(S.REVOKED_NO_POE, *_REVOCATION),
        (False, False),
        _AUDIT,
    ),
)
"""Letters, judged with everything an auditor has."""
