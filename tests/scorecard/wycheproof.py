"""Project Wycheproof's signature vectors, through the one door raw signatures are verified at."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from signing.algorithms import ECDSA_P256_SHA256, ED25519, RSA_SHA256, SignatureAlgorithm
from signing.foreign_keys import load_foreign_key
from signing.keys import Purpose
from tests.scorecard.model import VECTORS, Score, score

_SOURCE = "C2SP/wycheproof"


def _suite(file: str, algorithm: SignatureAlgorithm, notes: tuple[str, ...] = ()) -> Score:
    outcomes: dict[str, tuple[str, str] | None] = {}
    for group in json.loads((VECTORS / "wycheproof" / file).read_text("utf-8"))["testGroups"]:
        for case in group["tests"]:
            held = accepted(group, case, algorithm)
            agreed = case["result"] == "acceptable" or held is (case["result"] == "valid")
            found = (f"{case['result']} ({case['comment']})", "accepted" if held else "refused")
            outcomes[f"tcId {case['tcId']}"] = None if agreed else found
    return score(f"Wycheproof, {file.removesuffix('_test.json')}", _SOURCE, outcomes, {}, notes=notes)


def accepted(group: Mapping[str, Any], case: Mapping[str, Any], algorithm: SignatureAlgorithm) -> bool:
    """Whether one vector's signature verifies."""
    key = load_foreign_key(bytes.fromhex(group["publicKeyDer"]))
    return key.verify(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]), algorithm, Purpose.FOREIGN)


WYCHEPROOF: tuple[Callable[[], Score], ...] = (
    lambda: _suite("rsa_signature_2048_sha256_test.json", RSA_SHA256, ("wycheproof-acceptable",)),
    lambda: _suite("rsa_signature_3072_sha256_test.json", RSA_SHA256),
    lambda: _suite("rsa_signature_4096_sha256_test.json", RSA_SHA256),
    lambda: _suite("ecdsa_secp256r1_sha256_test.json", ECDSA_P256_SHA256),
    lambda: _suite("ed25519_test.json", ED25519),
)
"""One function per file."""
