"""pyHanko as a judge, in a process of its own: JSON in, JSON out. Run by :mod:`console.verify.opinions`; nothing else imports it.

Its exceptions are refusals: several of what it finds wrong leaves it as one.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, crl, ocsp, pem, x509
from pyhanko.sign.validation.generic_cms import async_validate_cms_signature, async_validate_detached_cms
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext

Case = dict[str, Any]


def main() -> None:
    """Answer every case of standard input on standard output."""
    logging.disable(logging.CRITICAL)
    asked = json.load(sys.stdin)
    at = datetime.fromtimestamp(asked["at"], UTC)
    json.dump([_answer(case, at) for case in asked["cases"]], sys.stdout)


def _answer(case: Case, at: datetime) -> dict[str, dict[str, str]]:
    try:
        status = asyncio.run(_validate(case, at))
    except Exception as error:
        refused = {"answer": "refuse", "said": f"{type(error).__name__}: {error}"}
        return {"signature": refused, "chain": {"answer": "not-asked", "said": ""}}
    sound = status.intact and status.valid
    signature = {"answer": "accept" if sound else "refuse", "said": "" if sound else f"intact={status.intact} valid={status.valid}"}
    if not case["anchors"] or not sound:
        return {"signature": signature, "chain": {"answer": "not-asked", "said": ""}}
    problem = status.trust_problem_indic
    said = "" if status.trusted else f"{problem or 'not trusted'}"
    return {"signature": signature, "chain": {"answer": "accept" if status.trusted else "refuse", "said": said}}


async def _validate(case: Case, at: datetime) -> Any:
    data = base64.b64decode(case["cms"])
    if pem.detect(data):
        _, _, data = pem.unarmor(data)
    signed = cms.ContentInfo.load(data)["content"]
    context = _context(case, at)
    usage = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)
    if case["content"] is None:
        return await async_validate_cms_signature(signed, validation_context=context, key_usage_settings=usage)
    content = base64.b64decode(case["content"])
    return await async_validate_detached_cms(content, signed, signer_validation_context=context, key_usage_settings=usage)


def _context(case: Case, at: datetime) -> ValidationContext:
    def each(kind: str) -> list[bytes]:
        return [base64.b64decode(one) for one in case[kind]]

    return ValidationContext(
        trust_roots=[x509.Certificate.load(one) for one in each("anchors")],
        other_certs=[x509.Certificate.load(one) for one in each("certificates")],
        crls=[crl.CertificateList.load(one) for one in each("crls")],
        ocsps=[ocsp.OCSPResponse.load(one) for one in each("ocsps")],
        moment=at,
        revocation_mode="require",
        allow_fetching=False,
    )


if __name__ == "__main__":
    main()
