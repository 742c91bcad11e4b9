"""Certificates and revocation data that travel in a CMS: in SignedData's own fields, or in the older unsigned attributes.

Artefacts are DER: X.509 certificates, CertificateLists, OCSPResponses (or BasicOCSPResponses, as the older attribute has them).
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat import asn1

from signing import der, oids
from signing.errors import FormatFailure
from signing.formats.certificates import full
from signing.formats.envelope import MAX_ARTEFACTS, Envelope, SignerEnvelope
from signing.formats.schemas import Elements, OtherRevocation, RevocationValues

_OTHER = b"\xa1"
_PLAIN = b"\x30"


@dataclass(frozen=True, slots=True)
class Artefacts:
    """Certificates, revocation lists and OCSP responses, each once, in the order met."""

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    def __add__(self, other: Artefacts) -> Artefacts:
        return Artefacts(
            tuple(dict.fromkeys((*self.certificates, *other.certificates))),
            tuple(dict.fromkeys((*self.crls, *other.crls))),
            tuple(dict.fromkeys((*self.ocsps, *other.ocsps))),
        )

    @property
    def everything(self) -> tuple[bytes, ...]:
        """All of them."""
        return (*self.certificates, *self.crls, *self.ocsps)


NOTHING = Artefacts()


def carried(envelope: Envelope) -> Artefacts:
    """What SignedData.certificates and .crls hold of known kinds (RFC 5652 §10.2; OCSP after RFC 5940)."""
    found = Artefacts(tuple(item for item in envelope.certificates if item[:1] == _PLAIN))
    for item in envelope.revocation:
        found += revocation_artefact(item)
    return found


def revocation_artefact(item: bytes) -> Artefacts:
    """One RevocationInfoChoice: a list, an OCSP response, or nothing known."""
    if item[:1] == _PLAIN:
        return Artefacts(crls=(item,))
    if item[:1] == _OTHER:
        try:
            other = asn1.decode_der(OtherRevocation, _PLAIN + item[1:])
        except ValueError:
            return NOTHING
        if other.format.dotted_string in (oids.OCSP_RESPONSE_FORMAT, oids.OCSP_BASIC):
            return Artefacts(ocsps=(full(other.value),))
    return NOTHING


def revocation_choice(ocsp: bytes) -> bytes:
    """An OCSPResponse as RevocationInfoChoice (RFC 5940 §2)."""
    return der.context(1, der.oid(oids.OCSP_RESPONSE_FORMAT), ocsp)


def unsigned_artefacts(signer: SignerEnvelope) -> Artefacts:
    """What certificate-values and revocation-values hold (EN 319 122-1 annex A.1). Raises :class:`FormatFailure`."""
    found = NOTHING
    for attribute in signer.unsigned:
        for value in attribute.values:
            found += attribute_artefacts(attribute.type, value)
    return found


def attribute_artefacts(kind: str, value: bytes) -> Artefacts:
    """The artefacts in one value of an unsigned attribute; none for attributes of other kinds. Raises :class:`FormatFailure`."""
    try:
        if kind == oids.CERTIFICATE_VALUES:
            return Artefacts(certificates=_bounded(asn1.decode_der(Elements, der.sequence(value)).elements))
        if kind == oids.REVOCATION_VALUES:
            values = asn1.decode_der(RevocationValues, value)
            return Artefacts(crls=_bounded(values.crls or []), ocsps=_bounded(values.ocsps or []))
    except ValueError as error:
        raise FormatFailure("unsignedAttrs", f"certificate and revocation values must be DER (EN 319 122-1 annex A.1): {error}") from error
    return NOTHING


def _bounded(elements: list[asn1.TLV]) -> tuple[bytes, ...]:
    if len(elements) > MAX_ARTEFACTS:
        raise FormatFailure("unsignedAttrs", f"must not hold more than {MAX_ARTEFACTS} certificates or revocation data")
    return tuple(map(full, elements))
