"""The tolerant reader of CMS SignedData, for explaining other people's files: goes past breaches of the format, and records each.

A second parser (asn1crypto) behind BER made definite. Where a breach leaves open what was meant (an attribute twice, several values), it
takes nothing rather than one of them. Whatever both readers accept they must read alike: see :mod:`signing.formats.signed_data`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from asn1crypto import cms, core

from signing import der, oids
from signing.algorithms import SHA256_IDENTIFIER
from signing.errors import FormatFailure
from signing.formats.ber import definite
from signing.formats.claims import SignerClaim
from signing.formats.envelope import (
    MAX_ARTEFACTS,
    MAX_ATTRIBUTES,
    MAX_SIGNED_DATA,
    MAX_SIGNERS,
    MAX_VALUES,
    OWN_READERS,
    SIGNED_ATTRIBUTES_RULE,
    Attribute,
    Deviation,
    Envelope,
    SignerEnvelope,
    digest_name,
    plain_algorithm,
    signature_name,
    signed_data_version,
)

_SEQUENCE = 0x30
_DIRECTORY_NAME = 0xA4
_MAX_OID = 64
_T = TypeVar("_T")
EssEntry = tuple[str, bytes, bytes | None, int | None]


class _AnySet(core.SetOf):  # type: ignore[misc]
    _child_spec = core.Any


class _AnySequence(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.Any


class _Attribute(core.Sequence):  # type: ignore[misc]
    _fields = [("type", core.ObjectIdentifier), ("values", _AnySet)]  # noqa: RUF012 - asn1crypto's way of declaring


class _Attributes(core.SetOf):  # type: ignore[misc]
    _child_spec = _Attribute


class _SignerInfo(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012 - the same
        ("version", core.Integer),
        ("sid", core.Any),
        ("digest_algorithm", core.Any),
        ("signed_attrs", _Attributes, {"implicit": 0, "optional": True}),
        ("signature_algorithm", core.Any),
        ("signature", core.OctetString),
        ("unsigned_attrs", _Attributes, {"implicit": 1, "optional": True}),
    ]


class _SignerInfos(core.SetOf):  # type: ignore[misc]
    _child_spec = _SignerInfo


class _Encapsulated(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012 - the same
        ("content_type", core.ObjectIdentifier),
        ("content", core.OctetString, {"explicit": 0, "optional": True}),
    ]


class _SignedData(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012 - the same
        ("version", core.Integer),
        ("digest_algorithms", _AnySet),
        ("encap_content_info", _Encapsulated),
        ("certificates", _AnySet, {"implicit": 0, "optional": True}),
        ("crls", _AnySet, {"implicit": 1, "optional": True}),
        ("signer_infos", _SignerInfos),
    ]


class _ContentInfo(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012 - the same
        ("content_type", core.ObjectIdentifier),
        ("content", _SignedData, {"explicit": 0}),
    ]


def read_envelope(data: bytes) -> Envelope:
    """Take the SignedData at the start of ``data`` apart; each breach of the format stands in every signer's ``deviations``.

    Raises :class:`FormatFailure` when too little can be made out to say what was signed and by whom.
    """
    if len(data) > MAX_SIGNED_DATA:
        raise FormatFailure("CMS", f"must not be longer than {MAX_SIGNED_DATA} bytes")
    whole = definite(data, OWN_READERS)
    deviations = list(whole.deviations)
    if whole.end != len(data):
        deviations.append((f"{len(data) - whole.end} bytes follow the CMS", "RFC 5652 §3"))
    try:
        outer = _ContentInfo.load(whole.encoded, strict=True)
        if _dotted(outer["content_type"]) != oids.SIGNED_DATA:
            raise FormatFailure("ContentInfo", "contentType must be signedData (RFC 5652 §3)")
        return _envelope(outer["content"], deviations)
    except FormatFailure:
        raise
    except Exception as error:  # asn1crypto lets whatever its internals meet escape (AttributeError, KeyError, RecursionError …)
        raise FormatFailure("CMS", f"cannot be read as SignedData (RFC 5652 §5.1): {_plain(error)}") from error


def _plain(error: Exception) -> str:
    """An upstream error on one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def _dump(element: Any) -> bytes:
    """An element as it stood; upstream's ``Any.dump`` would look inside first and stumble over kinds it does not know."""
    if isinstance(element, core.Any):
        return bytes(element._header + element.contents + element._trailer)
    return bytes(element.dump())


def _raw(elements: Any, most: int, place: str) -> tuple[bytes, ...]:
    """The elements of a SET OF or SEQUENCE OF as they stand, taken before anything looks inside them."""
    if len(elements) > most:
        raise FormatFailure(place, f"must not hold more than {most} elements")
    return tuple(_dump(element) for element in elements)


