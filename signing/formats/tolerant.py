"""The tolerant reader of CMS SignedData, for explaining other people's files: goes past breaches of the format, and records each.

A second parser (asn1crypto) behind BER made definite. Where a breach leaves open what was meant (an attribute twice, several values), it
takes nothing rather than one of them. Whatever both readers accept they must read alike: see :mod:`signing.formats.signed_data`.
"""

from __future__ import annotations

from typing import Any

from asn1crypto import core

from signing import der, oids
from signing.errors import FormatFailure
from signing.formats import attribute_values as values
from signing.formats.ber import definite
from signing.formats.claims import Deviation, SignerClaim
from signing.formats.envelope import (
    MAX_ARTEFACTS,
    MAX_ATTRIBUTES,
    MAX_COUNTER_ELEMENTS,
    MAX_SIGNED_DATA,
    MAX_SIGNERS,
    MAX_VALUES,
    NEXT_COUNTER_SIGNATURES,
    OWN_READERS,
    SIGNED_ATTRIBUTES_RULE,
    Attribute,
    Envelope,
    SignerEnvelope,
    bounded_serial,
    digest_name,
    plain_algorithm,
    signature_name,
    signed_data_version,
)
from signing.formats.opaque import AnySequence, AnySet, Notes, dotted, dump, optional, plain, raw


class _Attribute(core.Sequence):  # type: ignore[misc]
    _fields = [("type", core.ObjectIdentifier), ("values", AnySet)]  # noqa: RUF012 - asn1crypto's way of declaring


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
        ("digest_algorithms", AnySet),
        ("encap_content_info", _Encapsulated),
        ("certificates", AnySet, {"implicit": 0, "optional": True}),
        ("crls", AnySet, {"implicit": 1, "optional": True}),
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
        if dotted(outer["content_type"]) != oids.SIGNED_DATA:
            raise FormatFailure("ContentInfo", "contentType must be signedData (RFC 5652 §3)")
        return _envelope(outer["content"], deviations)
    except FormatFailure:
        raise
    except Exception as error:  # asn1crypto lets whatever its internals meet escape (AttributeError, KeyError, RecursionError …)
        raise FormatFailure("CMS", f"cannot be read as SignedData (RFC 5652 §5.1): {plain(error)}") from error


def _envelope(signed: Any, deviations: list[Deviation]) -> Envelope:
    encapsulated = signed["encap_content_info"]
    content_type = dotted(encapsulated["content_type"])
    content = optional(encapsulated["content"])
    certificates = _choices(signed["certificates"], "certificates", deviations)
    revocation = _choices(signed["crls"], "crls", deviations)
    listed = raw(signed["digest_algorithms"], MAX_SIGNERS, "digestAlgorithms")
    _check_set(listed, "digestAlgorithms", deviations)
    infos = signed["signer_infos"]
    encoded = raw(infos, MAX_SIGNERS, "signerInfos")
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


def read_counter_signature(encoded: bytes) -> SignerEnvelope:
    """Take one SignerInfo apart that stands as counter-signature, so without a content type (RFC 5652 §11.4); breaches become deviations.

    Raises :class:`FormatFailure`.
    """
    whole = definite(encoded, NEXT_COUNTER_SIGNATURES, MAX_COUNTER_ELEMENTS)
    try:
        return _signer(_SignerInfo.load(whole.encoded, strict=True), "", None, list(whole.deviations))
    except FormatFailure:
        raise
    except Exception as error:  # as above
        raise FormatFailure("countersignature", "cannot be read as SignerInfo (RFC 5652 §11.4)") from error


def _choices(elements: Any, place: str, deviations: list[Deviation]) -> tuple[bytes, ...]:
    if optional(elements) is None:
        return ()
    found = raw(elements, MAX_ARTEFACTS, place)
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


