"""Faults of time: no time-stamp, one over something else, one by a unit nobody should believe, times that contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from signing import der, oids
from signing.faults.crooked import (
    NOT_AN_AUTHORITY,
    Issuer,
    attribute,
    certify,
    chain_of,
    extension,
    good_attributes,
    signed_data,
    signed_with,
    signer_info,
)
from signing.faults.model import Case, Expected, Fault, Finder, Form, Group, Peers
from signing.faults.workshop import CONTENT, DAY, HOUR, JUDGED_AT, Workshop
from signing.formats.cades import add_signature_timestamp
from signing.formats.cms import parse_cms
from signing.pki.authorities import VN
from signing.pki.behaviour import spoil
from signing.pki.issue import Holder
from signing.pki.profiles import RevocationReason
from signing.validation.report import SubIndication

S = SubIndication
_STAMPED = extension(oids.KEY_USAGE, der.named_bits(0), critical=True)


def _signed_with_token(shop: Workshop, token: Callable[[bytes], bytes], holder: Holder | None = None) -> bytes:
    """A signature with whatever ``token`` gives for its value as signature time-stamp."""
    who = holder or shop.signer
    plain = signer_info(who, good_attributes(who))
    value = parse_cms(signed_data([plain], chain_of(who))).signature
    info = signer_info(who, good_attributes(who), signature=value, unsigned=[attribute(oids.SIGNATURE_TIME_STAMP, token(value))])
    return signed_data([info], chain_of(who))


def sound_stamped(seed: str) -> Case:
    """A good signature with a good time-stamp."""
    shop = Workshop.open(seed)
    return shop.case(shop.stamped())


def no_stamp(seed: str) -> Case:
    """A signature that is good today and carries no time-stamp; its certificate has ended since."""
    shop = Workshop.open(seed)
    lists = shop.pki.crls(datetime(2024, 12, 31, tzinfo=VN))
    at = datetime(2025, 1, 3, tzinfo=VN)
    evidence = shop.evidence(at)
    return shop.case(shop.signed(), at, replace(evidence, crls=(*lists, *evidence.crls)))


def wrong_imprint(seed: str) -> Case:
    """The token stamps another digest than the signature's."""
    shop = Workshop.open(seed)
    return shop.case(_signed_with_token(shop, lambda value: shop.stamp(shop.at)(spoil(sha256(value).digest()))))


def copied_token(seed: str) -> Case:
    """The token of another, older signature of the same signer."""
    shop = Workshop.open(seed)
    other = sha256(parse_cms(shop.signed(content=b"an older document")).signature).digest()
    return shop.case(_signed_with_token(shop, lambda _: shop.stamp(shop.at - 100 * DAY)(other)))


def spoiled_token(seed: str) -> Case:
    """One bit of the token's own signature is turned."""
    shop = Workshop.open(seed)
    return shop.case(_signed_with_token(shop, lambda value: spoil(shop.stamp(shop.at)(sha256(value).digest()))))


def _unit(*extensions: bytes, ends: datetime | None = None) -> Callable[[Workshop], Holder]:
    def make(shop: Workshop) -> Holder:
        more = {"not_after": ends} if ends else {}
        root = Issuer.of(shop.pki.root)
        return certify(root, "TSA lạ TEST", (NOT_AN_AUTHORITY, _STAMPED, *extensions), key=shop.key("odd unit"), **more)  # type: ignore[arg-type]

    return make


def _by(unit: Callable[[Workshop], Holder], *, at: timedelta = timedelta(0)) -> Callable[[str], Case]:
    """A signature stamped by that unit; its own certificate ends between stamp and control time, so that the stamp is needed."""

    def build(seed: str) -> Case:
        shop = Workshop.open(seed)
        return shop.case(_signed_with_token(shop, lambda value: shop.stamp(shop.at + at, unit(shop))(sha256(value).digest())))

    return build


def _purposes(*purposes: str, critical: bool = True) -> bytes:
    return extension(oids.EXTENDED_KEY_USAGE, der.sequence(*(der.oid(one) for one in purposes)), critical=critical)


