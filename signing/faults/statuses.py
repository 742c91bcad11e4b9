"""Faults of what is known about revocation: lists and OCSP answers that are missing, old, of somebody else, or say less than they seem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from signing import der, oids
from signing.evidence import Evidence
from signing.faults.crooked import NOT_AN_AUTHORITY, SIGNS, Entry, Issuer, certify, extension, revocation_list, serial_of
from signing.faults.model import Case, Expected, Fault, Finder, Form, Group, Peers
from signing.faults.workshop import DAY, HOUR, JUDGED_AT, SIGNED_AT, Workshop
from signing.formats.cms import parse_cms
from signing.pki.authorities import Authority
from signing.pki.behaviour import Behaviour, Wrong
from signing.pki.ocsp import Desk, Status, make_request, respond
from signing.pki.profiles import RevocationReason, reason_extension
from signing.validation.report import SubIndication
from signing.validation.verdicts import ProofOfExistence

S = SubIndication
_MIDNIGHT = JUDGED_AT.replace(hour=0)
_ASKED = JUDGED_AT - timedelta(minutes=10)
_ENDED = JUDGED_AT.replace(month=12, day=31)
_LATE = JUDGED_AT.replace(year=2022, month=6)
"""When certificates have ended, and when their status is asked about."""
_LISTS = extension(oids.KEY_USAGE, der.named_bits(6), critical=True)
_GONE = reason_extension(RevocationReason.KEY_COMPROMISE)


def _with(
    make: Callable[[Workshop], tuple[bytes, ...]], ocsps: Callable[[Workshop], tuple[bytes, ...]] = lambda _: ()
) -> Callable[[str], Case]:
    """A good signature; the state authority's lists and OCSP answers at hand are those made here, the root's list is good."""

    def build(seed: str) -> Case:
        shop = Workshop.open(seed)
        signature = shop.signed()
        root = shop.pki.crl(Authority.ROOT, JUDGED_AT) or b""
        whole = shop.evidence(JUDGED_AT)
        return shop.case(signature, evidence=replace(whole, crls=(root, *make(shop)), ocsps=ocsps(shop)))

    return build


def _state(shop: Workshop) -> Issuer:
    return Issuer.of(shop.state, shop.pki.root.certificate_der)


def _good(shop: Workshop) -> bytes:
    return shop.pki.crl(Authority.STATE, JUDGED_AT) or b""


def _stale(shop: Workshop) -> tuple[bytes, ...]:
    return (shop.pki.crl(Authority.STATE, JUDGED_AT - 30 * DAY) or b"",)


def _forged(shop: Workshop) -> tuple[bytes, ...]:
    return (revocation_list(_state(shop), _MIDNIGHT, key=shop.key("forger")),)


def _authorities_only(shop: Workshop) -> tuple[bytes, ...]:
    scope = extension(oids.ISSUING_DISTRIBUTION_POINT, der.sequence(b"\x82\x01\xff"), critical=True)
    return (revocation_list(_state(shop), _MIDNIGHT, extensions=(scope,)),)


def _unknown_critical(shop: Workshop) -> tuple[bytes, ...]:
    return (revocation_list(_state(shop), _MIDNIGHT, extensions=(extension("2.999.1.6", der.NULL, critical=True),)),)


def _unknown_entry(shop: Workshop) -> tuple[bytes, ...]:
    odd = Entry(7, _MIDNIGHT - DAY, (extension("2.999.1.7", der.NULL, critical=True),))
    return (revocation_list(_state(shop), _MIDNIGHT, entries=(odd,)),)


def _delta_alone(shop: Workshop) -> tuple[bytes, ...]:
    base = extension(oids.DELTA_CRL_INDICATOR, der.integer(1), critical=True)
    return (revocation_list(_state(shop), _MIDNIGHT, extensions=(base,)),)


def _of_another_issuer(shop: Workshop) -> tuple[bytes, ...]:
    """The good list, and the Party authority's with the signer's serial number on it."""
    party = Issuer.of(shop.pki.authority(Authority.PARTY), shop.pki.root.certificate_der)
    entry = Entry(serial_of(shop.signer), _MIDNIGHT - DAY, (_GONE,))
    return (_good(shop), revocation_list(party, _MIDNIGHT, entries=(entry,)))


def _lister(shop: Workshop) -> Issuer:
    """Somebody the root certified for nothing but lists."""
    return Issuer.holder(
        certify(Issuer.of(shop.pki.root), "Trung tâm danh sách thu hồi TEST", (NOT_AN_AUTHORITY, _LISTS), key=shop.key("lists"))
    )


def _indirect(authority: Authority) -> Callable[[str], Case]:
    """A signer whose certificate names another's list, and that list with the signer's number under an authority's name."""

    def build(seed: str) -> Case:
        shop = Workshop.open(seed)
        lister = _lister(shop)
        where = extension(oids.CRL_DISTRIBUTION_POINTS, der.sequence(der.sequence(der.context(2, der.context(4, lister.name_der)))))
        holder = certify(_state(shop), "Người ký theo danh sách chung TEST", (NOT_AN_AUTHORITY, SIGNS, where), key=shop.key("listed"))
        named = der.sequence(der.context(4, shop.pki.authority(authority).name_der))
        meant = extension(oids.CERTIFICATE_ISSUER, named, critical=True)
        scope = extension(oids.ISSUING_DISTRIBUTION_POINT, der.sequence(b"\x84\x01\xff"), critical=True)
        entry = Entry(serial_of(holder), _MIDNIGHT - DAY, (_GONE, meant))
        listed = revocation_list(lister, _MIDNIGHT, entries=(entry,), extensions=(scope,))
        root = shop.pki.crl(Authority.ROOT, JUDGED_AT) or b""
        whole = shop.evidence(JUDGED_AT)
        known = (*whole.certificates, lister.chain[0])
        return shop.case(shop.signed(holder), evidence=replace(whole, certificates=known, crls=(root, listed)))

    return build


