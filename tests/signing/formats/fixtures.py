"""CMS files of every shape and level, made once: what both readers must read alike."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from asn1crypto import algos, cms, core

from signing.formats import cades
from signing.formats.artefacts import Artefacts
from tests.signing.formats.lab import Stamper, tsa
from tests.signing.lab import AT, CONTENT, attribute, chain_of, good_attributes, person, pki, signed, signed_data, signer_info


@cache
def artefacts() -> Artefacts:
    """The chains of signer and time-stamp authority, and the lists of the day: once, like the levels made of them.

    The PKI is shared, and a later test that issues somebody revoked gives the same day another list.
    """
    return Artefacts((tsa().certificate_der, *person().issuer_chain), pki().crls(AT))


@cache
def levels() -> dict[str, bytes]:
    """One detached signature at every level, the last renewed a year later."""
    later = AT + timedelta(days=400)
    stamped = cades.add_signature_timestamp(signed(), Stamper(AT))
    long_term = cades.add_evidence(stamped, artefacts())
    archived = cades.add_archive_timestamp(long_term, Stamper(AT + timedelta(days=1)), CONTENT)
    renewed = cades.add_archive_timestamp(cades.add_evidence(archived, Artefacts(crls=pki().crls(later))), Stamper(later), CONTENT)
    return {"B-B": signed(), "B-T": stamped, "B-LT": long_term, "B-LTA": archived, "renewed": renewed}


def two_signers() -> bytes:
    """Two people over the same content, in the order of DER."""
    holders = person(), person("Trần Văn Hai")
    infos = [signer_info(holder, good_attributes(holder.certificate_der)) for holder in holders]
    infos.sort(key=lambda info: info.dump())
    return signed_data(infos, sorted({item for holder in holders for item in chain_of(holder)}))


def rich_attributes() -> bytes:
    """Every signed attribute the readers know, in DER order, around attached content."""
    holder = person()
    protection = cms.CMSAlgorithmProtection(
        {
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
        }
    )
    time = cms.Time("utc_time", core.UTCTime(datetime(2021, 9, 27, 2, 0, tzinfo=AT.tzinfo)))
    more = [attribute("signing_time", time), attribute("cms_algorithm_protection", protection)]
    attributes = sorted(good_attributes(holder.certificate_der) + more, key=lambda item: item.dump())
    content = {"encap_content_info": {"content_type": "data", "content": CONTENT}}
    return signed_data([signer_info(holder, attributes)], sorted(chain_of(holder)), **content)


@cache
def cms_files() -> tuple[bytes, ...]:
    """All of them, and a time-stamp token, which is a CMS as well."""
    return (*levels().values(), two_signers(), rich_attributes(), Stamper(AT)(bytes(32)))
