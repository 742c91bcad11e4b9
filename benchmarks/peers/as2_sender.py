"""The sender of the AS2 service: signs, posts over HTTP, verifies the signed receipt. Runs in the peer's environment.

    PEER/bin/python as2_sender.py PORT FOLDER THREADS

Every line of standard input is a JSON list: ``["send", n]`` makes n round trips and answers with the seconds they took; ``["again", n, k]``
posts each of n messages k times at once, and answers how often each was taken as a new one.
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import as2_parties
from pyas2lib import Mdn, Message, Organization, Partner

SIZE = 10_240


class Sender:
    """One organisation and its partner. Threads may share it."""

    def __init__(self, port, folder):
        self._port = port
        self._sender = Organization(as2_name="sender", sign_key=(folder / "sender.pem").read_bytes(), sign_key_pass=as2_parties.PASS)
        self._receiver = Partner(
            as2_name="receiver", verify_cert=(folder / "receiver.pem").read_bytes(), sign=True, digest_alg="sha256", mdn_mode="SYNC",
            mdn_digest_alg="sha256", validate_certs=False,
        )  # fmt: skip

    def build(self):
        """A signed message."""
        sent = Message(self._sender, self._receiver)
        sent.build(
            os.urandom(SIZE), filename="document.bin", content_type="application/octet-stream",
            disposition_notification_to="no-reply@example.test",
        )  # fmt: skip
        return sent

    def post(self, sent):
        """Post it, and what its receipt says."""
        http = HTTPConnection("127.0.0.1", self._port, timeout=300)
        http.request("POST", "/pyas2/as2receive", sent.content, dict(sent.headers))
        answer = http.getresponse()
        body = answer.read()
        http.close()
        if answer.status != 200:
            raise RuntimeError(f"the service answered {answer.status}: {body[:500]}")
        head = "".join(f"{name}: {value}\n" for name, value in answer.getheaders())
        return Mdn().parse(head.encode() + b"\r\n" + body, lambda *_: sent)

    def trip(self, _):
        """One document there and its receipt back."""
        status, detail = self.post(self.build())
        if status != "processed":
            raise RuntimeError(f"the receipt says {status}: {detail}")

    def try_post(self, sent):
        """As :meth:`post`; a service that fails has not taken it."""
        try:
            return self.post(sent)
        except RuntimeError as error:
            return "failed", str(error)


def again(sender, pool, messages, times):
    """For each message, how many of its copies the service took as a new message."""
    taken = []
    for _ in range(messages):
        sent = sender.build()
        answers = list(pool.map(sender.try_post, [sent] * times))
        taken.append(sum(status == "processed" for status, _ in answers))
    return taken


def main():
    """Answer until the input ends."""
    sender, threads = Sender(int(sys.argv[1]), Path(sys.argv[2])), int(sys.argv[3])
    with ThreadPoolExecutor(threads) as pool:
        sender.trip(0)
        print(json.dumps("ready"), flush=True)
        for line in sys.stdin:
            what, *numbers = json.loads(line)
            started = time.monotonic()
            if what == "send":
                list(pool.map(sender.trip, range(numbers[0])))
                print(json.dumps(time.monotonic() - started), flush=True)
            else:
                print(json.dumps(again(sender, pool, *numbers)), flush=True)


if __name__ == "__main__":
    main()