def unknown_unit(seed: str) -> Case:
    """A unit of a tree that has the Government's names and other keys."""
    shop, other = Workshop.open(seed), Workshop.open(f"{seed}/look-alike")
    return shop.case(_signed_with_token(shop, lambda value: shop.stamp(shop.at, other.stamping)(sha256(value).digest())))


def revoked_unit(seed: str) -> Case:
    """The unit's key was stolen and revoked; the thief stamps a signature back to before the signer was revoked."""
    shop = Workshop.open(seed, compromised_stampers=(JUDGED_AT - 2 * DAY,))
    holder = shop.person(revoked_at=shop.at - 5 * DAY, reason=RevocationReason.KEY_COMPROMISE)
    unit = shop.pki.time_stamping(JUDGED_AT, revoked=True)
    return shop.case(_signed_with_token(shop, lambda value: shop.stamp(shop.at - 10 * DAY, unit)(sha256(value).digest()), holder))


def expired_unit(seed: str) -> Case:
    """In 2027 certificate and unit have both ended, and nothing was renewed."""
    shop = Workshop.open(seed)
    at = datetime(2027, 1, 4, 9, tzinfo=VN)
    return shop.case(shop.stamped(), at)


def from_future(seed: str) -> Case:
    """The token was generated after the control time: a unit whose clock is a day ahead."""
    shop = Workshop.open(seed)
    return shop.case(shop.stamped(at=JUDGED_AT + DAY))


def same_second(seed: str) -> Case:
    """Stamped in the very second the certificate was revoked."""
    shop = Workshop.open(seed)
    holder = shop.person(revoked_at=shop.at, reason=RevocationReason.KEY_COMPROMISE)
    return shop.case(shop.stamped(holder, shop.at), JUDGED_AT + DAY)


def _content_stamped(shop: Workshop, at: datetime, **person: object) -> bytes:
    holder = shop.person(**person)
    return signed_with(holder, attribute(oids.CONTENT_TIME_STAMP, shop.stamp(at)(sha256(CONTENT).digest())))


def content_after_signature(seed: str) -> Case:
    """The content was stamped after the signature over it."""
    shop = Workshop.open(seed)
    cms = _content_stamped(shop, shop.at + 2 * HOUR)
    return shop.case(add_signature_timestamp(cms, shop.stamp(shop.at)))


def signed_while_revoked(seed: str) -> Case:
    """The content was stamped after the signer had been revoked: the signature is younger still."""
    shop = Workshop.open(seed)
    return shop.case(_content_stamped(shop, shop.at, revoked_at=shop.at - DAY), JUDGED_AT + DAY)


def signed_while_expired(seed: str) -> Case:
    """The content was stamped after the signer's certificate had ended."""
    shop = Workshop.open(seed)
    return shop.case(_content_stamped(shop, shop.at, not_after=shop.at - DAY), JUDGED_AT + DAY)


def expired_not_revoked(seed: str) -> Case:
    """The certificate ended an hour after signing, not revoked until then, and nothing is stamped."""
    shop = Workshop.open(seed)
    holder = shop.person(not_after=shop.at + HOUR)
    evidence = shop.evidence(JUDGED_AT)
    lists = shop.pki.crls(shop.at)
    return shop.case(shop.signed(holder), evidence=replace(evidence, crls=lists))


def claimed_later(seed: str) -> Case:
    """The claimed time of signing is two days after the time-stamp over it."""
    shop = Workshop.open(seed)
    claimed = attribute(oids.SIGNING_TIME, der.time(shop.at + 2 * DAY))
    return shop.case(add_signature_timestamp(signed_with(shop.signer, claimed), shop.stamp(shop.at)))


_IMPRINT = ("timestamps-intact", "EN 319 102-1 §5.5.4 (3) a")