def _hold_lifted(shop: Workshop) -> tuple[bytes, ...]:
    """Yesterday's complete list has the signer on hold; today's list of changes takes the line away (RFC 5280 §5.3.1)."""
    base, serial = _MIDNIGHT - DAY, serial_of(shop.signer)
    held, lifted = (extension(oids.REASON_CODE, der.enumerated(reason)) for reason in (6, 8))
    changes = extension(oids.DELTA_CRL_INDICATOR, der.integer(int(base.timestamp())), critical=True)
    where = der.context(0, der.context(0, der.tlv(0x86, b"http://crl.truc.test/changes.crl")))
    named = extension(oids.FRESHEST_CRL, der.sequence(der.sequence(where)))
    return (
        revocation_list(_state(shop), base, entries=(Entry(serial, base - DAY, (held,)),), extensions=(named,)),
        revocation_list(_state(shop), _MIDNIGHT, entries=(Entry(serial, base - DAY, (lifted,)),), extensions=(changes,)),
    )


def _answered_late(since: datetime) -> Callable[[str], Case]:
    """A stamped signature whose certificate has ended; an answer of later, which goes back as far as ``since`` (RFC 6960 §4.4.4)."""

    def build(seed: str) -> Case:
        shop = Workshop.open(seed)
        holder = shop.person(not_after=_ENDED)
        purpose = extension(oids.EXTENDED_KEY_USAGE, der.sequence(der.oid(oids.OCSP_SIGNING)))
        extensions = (NOT_AN_AUTHORITY, SIGNS, purpose, extension(oids.OCSP_NO_CHECK, der.NULL))
        responder = certify(_state(shop), "Máy trả lời TEST", extensions, key=shop.key("answers"))
        desk = Desk(responder, since, lambda serial: Status(known=True))
        asked = make_request(shop.state.certificate_der, [serial_of(holder)])
        answer = respond(asked, lambda issuer, at: desk, _LATE, HOUR)
        whole = shop.evidence(_LATE)
        others = tuple(one for one in whole.crls if one != shop.pki.crl(Authority.STATE, _LATE))
        return shop.case(shop.stamped(holder), _LATE, replace(whole, crls=others, ocsps=(answer,)))

    return build


def before_certificate(seed: str) -> Case:
    """A list that is older than the certificate it should speak of, and fresh by its own word."""
    shop = Workshop.open(seed)
    holder = shop.person(not_before=JUDGED_AT - 8 * HOUR)
    early = revocation_list(_state(shop), JUDGED_AT - 2 * DAY)
    whole = shop.evidence(JUDGED_AT)
    return shop.case(shop.signed(holder), evidence=replace(whole, crls=(whole.crls[0], early)))


def _request(shop: Workshop) -> bytes:
    return make_request(shop.state.certificate_der, [serial_of(shop.signer)])


def _stale_answer(shop: Workshop) -> tuple[bytes, ...]:
    return (shop.pki.ocsp(_request(shop), _ASKED, Behaviour(wrong=Wrong.STALE)),)


def _unentitled_answer(shop: Workshop) -> tuple[bytes, ...]:
    """A good answer, signed by an official whose certificate is not for answering."""
    clerk = certify(_state(shop), "Máy trả lời giả TEST", (NOT_AN_AUTHORITY, SIGNS), key=shop.key("responder"))
    desk = Desk(clerk, shop.state.not_before, lambda serial: Status(known=True))
    return (respond(_request(shop), lambda issuer, at: desk, _ASKED, HOUR),)