def _envelope(signed: Any, deviations: list[Deviation]) -> Envelope:
    encapsulated = signed["encap_content_info"]
    content_type = _dotted(encapsulated["content_type"])
    content = _optional(encapsulated["content"])
    certificates = _choices(signed["certificates"], "certificates", deviations)
    revocation = _choices(signed["crls"], "crls", deviations)
    listed = _raw(signed["digest_algorithms"], MAX_SIGNERS, "digestAlgorithms")
    _check_set(listed, "digestAlgorithms", deviations)
    infos = signed["signer_infos"]
    encoded = _raw(infos, MAX_SIGNERS, "signerInfos")
    if not encoded:
        raise FormatFailure("SignedData", "holds no SignerInfo: nothing is signed")
    _check_set(encoded, "signerInfos", deviations)
    if len(set(encoded)) != len(encoded):
        deviations.append(("the same SignerInfo stands twice", "RFC 5652 §5.1"))
    versions = [info["version"].native for info in infos]
    if signed["version"].native != signed_data_version(content_type, certificates, revocation, versions):
        deviations.append(("the version of SignedData is not what its parts ask for", "RFC 5652 §5.1"))
    signers = tuple(_signer(info, content_type, listed, deviations) for info in infos)
    return Envelope(listed, content_type, None if content is None else content.native, certificates, revocation, signers)


def _dotted(identifier: Any) -> str:
    """The dotted form of an OBJECT IDENTIFIER whose octets are the ones DER has for it."""
    raw = identifier.dump()
    if not 2 < len(raw) <= _MAX_OID:
        raise FormatFailure("CMS", f"an object identifier must have 1 to {_MAX_OID - 2} octets")
    dotted: str = identifier.dotted
    if der.oid(dotted) != raw:
        raise FormatFailure("CMS", "an object identifier must be in shortest form (X.690 §8.19.2)")
    return dotted


def _optional(value: Any) -> Any:
    """An OPTIONAL field, ``None`` when absent."""
    return None if isinstance(value, core.Void) else value


def _choices(elements: Any, place: str, deviations: list[Deviation]) -> tuple[bytes, ...]:
    if _optional(elements) is None:
        return ()
    found = _raw(elements, MAX_ARTEFACTS, place)
    _check_set(found, place, deviations)
    if not found:
        deviations.append((f"{place} is there and empty", "RFC 5652 §5.1"))
    if any(item[:1] not in (b"\x30", b"\xa0", b"\xa1", b"\xa2", b"\xa3") for item in found):
        deviations.append((f"{place} holds something of no known kind", "RFC 5652 §10.2"))
    if len(set(found)) != len(found):
        deviations.append((f"the same element stands twice in {place}", "RFC 5652 §5.1"))
    return tuple(dict.fromkeys(found))


def _check_set(elements: tuple[bytes, ...], place: str, deviations: list[Deviation]) -> None:
    if list(elements) != sorted(elements):
        deviations.append((f"{place} is not in the order of DER", "X.690 §11.6"))


class _Signer:
    """One SignerInfo being read, with the breaches met on the way."""

    def __init__(self, info: Any, deviations: list[Deviation]) -> None:
        self.info = info
        self.deviations = list(deviations)

    def note(self, rule: str, clause: str) -> None:
        """Record a breach."""
        self.deviations.append((rule, clause))

    def signed(self) -> tuple[bytes | None, dict[str, bytes]]:
        """Raw signedAttrs with their tag, and the attributes that occur once with one value."""
        attributes = _optional(self.info["signed_attrs"])
        if attributes is None:
            self.note(SIGNED_ATTRIBUTES_RULE, "EN 319 122-1 §5.1.1")
            return None, {}
        raw = attributes.dump()
        _check_set(_raw(attributes, MAX_ATTRIBUTES, "signedAttrs"), "signedAttrs", self.deviations)
        if not attributes:
            self.note("signedAttrs is there and empty", "RFC 5652 §5.3")
        found: dict[str, bytes] = {}
        ambiguous: set[str] = set()
        for attribute in attributes:
            kind, values = _dotted(attribute["type"]), _raw(attribute["values"], MAX_VALUES, "signedAttrs")
            if kind in found or kind in ambiguous or len(values) != 1:
                self.note(f"signed attribute {kind} does not stand exactly once with one value: it is not used", "RFC 5652 §5.3, §11")
                ambiguous.add(kind)
            else:
                found[kind] = values[0]
        return raw, {kind: value for kind, value in found.items() if kind not in ambiguous}

    def unsigned(self) -> tuple[Attribute, ...]:
        """Unsigned attributes in their order."""
        attributes = _optional(self.info["unsigned_attrs"])
        if attributes is None:
            return ()
        encoded = _raw(attributes, MAX_ATTRIBUTES, "unsignedAttrs")
        _check_set(encoded, "unsignedAttrs", self.deviations)
        if not encoded:
            self.note("unsignedAttrs is there and empty", "RFC 5652 §5.3")
        found = []
        for attribute in attributes:
            values = _raw(attribute["values"], MAX_VALUES, "unsignedAttrs")
            _check_set(values, "an unsigned attribute", self.deviations)
            if not values:
                self.note(f"unsigned attribute {_dotted(attribute['type'])} has no value", "RFC 5652 §5.3")
            found.append(Attribute(_dotted(attribute["type"]), values))
        return tuple(found)

    def tried(self, what: str, clause: str, read: Callable[[], _T], otherwise: _T) -> _T:
        """What ``read`` gives; where it cannot, ``otherwise`` and a recorded breach."""
        try:
            return read()
        except Exception as error:  # see read_envelope
            self.note(f"{what} cannot be read: {_plain(error)}", clause)
            return otherwise


