"""The time-stamping authority: who gets a token and who a reason, units that follow each other for decades, and ways to be wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto import cms, core, tsp
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import METER, Behaviour, InvalidHolder, Purpose, Wrong, certificate_facts, der
from signing.formats.timestamp import make_request
from signing.pki.stamping import POLICY
from tests.judges import needs_openssl
from tests.signing.lab import AT, CONTENT, DIGEST, VN, new_pki
from tests.signing.lab import pki as shared
from tests.signing.pki.judges import attime, openssl, pem


class Reply(core.Sequence):
    """TimeStampResp with its token OPTIONAL, as RFC 3161 has it and asn1crypto has not."""

    _fields = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]  # noqa: RUF012


def answer(request: bytes, at: datetime = AT, behaviour: Behaviour | None = None) -> Reply:
    return Reply.load(shared().timestamp(request, at, *([behaviour] if behaviour else [])), strict=True)


def info(response: Reply) -> tsp.TSTInfo:
    return response["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed


def reason(response: Reply) -> str:
    (bit,) = response["status"]["fail_info"].native
    return str(bit)


def test_a_token_says_the_moment_the_policy_the_nonce_and_no_more_than_was_asked() -> None:
    """One raw signature; whole answer a function of request and moment; certificates only where asked for."""
    before = METER.signs[Purpose.TIMESTAMP]
    request = make_request(DIGEST, nonce=77)
    said = answer(request)
    assert METER.signs[Purpose.TIMESTAMP] == before + 1
    assert said["status"]["status"].native == "granted"
    stated = info(said)
    assert stated["gen_time"].native == AT.astimezone(UTC)
    assert (stated["policy"].native, stated["nonce"].native) == (POLICY, 77)
    assert stated["message_imprint"]["hashed_message"].native == DIGEST
    assert len(said["time_stamp_token"]["content"]["certificates"]) == 2
    assert answer(request).dump() == said.dump()
    assert not len(answer(make_request(DIGEST, certificates=False))["time_stamp_token"]["content"]["certificates"])


def test_no_two_tokens_share_a_serial_number() -> None:
    """Other request, other moment, other digest: other number, each of 127 bits."""
    moments = [AT + timedelta(seconds=second) for second in range(10)]
    requests = [make_request(sha256(bytes([n])).digest(), nonce=n + 1) for n in range(10)]
    serials = {info(answer(request, at))["serial_number"].native for at in moments for request in requests}
    assert len(serials) == 100
    assert {serial.bit_length() for serial in serials} <= {127, 128}


def _with(request: bytes, tail: bytes) -> bytes:
    return der.sequence(request[2:], tail)


@pytest.mark.parametrize(
    ("request_der", "failure"),
    [
        (b"", "bad_data_format"),
        (make_request(DIGEST)[:-1], "bad_data_format"),
        (make_request(DIGEST) + b"\x00", "bad_data_format"),
        (bytes(5000), "bad_data_format"),
        (make_request(DIGEST[:20], imprint_algorithm="sha1"), "bad_alg"),
        (make_request(DIGEST, nonce=-5), "bad_request"),
        (make_request(DIGEST, policy="1.2.3"), "unaccepted_policy"),
        (_with(make_request(DIGEST), der.context(0, der.sequence(der.oid("1.2.3"), der.octet_string(b"")))), "unaccepted_extensions"),
    ],
)
def test_what_gets_no_token_gets_its_reason_and_a_sentence(request_der: bytes, failure: str) -> None:
    said = answer(request_der)
    assert said["status"]["status"].native == "rejection"
    assert reason(said) == failure
    assert said["status"]["status_string"].native[0]
    assert said["time_stamp_token"].native is None


def test_outside_the_roots_life_there_is_no_time() -> None:
    for at in (datetime(2017, 1, 1, tzinfo=VN), datetime(2049, 1, 1, tzinfo=VN)):
        assert reason(answer(make_request(DIGEST), at)) == "time_not_available"
        with pytest.raises(InvalidHolder, match="in use at that moment"):
            shared().time_stamping(at)


def test_units_follow_each_other_so_that_renewal_reaches_2040() -> None:
    """At every moment until 2048 a unit is in use; before each ends, the next has begun at least a year before."""
    pki = shared()
    moment, renewals = AT, 0
    while moment < datetime(2040, 1, 1, tzinfo=VN):
        end = pki.time_stamping(moment).spec.not_after
        following = pki.time_stamping(end - timedelta(days=365))
        assert following.spec.not_after > end
        moment, renewals = end - timedelta(days=365), renewals + 1
    assert renewals == 6
    starts = [unit.not_before.year for unit in pki.stampers]
    assert starts == list(range(2018, 2048, 3))
    assert len({pki.time_stamping(unit.not_before).key.public_der for unit in pki.stampers}) == len(starts)
    assert max(unit.not_after for unit in pki.stampers) == pki.spec.not_after


def test_a_compromised_unit_is_revoked_and_replaced_at_once() -> None:
    """The root's list names it from the day after; other units keep their bytes."""
    pki = new_pki(compromised_stampers=(AT,))
    old, new = pki.time_stamping(AT - timedelta(seconds=1)), pki.time_stamping(AT)
    assert old.certificate_der == shared().time_stamping(AT).certificate_der
    assert new.key.public_der != old.key.public_der
    assert "2021-09-27 09:00:00" in new.subject
    serial = certificate_facts(old.certificate_der).serial
    for day, expected in ((0, False), (1, True)):
        root_list = x509.load_der_x509_crl(pki.crls(AT + timedelta(days=day))[0])
        assert (root_list.get_revoked_certificate_by_serial_number(serial) is not None) is expected
    later = datetime(2025, 1, 1, tzinfo=VN)
    assert pki.time_stamping(later).certificate_der == shared().time_stamping(later).certificate_der
    assert pki.time_stamping(AT + timedelta(days=9), revoked=True).certificate_der == old.certificate_der
    with pytest.raises(InvalidHolder, match="revoked by then"):
        shared().time_stamping(AT, revoked=True)


