"""The same input gives the same verdict: whatever the hash seed, the order of the evidence, and what was judged before."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from random import Random

from signing import Evidence, FormatFailure, Holder, SigningKey, load_policy, read_signed, validate_claim
from signing.formats.cms import decode_cms, parse_cms
from signing.validation.ades.rfc5280_judge import Rfc5280Judge
from tests.signing.ades.lab import DAY, World, claim
from tests.signing.lab import AT, CONTENT, PERSON, person, signed
from tests.signing.rfc5280.workshop import NOW, certify, revoke_list

ETSI = load_policy("etsi-baseline")
ROOT_OF_THE_TREE = Path(__file__).parents[3]


def crossed() -> tuple[bytes, Evidence]:
    """A signer under two authorities of one name and key, four lists, and strangers."""
    roots = certify("Root", ca=True), certify("Second root", ca=True)
    authorities = [certify("Authority", root, ca=True) for root in roots]
    signer = certify("Signer", authorities[0])
    strangers = [certify(f"Stranger {number}", roots[number % 2], ca=True) for number in range(6)]
    lists = (*map(revoke_list, roots), revoke_list(authorities[0]), revoke_list(authorities[0], [strangers[0]], since=NOW - 2 * DAY))
    chain = (authorities[0].der, roots[0].der)
    cms = signed(Holder("x", signer.der, SigningKey(signer.key), chain, PERSON))
    evidence = Evidence(tuple(root.der for root in roots), (), tuple(one.der for one in (*authorities, *strangers)), lists)
    return cms, evidence


def told(cms: bytes, evidence: Evidence) -> str:
    """Every verdict of a small table, in full."""
    world = World.make("determinism")
    found = [validate_claim(claim(cms), evidence, NOW + days * DAY, ETSI) for days in (0, 30)]
    found += [world.judge(world.lta(), AT + days * DAY, ETSI) for days in (3, 900, 7000)]
    return repr([*found, read_signed(cms, CONTENT).claims[0].signer])


def test_the_hash_seed_changes_no_word(tmp_path: Path) -> None:
    """Sets of names, policies and digests are in another order under each seed; nothing that is told may depend on it."""
    (tmp_path / "case").write_bytes(pickle.dumps(crossed()))
    code = (
        "import pickle, sys, hashlib; from tests.signing.attacks.test_determinism import told;"
        "print(hashlib.sha256(told(*pickle.load(open(sys.argv[1], 'rb'))).encode()).hexdigest())"
    )
    seen = set()
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "case")],
            env=environment,
            cwd=ROOT_OF_THE_TREE,
            capture_output=True,
            text=True,
            check=True,
        )
        seen.add(done.stdout.strip())
    assert len(seen) == 1


def test_the_order_of_the_evidence_changes_nothing() -> None:
    """Evidence is a set: an attacker who may order an archive must not choose the verdict."""
    cms, evidence = crossed()
    chance = Random(7)
    verdicts = set()
    for crls in permutations(evidence.crls, 4):
        certificates = list(evidence.certificates)
        chance.shuffle(certificates)
        shuffled = replace(evidence, anchors=evidence.anchors[:: chance.choice((1, -1))], certificates=tuple(certificates), crls=crls)
        verdicts.add(repr(validate_claim(claim(cms), shuffled, NOW, ETSI)))
    assert len(verdicts) == 1


def test_what_was_judged_before_changes_nothing() -> None:
    """One judge over many signatures, moments and kinds of evidence says what a new one says each time, whatever it has kept."""
    world, stranger = World.make("determinism"), World.make("stranger")
    cms, evidence = crossed()
    cases = [
        (claim(world.lta()), world.evidence(AT + 3 * DAY), AT + 3 * DAY),
        (claim(world.lta()), stranger.evidence(AT + 3 * DAY), AT + 3 * DAY),
        (claim(stranger.t()), world.evidence(AT + 3 * DAY), AT + 3 * DAY),
        (claim(cms), evidence, NOW),
        (claim(cms), replace(evidence, crls=evidence.crls[:2]), NOW),
        (claim(cms), replace(evidence, anchors=()), NOW),
        (claim(world.t()), world.evidence(AT), AT),
        (claim(world.t()), world.evidence(AT), AT + 900 * DAY),
    ]
    fresh = [repr(validate_claim(found, known, at, ETSI)) for found, known, at in cases]
    judge = Rfc5280Judge(ETSI)
    for _ in range(2):
        for order in (range(len(cases)), reversed(range(len(cases)))):
            for number in order:
                found, known, at = cases[number]
                assert repr(validate_claim(found, known, at, ETSI, judge=judge)) == fresh[number]


def test_shapes_of_signatures_read_before_change_no_reading() -> None:
    """A signature that differs from a known one only in digest and value is not decoded again: every other change must be seen.

    Each octet of a known signature is changed in turn, and what the quick reading says is what the decoder says (X.690, RFC 5652 §5.3).
    """
    data = signed(person())
    parse_cms(data)
    for at in range(len(data)):
        for bit in (0x01, 0x80):
            changed = data[:at] + bytes((data[at] ^ bit,)) + data[at + 1 :]
            assert _reading(parse_cms, changed) == _reading(decode_cms, changed)
            parse_cms(data)


def _reading(read: object, data: bytes) -> object:
    try:
        return read(data)  # type: ignore[operator]
    except FormatFailure as failure:
        return str(failure)
