"""Checks this folder by hashes alone: the manifest, what each signature covers, the receipt, the place in the ledger.

    python3 -I -S check.py          (Python 3.8 or newer, nothing else; prints a line for each question, ends with 0 when all hold)

It checks no signature: the README says how OpenSSL does that.
"""

import base64
import hashlib
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
MADE_HERE = "work"  # the README's commands write into this folder


def read(name):
    with open(os.path.join(HERE, *name.split("/")), "rb") as file:
        return file.read()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def manifest_holds():
    """Every file is there, is the one that was put in, and there is no other."""
    listed = json.loads(read("manifest.json"))["files"]
    paths = (os.path.join(folder, name) for folder, _, names in os.walk(HERE) for name in names)
    there = {os.path.relpath(path, HERE).replace(os.sep, "/") for path in paths} - {"manifest.json"}
    if {name for name in there if not name.startswith(MADE_HERE + "/")} != set(listed):
        return False
    return all((len(read(name)), sha256(read(name))) == (one["size"], one["sha256"]) for name, one in listed.items())


def attachments():
    """Base64 of the package: each attachment of the folder must be in it, byte for byte."""
    package = re.sub(rb"\s", b"", read("package.edxml"))
    return all(base64.b64encode(read(one["file"])) in package for one in CONTENTS["attachments"])


def signed_range(one):
    """A PDF's signature stands in a gap of its own /ByteRange; the bytes around the gap are what was signed (ISO 32000-1 §12.8.1)."""
    pdf = read(one["attachment"])
    start, opening, closing, rest = one["byte_range"]
    written = re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", pdf)
    gap, cms = pdf[opening:closing], read(one["signature"])
    value = bytes.fromhex(gap[1:-1].decode("ascii"))
    covered = pdf[start:opening] + pdf[closing : closing + rest]
    written = [[int(number) for number in each] for each in written]
    named = one["byte_range"] in written and start == 0 and (gap[:1], gap[-1:]) == (b"<", b">")
    return named and value[: len(cms)] == cms and not any(value[len(cms) :]) and covered == read(one["content"])


def signed_file(one):
    """A detached signature and what it was made over are attachments; what a signature carries is inside it."""
    name = one["attachment"]
    return read(one["content"]) == read(name) if one["detached"] else read(one["content"]) in read(one["signature"])


def stamped(one):
    """A time-stamp names the SHA-256 of exactly these bytes."""
    return hashlib.new(one["hash"], read(one["content"])).digest() in read(one["token"])


def receipt_speaks_of_package():
    said = json.loads(read("receipt/statement.json"))
    name = hashlib.sha256(b"package\0" + said["sender"].encode() + b"\0" + bytes.fromhex(said["package_sha256"])).hexdigest()[:24]
    return said["package_sha256"] == sha256(read("package.edxml")) and said["package_id"] == name


def entry_speaks_of_receipt():
    """The leaf names package and payload; the payload holds the digests of the receipt and of its signature."""
    leaf, payload = json.loads(read("ledger/leaf.json")), read("ledger/payload.json")
    digests = {sha256(read("receipt/statement.json")), sha256(read("receipt/signature.p7s"))}
    named = leaf["package_sha256"] == sha256(read("package.edxml")) and leaf["kind"] == "admission"
    return named and leaf["payload_sha256"] == sha256(payload) and digests <= {one for one in json.loads(payload) if isinstance(one, str)}


def climbed(leaf, index, size, proof):
    """The root a path leads to; the path's last hash stands beside the whole (RFC 9162 §2.1.3)."""
    if size == 1:
        return leaf
    beside, left = proof.pop(), 1 << (size - 1).bit_length() - 1
    if index < left:
        return node(climbed(leaf, index, left, proof), beside)
    return node(beside, climbed(leaf, index - left, size - left, proof))


def both_roots(first, size, proof, known):
    """Roots of the first leaves and of all, from a consistency proof; ``known`` is the earlier root where it ends (RFC 9162 §2.1.4)."""
    if first == size:
        found = known or proof.pop()
        return found, found
    beside, left = proof.pop(), 1 << (size - 1).bit_length() - 1
    if first <= left:
        old, new = both_roots(first, left, proof, known)
        return old, node(new, beside)
    old, new = both_roots(first - left, size - left, proof, None)
    return node(beside, old), node(beside, new)


def ledger_includes():
    said, checkpoint = json.loads(read("ledger/inclusion.json")), json.loads(read("ledger/checkpoint.json"))
    size, proof, leaf = int(checkpoint["size"]), [bytes.fromhex(one) for one in said["proof"]], b"\0" + read("ledger/leaf.json")
    found = 0 <= said["index"] < size and climbed(hashlib.sha256(leaf).digest(), said["index"], size, proof)
    return found == bytes.fromhex(checkpoint["root"]) and not proof


def ledger_continues():
    first, later = json.loads(read("ledger/checkpoint.json")), json.loads(read("ledger/later.json"))
    proof = [bytes.fromhex(one) for one in json.loads(read("ledger/consistency.json"))["proof"]]
    roots = bytes.fromhex(first["root"]), bytes.fromhex(later["root"])
    size, whole = int(first["size"]), int(later["size"])
    return 0 < size <= whole and both_roots(size, whole, proof, roots[0]) == roots and not proof


def ask(question, answer, *arguments):
    try:
        holds = answer(*arguments)
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        holds = False
    print(f"{'holds' if holds else 'BROKEN':8}{question}")
    return holds


def main():
    answers = [ask("manifest: every file as it was put in", manifest_holds), ask("attachments: as in the package", attachments)]
    kinds = ((signed_range if "byte_range" in one else signed_file, one) for one in CONTENTS["signatures"])
    answers += [ask(f"bytes signed: {one['folder']}", check, one) for check, one in kinds]
    answers += [ask(f"bytes time-stamped: {one['folder']}", stamped, one) for one in CONTENTS["timestamps"] if "content" in one]
    answers.append(ask("receipt: speaks of this package", receipt_speaks_of_package))
    if CONTENTS["entered"]:
        answers.append(ask("ledger: the entry speaks of this receipt", entry_speaks_of_receipt))
        answers.append(ask("ledger: the checkpoint includes the entry", ledger_includes))
    if CONTENTS["continued"]:
        answers.append(ask("ledger: the later checkpoint continues it", ledger_continues))
    return 0 if all(answers) else 1


if __name__ == "__main__":
    os.makedirs(os.path.join(HERE, MADE_HERE), exist_ok=True)
    CONTENTS = json.loads(read("contents.json"))
    sys.exit(main())