@pytest.mark.parametrize("wrong", Wrong)
def test_each_way_to_be_wrong_changes_what_it_names(wrong: Wrong) -> None:
    pki = new_pki(compromised_stampers=(AT - timedelta(days=90),))
    request = make_request(DIGEST, nonce=77)
    honest = Reply.load(pki.timestamp(request, AT))
    said = Reply.load(pki.timestamp(request, AT, Behaviour(wrong=wrong)))
    if wrong is Wrong.UNAVAILABLE:
        assert reason(said) == "time_not_available"
        return
    one, other = info(honest), info(said)
    assert (other["message_imprint"]["hashed_message"].native != DIGEST) is (wrong is Wrong.IMPRINT)
    assert (other["nonce"].native != 77) is (wrong is Wrong.NONCE)
    assert (other["gen_time"].native != one["gen_time"].native) is (wrong is Wrong.STALE)
    assert (other["tsa"].native != one["tsa"].native) is (wrong is Wrong.REVOKED_CERTIFICATE)
    assert (one.dump() == other.dump()) is (wrong is Wrong.SIGNATURE)


def test_a_clock_seven_hours_ahead() -> None:
    """Local time written as UTC: the token lies seven hours in the future."""
    said = answer(make_request(DIGEST), behaviour=Behaviour(clock_error=timedelta(hours=7)))
    assert info(said)["gen_time"].native == AT.astimezone(UTC) + timedelta(hours=7)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_sent_gets_an_answer(data: st.DataObject) -> None:
    sent = bytearray(make_request(DIGEST, nonce=2**60, policy=POLICY))
    for _ in range(data.draw(st.integers(0, 3))):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(sent[: data.draw(st.integers(0, len(sent)))]) if data.draw(st.booleans()) else bytes(sent)
    said = answer(cut)
    if said["status"]["status"].native == "granted":
        asked = tsp.TimeStampReq.load(cut, strict=True)
        assert info(said)["message_imprint"].dump() == asked["message_imprint"].dump()
        assert info(said)["nonce"].native == asked["nonce"].native