class _Signer(Notes):
    """One SignerInfo being read, with the breaches met on the way."""

    def __init__(self, info: Any, deviations: list[Deviation]) -> None:
        super().__init__(deviations)
        self.info = info

    def signed(self) -> tuple[bytes | None, dict[str, bytes]]:
        """Raw signedAttrs with their tag, and the attributes that occur once with one value."""
        attributes = optional(self.info["signed_attrs"])
        if attributes is None:
            self.note(SIGNED_ATTRIBUTES_RULE, "EN 319 122-1 §5.1.1")
            return None, {}
        encoded = attributes.dump()
        _check_set(raw(attributes, MAX_ATTRIBUTES, "signedAttrs"), "signedAttrs", self.deviations)
        if not attributes:
            self.note("signedAttrs is there and empty", "RFC 5652 §5.3")
        found: dict[str, bytes] = {}
        ambiguous: set[str] = set()
        for attribute in attributes:
            kind, given = dotted(attribute["type"]), raw(attribute["values"], MAX_VALUES, "signedAttrs")
            if kind in found or kind in ambiguous or len(given) != 1:
                self.note(f"signed attribute {kind} does not stand exactly once with one value: it is not used", "RFC 5652 §5.3, §11")
                ambiguous.add(kind)
            else:
                found[kind] = given[0]
        return encoded, {kind: value for kind, value in found.items() if kind not in ambiguous}

    def unsigned(self) -> tuple[Attribute, ...]:
        """Unsigned attributes in their order."""
        attributes = optional(self.info["unsigned_attrs"])
        if attributes is None:
            return ()
        encoded = raw(attributes, MAX_ATTRIBUTES, "unsignedAttrs")
        _check_set(encoded, "unsignedAttrs", self.deviations)
        if not encoded:
            self.note("unsignedAttrs is there and empty", "RFC 5652 §5.3")
        found = []
        for attribute in attributes:
            given = raw(attribute["values"], MAX_VALUES, "unsignedAttrs")
            _check_set(given, "an unsigned attribute", self.deviations)
            if not given:
                self.note(f"unsigned attribute {dotted(attribute['type'])} has no value", "RFC 5652 §5.3")
            found.append(Attribute(dotted(attribute["type"]), given))
        return tuple(found)


def _signer(info: Any, content_type: str, listed: tuple[bytes, ...] | None, common: list[Deviation]) -> SignerEnvelope:
    """``content_type`` is empty, and no digest ``listed``, for a counter-signature."""
    signer = _Signer(info, common)
    sid, digest_encoded, signature_encoded = (dump(info[name]) for name in ("sid", "digest_algorithm", "signature_algorithm"))
    signed, attributes = signer.signed()
    unsigned = signer.unsigned()
    issuer, serial, key_id = _identifier(sid)
    version = info["version"].native
    if version != (1 if key_id is None else 3):
        signer.note("the version of the SignerInfo is not what its identifier asks for", "RFC 5652 §5.3")
    if listed is not None and digest_encoded not in listed:
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
        values.content_type(signer, attributes, content_type),
        values.message_digest(signer, attributes),
        None if signed is None else b"\x31" + signed[1:],
        values.ess(signer, attributes),
        values.algorithm_protection(signer, attributes, digest_encoded, signature_encoded),
        values.policy(signer, attributes),
        values.signing_time(signer, attributes),
        tuple(dict.fromkeys(signer.deviations)),
    )
    fields = (der.integer(version), sid, digest_encoded, signed or b"", signature_encoded, der.octet_string(signature))
    stamp = attributes.get(oids.CONTENT_TIME_STAMP)
    return SignerEnvelope(claim, fields, unsigned, () if stamp is None else (stamp,))


def _identifier(sid: bytes) -> tuple[bytes | None, int | None, bytes | None]:
    if sid[:1] == b"\x80":
        return None, None, core.OctetString.load(b"\x04" + sid[1:], strict=True).native
    named = AnySequence.load(sid, strict=True)
    issuer, serial = raw(named, 2, "SignerInfo")
    return issuer, bounded_serial(core.Integer.load(serial, strict=True).native), None


def _signature_algorithm(signer: _Signer, digest: str, encoded: bytes) -> str:
    """The algorithm's name; plain rsaEncryption borrows the digest of another field, which CMS allows and we note."""
    name = signature_name(digest, encoded)
    if not name.startswith("unknown:") or plain_algorithm(encoded) != der.sequence(der.oid(oids.RSA_ENCRYPTION)):
        return name
    signer.note("signatureAlgorithm is rsaEncryption and names no digest: that of digestAlgorithm is taken", "RFC 5754 §3.2")
    return f"rsa-pkcs1-{digest}" if not digest.startswith("unknown:") else name
