"""Keys are functions of seed and subject, and nothing signs or verifies but the two counted functions."""

from __future__ import annotations

import ast
import pickle
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from signing import METER, FormatFailure, InvalidHolder, KeyUnusable, LetterRefused, Purpose, SigningError, SigningKey
from signing.algorithms import ECDSA_P256_SHA256, RSA_SHA256
from signing.keys import load_public_key, raw_verify

ROOT = Path(__file__).parents[2]
GOLDEN_RSA = "d34330b2bac4e83ced94bc386e90f3fc"
GOLDEN_POINT = "c6fdf6131e2aedffd5b9ab238fb37b4b"


@pytest.fixture(scope="module")
def key_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def rsa_key(key_cache: Path) -> SigningKey:
    return SigningKey.rsa(2048, key_cache, "seed", "CN=a")


def test_derived_key_is_a_function_of_seed_and_subject() -> None:
    """The same person in the same world has the same key for ever; any other has another."""
    key = SigningKey.derive_p256("1", "CN=a")
    assert key.public_der == SigningKey.derive_p256("1", "CN=a").public_der
    others = [SigningKey.derive_p256(seed, subject).public_der for seed, subject in (("2", "CN=a"), ("1", "CN=b"), ("1CN", "=a"))]
    assert len({key.public_der, *others}) == 4


def test_derived_key_never_changes_between_releases() -> None:
    """Archived worlds must stay reproducible: this value may not change."""
    point = SigningKey.derive_p256("1", "CN=a").public_der[-64:]
    assert point.hex().startswith(GOLDEN_POINT)


def test_ecdsa_nonce_follows_rfc_6979() -> None:
    """RFC 6979 appendix A.2.5, SHA-256, message "sample"."""
    scalar = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    signature = SigningKey(ec.derive_private_key(scalar, ec.SECP256R1())).sign(b"sample", Purpose.LETTER)
    assert decode_dss_signature(signature) == (
        0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
        0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
    )


def test_every_operation_is_counted_by_purpose_also_when_it_fails() -> None:
    """The count is of work done, so a signature that does not hold counts too."""
    key = SigningKey.derive_p256("1", "CN=a")
    before = METER.snapshot()
    signature = key.sign(b"x", Purpose.RECEIPT)
    public = load_public_key(key.public_der)
    assert raw_verify(public, signature, b"x", ECDSA_P256_SHA256, Purpose.RECEIPT)
    assert not raw_verify(public, signature, b"y", ECDSA_P256_SHA256, Purpose.REFUSAL)
    assert not raw_verify(public, signature, b"x", RSA_SHA256, Purpose.REFUSAL)
    after = METER.snapshot()
    changed = {
        (kind, purpose): after[kind][purpose] - before[kind][purpose]
        for kind in after
        for purpose in after[kind]
        if after[kind][purpose] != before[kind][purpose]
    }
    assert changed == {("signs", "receipt"): 1, ("verifies", "receipt"): 1, ("verifies", "refusal"): 2}


def test_a_derived_rsa_key_is_a_function_of_seed_and_subject() -> None:
    """Two primes of half the length each, a signature that holds, and the same key on any machine: the digest may not change."""
    key = SigningKey.derive_rsa(1024, "1", "CN=a")
    assert sha256(key.public_der).hexdigest().startswith(GOLDEN_RSA)
    private = key._private
    assert isinstance(private, rsa.RSAPrivateKey)
    numbers = private.private_numbers()
    assert numbers.p.bit_length() == numbers.q.bit_length() == 512
    assert numbers.p * numbers.q == numbers.public_numbers.n
    numbers.private_key()  # which checks that both are prime and that the exponents fit
    assert raw_verify(load_public_key(key.public_der), key.sign(b"x", Purpose.LETTER), b"x", RSA_SHA256, Purpose.LETTER)
    others = [SigningKey.derive_rsa(1024, seed, subject).public_der for seed, subject in (("2", "CN=a"), ("1", "CN=b"))]
    assert len({key.public_der, *others}) == 3


def test_only_two_lengths_of_rsa_keys_are_derived() -> None:
    with pytest.raises(KeyUnusable, match="1024 or 2048"):
        SigningKey.derive_rsa(4096, "1", "CN=a")


def test_rsa_key_is_made_once_and_read_afterwards(rsa_key: SigningKey, key_cache: Path) -> None:
    """A second world with the same seed finds the same key on disk; another subject gets another."""
    assert SigningKey.rsa(2048, key_cache, "seed", "CN=a").public_der == rsa_key.public_der
    assert SigningKey.rsa(2048, key_cache, "seed", "CN=b").public_der != rsa_key.public_der
    signature = rsa_key.sign(b"x", Purpose.LETTER)
    assert raw_verify(load_public_key(rsa_key.public_der), signature, b"x", RSA_SHA256, Purpose.LETTER)
    assert sorted(path.suffix for path in key_cache.iterdir()) == [".der", ".der"]


def test_damaged_rsa_cache_is_named(tmp_path: Path, rsa_key: SigningKey, key_cache: Path) -> None:
    """A broken file is refused with its name and the remedy, never silently replaced."""
    assert rsa_key.public_der
    for path in key_cache.iterdir():
        (tmp_path / path.name).write_bytes(b"not a key")
    with pytest.raises(KeyUnusable, match="delete the file"):
        SigningKey.rsa(2048, tmp_path, "seed", "CN=a")


def test_impossible_rsa_size_is_refused(tmp_path: Path) -> None:
    """Sizes the field does not know are refused before anything is written."""
    with pytest.raises(KeyUnusable, match="2048, 3072 or 4096"):
        SigningKey.rsa(1024, tmp_path, "seed", "CN=a")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [SigningError, FormatFailure, LetterRefused, InvalidHolder, KeyUnusable])
def test_errors_survive_pickling(error: type[SigningError]) -> None:
    """An error crosses a process boundary whole."""
    raised = error("place", "rule")
    copy = pickle.loads(pickle.dumps(raised))
    assert type(copy) is error
    assert (copy.place, copy.rule, str(copy)) == ("place", "rule", "place: rule")


def test_keys_module_signs_and_verifies_in_the_two_functions_only() -> None:
    """cryptography's sign and verify are called in raw_sign and raw_verify alone; test_architecture.py keeps other modules away."""
    tree = ast.parse((ROOT / "signing/keys.py").read_text())
    callers: dict[str, int] = {}
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
        count = sum(node.func.attr in ("sign", "verify") for node in calls if isinstance(node.func, ast.Attribute))
        if count:
            callers[function.name] = count
    assert callers == {"raw_sign": 2, "raw_verify": 6}
