"""Counter-signatures for the tests: by the house's own writer, by asn1crypto, by OpenSSL; each value a whole SignerInfo."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from asn1crypto import cms, pem

from signing import Holder, Purpose, der, oids
from signing.formats import cades, strict
from signing.formats.artefacts import Artefacts
from signing.formats.elements import elements, only
from signing.formats.envelope import Attribute, Envelope
from tests.signing.lab import attribute, ess, signed, signer_info

_CONTENT_TYPE = der.oid(oids.CONTENT_TYPE)


def value_of(whole: bytes) -> bytes:
    """The signature value of the first signer of a CMS."""
    return strict.read_envelope(whole).signers[0].claim.signature


def house(holder: Holder, value: bytes, unsigned: Sequence[Attribute] = (), *, content_type: bool = False) -> bytes:
    """What the house's signer writes over those bytes, without content-type unless asked for, signed again."""
    version, signer, digest, attributes, algorithm, _ = strict.read_envelope(signed(holder, sha256(value).digest())).signers[0].fields
    kept = (der.tlv(0x30, one) for _, one in elements(only(attributes, 0xA0)))
    told = [one for one in kept if content_type or not one[2:].startswith(_CONTENT_TYPE)]
    signature = der.octet_string(holder.key.sign(der.set_of(told), Purpose.LETTER))
    more = sorted(der.sequence(der.oid(one.type), der.set_of(one.values)) for one in unsigned)
    return der.sequence(
        version, signer, digest, der.context(0, *sorted(told)), algorithm, signature, der.context(1, *more) if more else b""
    )  # fmt: skip


def by_asn1crypto(holder: Holder, value: bytes, *unsigned: cms.CMSAttribute) -> bytes:
    """The same by another library."""
    attributes = [attribute("message_digest", sha256(value).digest()), attribute("signing_certificate_v2", ess(holder.certificate_der))]
    return bytes(signer_info(holder, attributes, unsigned=unsigned).dump())


def by_openssl(holder: Holder, value: bytes, folder: Path) -> bytes:
    """The SignerInfo of ``openssl cms -sign`` over the value; it cannot leave content-type out, which RFC 5652 §11.4 demands."""
    (folder / "value").write_bytes(value)
    (folder / "key.pem").write_bytes(holder.key.private_pem())
    (folder / "cert.pem").write_bytes(pem.armor("CERTIFICATE", holder.certificate_der))
    command = ["openssl", "cms", "-sign", "-binary", "-cades", "-nosmimecap", "-md", "sha256"]
    command += ["-in", "value", "-outform", "DER", "-out", "out"]
    command += ["-signer", "cert.pem", "-inkey", "key.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return bytes(cms.ContentInfo.load((folder / "out").read_bytes())["content"]["signer_infos"][0].dump())


def countersigned(whole: bytes, values: Sequence[bytes], *certificates: bytes) -> bytes:
    """A CMS with counter-signatures beside its first signer, and certificates for them."""
    envelope = strict.read_envelope(whole)
    first = envelope.signers[0]
    first = replace(first, unsigned=(*first.unsigned, Attribute(oids.COUNTER_SIGNATURE, tuple(values))))
    written: Envelope = replace(envelope, signers=(first, *envelope.signers[1:]))
    return cades.add_evidence(cades.encode(written), Artefacts(certificates)) if certificates else cades.encode(written)