def _fault(
    name: str,
    build: Callable[[str], Case],
    expected: Expected,
    pyhanko: bool | None,
    openssl: bool | None = True,
    finders: Sequence[Finder] = (Finder.AXIS, Finder.AUDITOR),
) -> Fault:
    peers = Peers(None if openssl is None else (openssl,), None if pyhanko is None else (pyhanko,))
    group = Group.SOUND if name == "sound-stamped" else Group.TIME
    return Fault(name, group, Form.CMS, tuple(finders), expected, build, peers)


def _one(sub_indication: SubIndication | None, check: str = "", clause: str = "") -> Expected:
    return Expected((sub_indication,), check, clause)


FAULTS = (
    _fault("sound-stamped", sound_stamped, _one(None), True),
    _fault(
        "stamp-missing",
        no_stamp,
        _one(S.OUT_OF_BOUNDS_NOT_REVOKED, "validity", "EN 319 102-1 §5.2.6.4 (1)"),
        False,
        False,
        [Finder.AUDITOR],
    ),
    _fault("stamp-wrong-imprint", wrong_imprint, _one(S.HASH_FAILURE, *_IMPRINT), False),
    _fault("stamp-copied", copied_token, _one(S.HASH_FAILURE, *_IMPRINT), False),
    _fault("stamp-spoiled", spoiled_token, _one(S.SIG_CRYPTO_FAILURE, *_IMPRINT), False),
    _fault("stamp-unit-unknown", unknown_unit, _one(S.NO_CERTIFICATE_CHAIN_FOUND, *_IMPRINT), False),
    _fault("stamp-unit-revoked", revoked_unit, _one(S.REVOKED_NO_POE, "revocation", "EN 319 102-1 §5.2.6.4 (3) b, c"), False, False),
    _fault(
        "stamp-unit-expired",
        expired_unit,
        _one(S.OUT_OF_BOUNDS_NO_POE, "validity", "EN 319 102-1 §5.2.6.4 (1)"),
        False,
        False,
        [Finder.AUDITOR],
    ),
    _fault(
        "stamp-purpose-not-critical",
        _by(_unit(_purposes(oids.TIME_STAMPING, critical=False))),
        _one(S.CHAIN_CONSTRAINTS_FAILURE, *_IMPRINT),
        True,
    ),
    _fault(
        "stamp-purpose-mixed",
        _by(_unit(_purposes(oids.TIME_STAMPING, oids.EMAIL_PROTECTION))),
        _one(S.CHAIN_CONSTRAINTS_FAILURE, *_IMPRINT),
        True,
    ),
    _fault("stamp-purpose-missing", _by(_unit()), _one(S.CHAIN_CONSTRAINTS_FAILURE, *_IMPRINT), False),
    _fault(
        "stamp-from-future",
        from_future,
        replace(_one(None, "generation-time", "EN 319 102-1 §5.4.4; RFC 3161 §2.4.2"), token=S.NO_POE),
        True,
    ),
    _fault("stamp-same-second", same_second, _one(S.REVOKED_NO_POE, "revocation", "EN 319 102-1 §5.2.6.4 (3) b, c"), False, False),
    _fault(
        "stamps-out-of-order",
        content_after_signature,
        _one(S.TIMESTAMP_ORDER_FAILURE, "timestamp-order", "EN 319 102-1 §5.5.4 (4) e"),
        True,
    ),
    _fault("signed-while-revoked", signed_while_revoked, _one(S.REVOKED, "revocation", "EN 319 102-1 §5.2.6.4 (3) b, c"), False, False),
    _fault("signed-while-expired", signed_while_expired, _one(S.EXPIRED, "validity", "EN 319 102-1 §5.2.6.4 (1)"), False, False),
    _fault(
        "expired-after-signing",
        expired_not_revoked,
        _one(S.OUT_OF_BOUNDS_NOT_REVOKED, "validity", "EN 319 102-1 §5.2.6.4 (1)"),
        False,
        False,
    ),
    _fault(
        "claimed-after-stamp",
        claimed_later,
        _one(None, "claimed-time-before-proof", "EN 319 102-1 §5.2.8"),
        True,
        finders=[Finder.CLERK, Finder.AXIS],
    ),
)
"""Detached signatures: a token stands in its own attribute there, and nothing else is in the way."""