def unknown_answer(seed: str) -> Case:
    """A certificate made with the authority's key behind the authority's back: its responder does not know it."""
    shop = Workshop.open(seed)
    holder = certify(_state(shop), "Người ký không có trong sổ TEST", (NOT_AN_AUTHORITY, SIGNS), key=shop.key("unregistered"))
    answer = shop.pki.ocsp(make_request(shop.state.certificate_der, [serial_of(holder)]), _ASKED)
    whole = shop.evidence(JUDGED_AT)
    return shop.case(shop.signed(holder), evidence=replace(whole, crls=whole.crls[:1], ocsps=(answer,)))


def issuer_unproven(seed: str) -> Case:
    """In 2039 receipts prove signature and lists of 2021, but nothing proves that their issuer existed while it was valid."""
    shop = Workshop.open(seed)
    signature = shop.signed()
    lists = shop.pki.crls(shop.at + DAY)
    proofs = [
        (parse_cms(signature).signature, shop.at),
        (shop.signer.certificate_der, shop.at),
        *((one, shop.at + 2 * DAY) for one in lists),
    ]
    existence = tuple(ProofOfExistence(sha256(item).digest(), at, "receipt", None) for item, at in proofs)
    evidence = Evidence((shop.pki.root.certificate_der,), (), (), (*lists, *shop.pki.crls(shop.at + 30 * DAY)))
    return shop.case(signature, JUDGED_AT.replace(year=2039), evidence, existence=existence)


def _try_later(check: str = "revocation-known") -> Expected:
    clause = "EN 319 102-1 §5.2.5" if check == "revocation-freshness" else "EN 319 102-1 §5.2.6.4"
    return Expected((S.TRY_LATER,), check, clause)


def _fault(
    name: str, build: Callable[[str], Case], expected: Expected, openssl: bool | None, pyhanko: bool | None, afterwards: S | None = None
) -> Fault:
    peers = Peers(None if openssl is None else (openssl,), None if pyhanko is None else (pyhanko,))
    group = Group.SOUND if expected.signatures == (None,) else Group.REVOCATION
    return Fault(name, group, Form.CMS, (Finder.AXIS, Finder.AUDITOR), expected, build, peers, afterwards=afterwards)


FAULTS = (
    _fault("list-unavailable", _with(lambda _: ()), _try_later(), False, False),
    _fault("list-stale", _with(_stale), _try_later("revocation-freshness"), False, False),
    _fault("list-forged", _with(_forged), _try_later(), False, False),
    _fault("list-of-authorities-only", _with(_authorities_only), _try_later(), False, False),
    _fault("list-critical-unknown", _with(_unknown_critical), _try_later(), False, False),
    _fault("list-entry-unknown", _with(_unknown_entry), _try_later(), False, True),
    _fault("list-delta-alone", _with(_delta_alone), _try_later(), True, False),
    _fault("list-before-certificate", before_certificate, _try_later(), True, True),
    _fault("list-of-another-issuer", _with(_of_another_issuer), Expected((None,)), True, True),
    _fault(
        "list-indirect",
        _indirect(Authority.STATE),
        Expected((S.REVOKED_NO_POE,), "revocation", "EN 319 102-1 §5.2.6.4 (3) b, c"),
        False,
        False,
    ),
    _fault("list-indirect-another", _indirect(Authority.PARTY), Expected((None,)), False, True),
    _fault("list-change-lifts", _with(_hold_lifted), Expected((None,)), True, True),
    _fault("answer-reaches-back", _answered_late(SIGNED_AT - 600 * DAY), Expected((None,)), None, False),
    _fault(
        "answer-forgets-expired",
        _answered_late(_LATE - 31 * DAY),
        Expected((S.OUT_OF_BOUNDS_NO_POE,), "validity", "EN 319 102-1 §5.2.6.4 (1)"),
        None,
        False,
    ),
    _fault("answer-stale", _with(lambda _: (), _stale_answer), _try_later("revocation-freshness"), None, False),
    _fault("answer-unknown", unknown_answer, _try_later(), None, False),
    _fault("answer-unentitled", _with(lambda _: (), _unentitled_answer), _try_later(), None, False),
    _fault(
        "list-issuer-unproven",
        issuer_unproven,
        Expected((S.REVOCATION_OUT_OF_BOUNDS_NO_POE,), "past-validation", "EN 319 102-1 §5.6.2.4.4"),
        None,
        None,
        S.OUT_OF_BOUNDS_NO_POE,
    ),
)
"""Detached signatures that are good; what is known of their certificates is not."""