def _signer(info: Any, content_type: str, listed: tuple[bytes, ...], common: list[Deviation]) -> SignerEnvelope:
    signer = _Signer(info, common)
    sid, digest_encoded, signature_encoded = (_dump(info[name]) for name in ("sid", "digest_algorithm", "signature_algorithm"))
    raw, attributes = signer.signed()
    unsigned = signer.unsigned()
    issuer, serial, key_id = _identifier(sid)
    version = info["version"].native
    if version != (1 if key_id is None else 3):
        signer.note("the version of the SignerInfo is not what its identifier asks for", "RFC 5652 §5.3")
    if digest_encoded not in listed:
        signer.note("digestAlgorithms does not list the signer's digestAlgorithm", "RFC 5652 §5.1")
    digest = digest_name(digest_encoded)
    signature = info["signature"].native
    claim = SignerClaim(
        issuer,
        serial,
        key_id,
        digest,
        _signature_algorithm(signer, digest, signature_encoded),
        signature,
        content_type,
        _content_type(signer, attributes, content_type),
        _message_digest(signer, attributes),
        None if raw is None else b"\x31" + raw[1:],
        _ess(signer, attributes),
        _algorithm_protection(signer, attributes, digest_encoded, signature_encoded),
        _policy(signer, attributes),
        _signing_time(signer, attributes),
        tuple(dict.fromkeys(signer.deviations)),
    )
    fields = (der.integer(version), sid, digest_encoded, raw or b"", signature_encoded, der.octet_string(signature))
    stamp = attributes.get(oids.CONTENT_TIME_STAMP)
    return SignerEnvelope(claim, fields, unsigned, () if stamp is None else (stamp,))


def _identifier(sid: bytes) -> tuple[bytes | None, int | None, bytes | None]:
    if sid[:1] == b"\x80":
        return None, None, core.OctetString.load(b"\x04" + sid[1:], strict=True).native
    named = _AnySequence.load(sid, strict=True)
    issuer, serial = _raw(named, 2, "SignerInfo")
    return issuer, core.Integer.load(serial, strict=True).native, None


def _signature_algorithm(signer: _Signer, digest: str, encoded: bytes) -> str:
    """The algorithm's name; plain rsaEncryption borrows the digest of another field, which CMS allows and we note."""
    name = signature_name(digest, encoded)
    if not name.startswith("unknown:") or plain_algorithm(encoded) != der.sequence(der.oid(oids.RSA_ENCRYPTION)):
        return name
    signer.note("signatureAlgorithm is rsaEncryption and names no digest: that of digestAlgorithm is taken", "RFC 5754 §3.2")
    return f"rsa-pkcs1-{digest}" if not digest.startswith("unknown:") else name


def _content_type(signer: _Signer, attributes: dict[str, bytes], content_type: str) -> str | None:
    value = attributes.get(oids.CONTENT_TYPE)
    found: str | None = None
    if value is not None:
        found = signer.tried("content-type", "RFC 5652 §11.1", lambda: _dotted(core.ObjectIdentifier.load(value, strict=True)), None)
    if found != content_type:
        signer.note("content-type is missing or is not eContentType", "RFC 5652 §5.6, §11.1")
    return found


def _message_digest(signer: _Signer, attributes: dict[str, bytes]) -> bytes | None:
    value = attributes.get(oids.MESSAGE_DIGEST)
    if value is None:
        signer.note("message-digest is missing", "RFC 5652 §11.2")
        return None
    digest: bytes | None = signer.tried("message-digest", "RFC 5652 §11.2", lambda: core.OctetString.load(value, strict=True).native, None)
    return digest