@needs_openssl
def test_openssl_verifies_responses_to_its_own_queries(tmp_path: Path) -> None:
    """With nonce and certificate request, against data, query and root; each wrong answer is refused, a late clock is not its affair."""
    pki = new_pki(compromised_stampers=(AT - timedelta(days=90),))
    pem(tmp_path, "root.pem", pki.root.certificate_der)
    (tmp_path / "letter").write_bytes(CONTENT)
    assert openssl(tmp_path, "ts", "-query", "-data", "letter", "-sha256", "-cert", "-out", "query").returncode == 0
    query = (tmp_path / "query").read_bytes()
    judge = ["ts", "-verify", "-queryfile", "query", "-in", "answer", "-CAfile", "root.pem", *attime(AT)]

    def heard(behaviour: Behaviour) -> str:
        (tmp_path / "answer").write_bytes(pki.timestamp(query, AT, behaviour))
        run = openssl(tmp_path, *judge)
        return "accepted" if run.returncode == 0 and "Verification: OK" in run.stdout else run.stderr

    assert heard(Behaviour()) == "accepted"
    for wrong in (Wrong.IMPRINT, Wrong.NONCE, Wrong.SIGNATURE, Wrong.UNAVAILABLE):
        assert heard(Behaviour(wrong=wrong)) != "accepted", wrong
    # OpenSSL asks neither when the token was made nor whether its unit was revoked: that is what a verifier of ours is for.
    assert heard(Behaviour(wrong=Wrong.STALE)) == heard(Behaviour(wrong=Wrong.REVOKED_CERTIFICATE)) == "accepted"
    text = openssl(tmp_path, "ts", "-reply", "-in", "answer", "-text").stdout
    assert "Status: Granted." in text
    assert "Policy OID: 2.999.3161.1" in text


@needs_openssl
def test_openssl_checks_the_units_chain_with_its_lists(tmp_path: Path) -> None:
    """The unit's certificate is for time-stamping alone, under the root, in no list; the revoked one is found in the root's list."""
    pki = new_pki(compromised_stampers=(AT - timedelta(days=90),))
    pem(tmp_path, "root.pem", pki.root.certificate_der)
    (tmp_path / "root.crl").write_bytes(pki.crls(AT)[0])
    (tmp_path / "root.crl.pem").write_text(openssl(tmp_path, "crl", "-inform", "DER", "-in", "root.crl").stdout)
    judge = ["verify", "-x509_strict", "-crl_check_all", "-CRLfile", "root.crl.pem", "-CAfile", "root.pem", *attime(AT)]
    for revoked, status in ((False, 0), (True, 2)):
        pem(tmp_path, "unit.pem", pki.time_stamping(AT, revoked=revoked).certificate_der)
        run = openssl(tmp_path, *judge, "-purpose", "timestampsign", "unit.pem")
        assert run.returncode == status, run.stderr
    assert "certificate revoked" in run.stderr
    assert openssl(tmp_path, *judge, "-purpose", "smimesign", "unit.pem").returncode == 2


def test_a_stamp_without_a_request_is_the_same_kind_of_token() -> None:
    token = shared().stamp(DIGEST, AT)
    stated = cms.ContentInfo.load(token, strict=True)["content"]["encap_content_info"]["content"].parsed
    assert stated["message_imprint"]["hashed_message"].native == DIGEST
    assert shared().stamp(DIGEST, AT) == token != shared().stamp(DIGEST, AT + timedelta(seconds=1))


def test_a_description_with_another_rhythm_has_other_units() -> None:
    spec = replace(shared().spec, seed="rhythm", stamper_years=2, stamper_interval_years=1)
    pki = type(shared()).build(spec)
    assert len(pki.stampers) == 30
    assert all(unit.not_after - unit.not_before <= timedelta(days=731) for unit in pki.stampers)
