"""Faults against a policy: a good signature that the recipient's own rules do not accept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files

from signing import der, oids
from signing.algorithms import SHA256_IDENTIFIER
from signing.faults.crooked import attribute, signed_with
from signing.faults.incident import Incident
from signing.faults.model import Case, Expected, Fault, Finder, Form, Group, Peers
from signing.faults.workshop import Workshop
from signing.validation.report import SubIndication

S = SubIndication
_POLICY_ID = "2.999.1.8"
P256_LINE = "ecdsa-p256-sha256 = { min_key_bits = 256 }"


def field_but(old: str, new: str, *, added: str = "") -> bytes:
    """The policy of the field with one line otherwise, or one table more, under a name of its own."""
    text = files("signing").joinpath("policies", "field.toml").read_text("utf-8").replace('name = "field"', 'name = "field-but-one-line"')
    if text.count(old) != 1 and old:
        raise ValueError(f"field.toml does not say {old!r} exactly once")
    return f"{text.replace(old, new) if old else text}\n{added}".encode()


def _under(old: str, new: str) -> Callable[[str], Case]:
    """A good signature judged under the field's policy with that line otherwise."""

    def build(seed: str) -> Case:
        shop = Workshop.open(seed)
        return replace(shop.case(shop.signed()), policy=field_but(old, new))

    return build


def service_silent(seed: str) -> Case:
    """A letter whose tool had no answer from the time-stamp service, where one is demanded."""
    shop = Workshop.open(seed)
    return replace(shop.letter_case(shop.letter(SILENT)), policy=field_but(*_LEVEL_LINE))


def _invoking(line: str) -> Callable[[str], Case]:
    """A signature that invokes a policy of its own, under the field's policy with that line on signature policies."""

    def build(seed: str) -> Case:
        shop = Workshop.open(seed)
        identifier = der.sequence(der.oid(_POLICY_ID), der.sequence(SHA256_IDENTIFIER, der.octet_string(bytes(32))))
        data = signed_with(shop.signer, attribute(oids.SIGNATURE_POLICY_IDENTIFIER, identifier))
        policy = field_but("", "", added=f"[signature_policies]\n{line}\n") if line else None
        return replace(shop.case(data), policy=policy)

    return build


def anchor_ended(seed: str) -> Case:
    """Trust in the root has ended before the control time."""
    shop = Workshop.open(seed)
    anchor = sha256(shop.pki.root.certificate_der).hexdigest()
    policy = field_but("", "", added=f"[anchor_sunsets]\n{anchor} = 2021-09-01T00:00:00Z\n")
    return replace(shop.case(shop.signed()), policy=policy)


def _fault(name: str, build: Callable[[str], Case], sub_indication: SubIndication, check: str, clause: str) -> Fault:
    expected = Expected((sub_indication,), check, clause)
    return Fault(name, Group.POLICY, Form.CMS, (Finder.AXIS, Finder.AUDITOR), expected, build, Peers())


SILENT = Incident(stamped=False)
_LEVEL_LINE = ('required_level = "B-B"', 'required_level = "B-T"')
_LEVEL = Expected((S.SIG_CONSTRAINTS_FAILURE, S.SIG_CONSTRAINTS_FAILURE), "level", "EN 319 122-1 §6.1; EN 319 142-1 §6.1")
_ALGORITHMS = ("signature-algorithms", "EN 319 102-1 §5.2.8")
_CONTEXT = "EN 319 102-1 §5.2.4"

FAULTS = (
    _fault("stamp-demanded", _under(*_LEVEL_LINE), S.SIG_CONSTRAINTS_FAILURE, "level", "EN 319 122-1 §6.1"),
    Fault("stamp-service-silent", Group.TIME, Form.LETTER, (Finder.AXIS, Finder.AUDITOR), _LEVEL, service_silent, Peers(), SILENT),
    _fault("policy-unknown", _invoking(""), S.SIGNATURE_POLICY_NOT_AVAILABLE, "explicit-policy", _CONTEXT),
    _fault("policy-unusable", _invoking(f'"{_POLICY_ID}" = "nowhere.toml"'), S.POLICY_PROCESSING_ERROR, "signature-policy", _CONTEXT),
    _fault(
        "certificate-policy-demanded",
        _under("require_explicit_policy = false", "require_explicit_policy = true"),
        S.CERTIFICATE_CHAIN_GENERAL_FAILURE,
        "chain-structure",
        "RFC 5280 §6.1",
    ),
    _fault("algorithm-unlisted", _under(P256_LINE, ""), S.CRYPTO_CONSTRAINTS_FAILURE, *_ALGORITHMS),
    _fault(
        "algorithm-ended",
        _under(P256_LINE, "ecdsa-p256-sha256 = { min_key_bits = 256, until = 2021-09-01T00:00:00Z }"),
        S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
        "chain-algorithms",
        "EN 319 102-1 §5.2.6.4 (6)",
    ),
    _fault("anchor-ended", anchor_ended, S.NO_CERTIFICATE_CHAIN_FOUND_NO_POE, "anchor-sunset", "EN 319 102-1 §5.2.6.4"),
)
"""Each policy is the field's but for one line."""