def _ess(signer: _Signer, attributes: dict[str, bytes]) -> tuple[EssEntry, ...]:
    second, first = attributes.get(oids.SIGNING_CERTIFICATE_V2), attributes.get(oids.SIGNING_CERTIFICATE)
    nothing: tuple[EssEntry, ...] = ()
    found = nothing
    if second is not None:
        found += signer.tried("signing-certificate-v2", "RFC 5035 §3", lambda: _ess_v2(signer, second), nothing)
    if first is not None:
        found += signer.tried("signing-certificate", "RFC 2634 §5.4", lambda: _ess_v1(signer, first), nothing)
    return found[
        :MAX_VALUES
    ]  # that there is none is plain from the claim; what it costs is the policy's affair (signing-certificate-attribute)


def _identifiers(value: bytes) -> tuple[tuple[bytes, ...], ...]:
    """The parts of each ESSCertID or ESSCertIDv2 in a signing-certificate attribute of either version."""
    certificates = _raw(_AnySequence.load(value, strict=True), 2, "signing-certificate")[0]
    return tuple(_parts(item, 3) for item in _raw(_AnySequence.load(certificates, strict=True), MAX_VALUES, "signing-certificate"))


def _parts(value: bytes, most: int) -> tuple[bytes, ...]:
    """The elements of a SEQUENCE."""
    return _raw(_AnySequence.load(value, strict=True), most, "signing-certificate")


def _ess_v2(signer: _Signer, value: bytes) -> tuple[EssEntry, ...]:
    entries = []
    for parts in _identifiers(value):
        algorithm, *rest = parts if parts[0][0] == _SEQUENCE else (SHA256_IDENTIFIER, *parts)
        if parts[0] == SHA256_IDENTIFIER:
            signer.note("signing-certificate-v2 writes out the default digest SHA-256", "X.690 §11.5")
        entries.append((digest_name(algorithm), *_hash_and_issuer(signer, rest)))
    return tuple(entries)


def _ess_v1(signer: _Signer, value: bytes) -> tuple[EssEntry, ...]:
    return tuple(("sha1", *_hash_and_issuer(signer, parts)) for parts in _identifiers(value))


def _hash_and_issuer(signer: _Signer, parts: Sequence[bytes]) -> tuple[bytes, bytes | None, int | None]:
    """certHash and the optional issuerSerial (RFC 5035 §3)."""
    digest: bytes = core.OctetString.load(parts[0], strict=True).native
    if len(parts) == 1:
        return digest, None, None
    names, number = _parts(parts[1], 2)
    serial: int = core.Integer.load(number, strict=True).native
    named = _parts(names, MAX_VALUES)
    if len(named) != 1 or named[0][0] != _DIRECTORY_NAME:
        signer.note("issuerSerial does not name the issuer by one directoryName", "RFC 5035 §3")
        return digest, None, serial
    return digest, bytes(core.Any.load(named[0]).contents), serial


def _algorithm_protection(signer: _Signer, attributes: dict[str, bytes], digest: bytes, signature: bytes) -> bool | None:
    value = attributes.get(oids.CMS_ALGORITHM_PROTECTION)
    if value is None:
        return None

    def agrees() -> bool:
        protection = cms.CMSAlgorithmProtection.load(value, strict=True)
        named = _optional(protection["signature_algorithm"])
        if named is None or _optional(protection["mac_algorithm"]) is not None:
            return False
        protected = plain_algorithm(protection["digest_algorithm"].dump()), plain_algorithm(b"\x30" + named.dump()[1:])
        return protected == (plain_algorithm(digest), plain_algorithm(signature))

    return signer.tried("CMSAlgorithmProtection", "RFC 6211 §2", agrees, otherwise=False)


def _policy(signer: _Signer, attributes: dict[str, bytes]) -> str | None:
    value = attributes.get(oids.SIGNATURE_POLICY_IDENTIFIER)
    if value is None or value[:1] == der.NULL[:1]:
        return None

    def identifier() -> str:
        parts = _raw(_AnySequence.load(value, strict=True), 3, "signature-policy-identifier")
        return _dotted(core.ObjectIdentifier.load(parts[0], strict=True))

    return signer.tried("signature-policy-identifier", "EN 319 122-1 §5.2.9", identifier, None)


def _signing_time(signer: _Signer, attributes: dict[str, bytes]) -> datetime | None:
    value = attributes.get(oids.SIGNING_TIME)
    if value is None:
        return None
    claimed: datetime | None = signer.tried("signing-time", "RFC 5652 §11.3", lambda: cms.Time.load(value, strict=True).native, None)
    return claimed
