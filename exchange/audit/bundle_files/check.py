"""Checks this folder by hashes alone: the manifest, what each signature covers, the receipt, the place in the ledger.

    python3 -I -S check.py                     (Python 3.8 or newer, nothing else; prints a line for each question)
    python3 -I -S check.py known SHA256...     (whether roots and the axis' certificate are those you know of from elsewhere)
    python3 -I -S check.py held FILE           (whether a witness' checkpoint file is one of this folder's)

Ends with 0 when all hold. UNPROVEN is what nobody says but this folder: the ledger's checkpoint does not speak of it.
It checks no signature: the README says how OpenSSL does that.
"""

import base64
import datetime
import hashlib
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
KEPT = "kept/letter.pdf"
BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")
MADE_HERE = "work"  # the README's commands write into this folder


def read(name):
    with open(os.path.join(HERE, *name.split("/")), "rb") as file:
        return file.read()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def certificates(name):
    """SHA-256 of each certificate of a PEM file."""
    found = re.findall(rb"-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----", read(name))
    return {sha256(base64.b64decode(one)) for one in found}


def roots_are_alike():
    """OpenSSL is told to trust what stands in trust/at-*.pem: these must be the roots of certificates/anchors.pem and no others."""
    names = [name for name in os.listdir(os.path.join(HERE, "trust")) if re.fullmatch(r"at-\d+\.pem", name)]
    return bool(names) and all(certificates("trust/" + name) == certificates("certificates/anchors.pem") for name in names)


def manifest_holds():
    """Every file is there, is the one that was put in, and there is no other."""
    listed = json.loads(read("manifest.json"))["files"]
    paths = (os.path.join(folder, name) for folder, _, names in os.walk(HERE) for name in names)
    there = {os.path.relpath(path, HERE).replace(os.sep, "/") for path in paths} - {"manifest.json"}
    others = {name for name in there if not name.startswith(MADE_HERE + "/")} ^ set(listed)
    for name in sorted(others):
        print(f"        {name!a}: {'missing' if name in listed else 'not of this folder'}")
    return not others and all((len(read(name)), sha256(read(name))) == (one["size"], one["sha256"]) for name, one in listed.items())


def attachments():
    """Base64 of the package: each attachment of the folder must be in it, byte for byte."""
    package = re.sub(rb"\s", b"", read("package.edxml"))
    return all(base64.b64encode(read(one["file"])) in package for one in CONTENTS["attachments"])


def signed_range(one):
    """A PDF's signature stands in a gap of its own /ByteRange; the bytes around the gap are what was signed (ISO 32000-1 §12.8.1)."""
    pdf = read(one["attachment"])
    start, opening, closing, rest = one["byte_range"]
    written = BYTE_RANGE.findall(pdf)
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


def kept_is_so():
    """The copy is the letter with time-stamps behind it, 64 at most, each of which names the SHA-256 of all before it."""
    kept, letters = read(KEPT), [read(one["attachment"]) for one in CONTENTS["signatures"] if "byte_range" in one]
    own, ends = max(len(one) for one in letters if kept.startswith(one)), []
    for start, opening, closing, rest in (map(int, each) for each in BYTE_RANGE.findall(kept, own)[:65]):
        digest = hashlib.sha256(kept[:opening] + kept[closing : closing + rest]).digest()
        token = bytes.fromhex(kept[opening + 1 : closing - 1].decode("ascii"))
        ends.append(closing + rest if start == 0 < opening < closing and digest in token else 0)
    if ends and ends[-1] != len(kept):
        print(f"UNPROVEN  {KEPT}: what stands at its end")
    return 0 < len(ends) <= 64 and all(ends)


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


def included(leaf, index, proof, name):
    """Whether a leaf is in the ledger of a checkpoint, the later one only where it continues the first."""
    if name not in ["checkpoint"] + ["later"] * bool(CONTENTS["continued"]):
        return False
    checkpoint = json.loads(read(f"ledger/{name}.json"))
    size, proof, data = int(checkpoint["size"]), [bytes.fromhex(one) for one in proof], b"\0" + leaf
    found = 0 <= index < size and climbed(hashlib.sha256(data).digest(), index, size, proof)
    return found == bytes.fromhex(checkpoint["root"]) and not proof


def ledger_includes():
    said = json.loads(read("ledger/inclusion.json"))
    return included(read("ledger/leaf.json"), said["index"], said["proof"], "checkpoint")


FACTS, ROWS = [], set()


def without_rows(kind, values):
    """An older entry names rows of its database: left out, but for a step's (places 2 and 4), which nobody can compare."""
    return values[1:9] + values[10:] if kind == "refusal" else values[{"admission": 1, "verdict": 2, "event": 2}.get(kind, 0) :]


def facts():
    """What else the ledger speaks of, by its place: kind, package and values; raises ValueError where it does not include one."""
    if not FACTS:
        FACTS.append(None)  # found wanting, unless the end is reached
        found = {}
        for one in json.loads(read("ledger/facts.json")) if CONTENTS["entered"] else ():
            leaf, payload = json.loads(one["leaf"]), one["payload"].encode()
            named = (leaf["kind"], leaf["payload_sha256"]) == (one["kind"], sha256(payload))
            if not named or not included(one["leaf"].encode(), one["index"], one["proof"], one["checkpoint"]):
                raise ValueError(one["index"])
            values = json.loads(payload)
            found[one["index"]] = one["kind"], leaf["package_id"], without_rows(one["kind"], values) if "fact" in leaf else values
            ROWS.update({one["index"]} if "fact" in leaf else ())
        FACTS[0] = found
    if FACTS[0] is None:
        raise ValueError("ledger/facts.json")
    return FACTS[0]


def seconds(text):
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return round(moment.timestamp())


def own():
    return json.loads(read("receipt/statement.json"))["package_id"]


def way_is_so(one):
    """Every step on the way to a recipient is the fact at its place in the ledger, in its order, and leaves behind what is told."""
    ends, known, proven, steps = [one["organ"], ">".join(one["route"])], facts(), [], one["steps"]
    carrier = steps[0]["cause"]
    if steps[0]["state"] != "received" or own() not in (one["founder"], carrier):
        return False
    for step in steps:
        told = [seconds(step["at"]), step["state"], step["cause"], step["reason"], one["founder"], one["recipient"]]
        told += [] if step["state"] == "received" else ends
        if step["entry"] is None:
            print(f"UNPROVEN  the way to {one['recipient']}: {step['state']}")
            continue
        values = known[step["entry"]][2]
        if step["entry"] in ROWS:
            print(f"UNPROVEN  the way to {one['recipient']}: {step['state']} (by whom)")
            values = [*values[:2], told[2], values[3], told[4], *values[5:]]
        if known[step["entry"]][:2] != ("event", carrier) or values != told:
            return False
        proven.append((step["entry"], told[0]))
    if len(proven) < 2 and ends != [one["recipient"], ""]:
        print(f"UNPROVEN  the way to {one['recipient']}: {' '.join(ends)}")
    return in_order(steps, proven) and fetched_as_told(one, carrier)


def in_order(steps, proven):
    """Later instants stand later in the ledger, each step once; within one second it has an order of its own."""
    entered = [at for _, at in sorted(proven)]
    last = all(step["entry"] is None for step in steps[len(proven) :])
    return last and len({entry for entry, _ in proven}) == len(proven) and entered == sorted(entered)


def fetched_as_told(one, carrier):
    """When it came, and what the recipient's software said, are what the steps say."""
    came = [number for number, step in enumerate(one["steps"]) if step["state"] == "waiting"][:1]
    later = one["steps"][came[0] :] if came else []
    made = [step for step in later if step["state"] in ("fetched", "failed", "expired") and step["cause"] == carrier]
    told = [one["transport"], one["transport_at"] and seconds(one["transport_at"])]
    if not made and told != ["", None]:
        print(f"UNPROVEN  the way to {one['recipient']}: {one['transport']}")
    so = not made or told == [made[0]["state"], seconds(made[0]["at"])]
    return so and (one["available_at"] and seconds(one["available_at"])) == (seconds(later[0]["at"]) if later else None)


def steps_are_told():
    """No step that the ledger speaks of is left out."""
    told = {step["entry"] for one in json.loads(read("hops.json"))["deliveries"] for step in one["steps"]}
    return all(index in told for index, (kind, _, _) in facts().items() if kind == "event")


def other_is_so(one):
    """A package that moved the document is the one the ledger speaks of, under the axis' very words."""
    words = [read(f"{one['folder']}/{name}") for name in ("statement.json", "signature.p7s")]
    if one["entry"] is None:
        print(f"UNPROVEN  {one['folder']}")
        return True
    kind, package, values = facts()[one["entry"]]
    named = [values[place] for place in (0, 1, 3, 5)] == [one["package_id"], one["sender"], one["kind"], seconds(one["admitted_at"])]
    if kind == "refusal":
        return named and package == own() and values[11:13] == [word.hex() for word in words]
    return named and values[2] == sha256(read(f"{one['folder']}/package.edxml")) and values[8:10] == [sha256(word) for word in words]


def code(organ):
    """An organisation's code as the axis writes it: H28.32 for 000.00.32.H28."""
    groups = organ.decode().split(".")
    groups = groups if groups[0][:1].isalpha() else groups[::-1]
    while not groups[-1].strip("0"):
        groups.pop()
    return ".".join(groups)


def recipients_are_here():
    """Everybody the package names as a recipient of a new document has one way; what is signed and attached is listed."""
    package, told = read("package.edxml"), json.loads(read("hops.json"))["deliveries"]
    heads = [piece[:4096] for piece in re.split(rb"<(?:\w+:)?To>", package)[1:]]
    named = [re.search(rb"<(?:\w+:)?OrganId>\s*([^<\s]+)", head).group(1) for head in heads]
    ways = [(one["founder"], one["recipient"]) for one in told]
    operation = re.search(rb"<(?:\w+:)?BussinessDocType>\s*(\d)", package)
    new = json.loads(read("receipt/statement.json"))["kind"] == "edoc" and (not operation or operation.group(1) in b"03")
    listed = len(CONTENTS["attachments"]) == len(re.findall(rb"<(?:\w+:)?Attachment>", package))
    return len(ways) == len(set(ways)) and (not new or (listed and set(map(code, named)) <= {recipient for _, recipient in ways}))


def causes_are_here():
    """Whatever moved the document stands in the folder."""
    told = json.loads(read("hops.json"))
    causes = {step["cause"] for one in told["deliveries"] for step in one["steps"]} - {own()}
    others = {one["package_id"] for one in told["others"]}
    if told["omitted"]:
        print(f"UNPROVEN  {told['omitted']} packages are not in the folder")
        return True
    notices = [one for one in told["others"] if one["kind"] == "refusal"]
    refused = {json.loads(read(f"{one['folder']}/statement.json"))["recipient"] for one in notices}
    signed = {one["recipient"] for one in told["deliveries"] if ended_by_the_axis(one)} <= refused
    return signed and causes <= others and others - {one["package_id"] for one in notices} <= causes


def ended_by_the_axis(one):
    """Whether it was refused before it came, or expired: the axis signs why."""
    states = [step["state"] for step in one["steps"]]
    return one["steps"][0]["cause"] == own() and ("expired" in states or ("failed" in states and "waiting" not in states))


def verdict_is_so():
    """What the axis wrote down is the fact at its place in the ledger."""
    told = json.loads(read("verdicts/recorded.json"))
    if not told["judged"] or told["entry"] is None:
        print("UNPROVEN  the axis' verdict")
        return True
    said, (kind, package, values) = told["said"], facts()[told["entry"]]
    names = [seconds(told["at"]), int(said["accepted"]), said["rule"], said["sub_indication"], said["detail"]]
    return (kind, package, values[:5]) == ("verdict", own(), names)


def terms_are_so():
    """The register and the axis' certificate are those of the terms, and the ledger has these terms before the verdict."""
    terms, register, entry = read("trust/terms.json"), read("trust/register.json"), json.loads(read("verdicts/recorded.json")).get("entry")
    said, axis = json.loads(terms), certificates("certificates/axis.pem")
    before = [fact for index, fact in facts().items() if entry is None or index < entry]
    entered = {(kind, digest) for kind, _, values in before for digest in values if isinstance(digest, str)}
    known = {("trust", sha256(terms)), ("evidence", sha256(register))} <= entered
    if not known and entry is None:
        print("UNPROVEN  the terms judged by")
    return said["register"] == sha256(register) and {said["axis"]} == axis and (known or entry is None)


def ledger_continues():
    first, later = json.loads(read("ledger/checkpoint.json")), json.loads(read("ledger/later.json"))
    proof = [bytes.fromhex(one) for one in json.loads(read("ledger/consistency.json"))["proof"]]
    roots = bytes.fromhex(first["root"]), bytes.fromhex(later["root"])
    size, whole = int(first["size"]), int(later["size"])
    return 0 < size <= whole and both_roots(size, whole, proof, roots[0]) == roots and not proof


UNREADABLE = (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError)


def ask(question, answer, *arguments):
    try:
        holds = answer(*arguments)
    except UNREADABLE:
        holds = False
    print(f"{'holds' if holds else 'BROKEN':8}{ascii(question)[1:-1]}")
    return holds


def known(digests):
    """Whether every root, and the axis' certificate, is among those named."""
    answers = []
    for name, what in (("certificates/anchors.pem", "root"), ("certificates/axis.pem", "axis")):
        for one in sorted(certificates(name)) if os.path.exists(os.path.join(HERE, *name.split("/"))) else ():
            answers.append(one in digests)
            word, among = ("holds", "among") if one in digests else ("BROKEN", "NOT among")
            print(f"{word:8}{what} {one}: {among} the {len(digests)} you named")
    return 0 if answers and all(answers) else 1


def held(path):
    """Whether the checkpoint somebody kept is one of the folder's, word for word; of another length it proves nothing here."""
    with open(path, "rb") as file:
        kept = json.loads(file.read())["checkpoint"].encode()
    names = [name for name in ("checkpoint", "later") if os.path.exists(os.path.join(HERE, "ledger", name + ".json"))]
    alike = [name for name in names if read(f"ledger/{name}.json") == kept]
    said = {json.loads(read(f"ledger/{name}.json"))["size"] for name in names}
    size = json.loads(kept)["size"]
    if not alike and size not in said:
        print(f"UNPROVEN  it is of the first {size!a} entries, the folder's of {' and '.join(sorted(map(ascii, said))) or 'none'}")
        return 1
    print(f"holds   it is ledger/{alike[0]}.json" if alike else f"BROKEN  of the same {size!a} entries, and not the same")
    return 0 if alike else 1


def main():
    hops = json.loads(read("hops.json"))
    answers = [ask("manifest: every file as it was put in", manifest_holds), ask("attachments: as in the package", attachments)]
    answers.append(ask("roots: one and the same wherever OpenSSL is told to trust them", roots_are_alike))
    kinds = ((signed_range if "byte_range" in one else signed_file, one) for one in CONTENTS["signatures"])
    answers += [ask(f"bytes signed: {one['folder']}", check, one) for check, one in kinds]
    answers += [ask(f"bytes time-stamped: {one['folder']}", stamped, one) for one in CONTENTS["timestamps"] if "content" in one]
    if os.path.exists(os.path.join(HERE, *KEPT.split("/"))):
        answers.append(ask("kept: begins with the letter, and its time-stamps are of all before them", kept_is_so))
    answers.append(ask("receipt: speaks of this package", receipt_speaks_of_package))
    if CONTENTS["entered"]:
        answers.append(ask("ledger: the entry speaks of this receipt", entry_speaks_of_receipt))
        answers.append(ask("ledger: the checkpoint includes the entry", ledger_includes))
    if CONTENTS["continued"]:
        answers.append(ask("ledger: the later checkpoint continues it", ledger_continues))
    answers += [ask(f"way: to {one['recipient']}", way_is_so, one) for one in hops["deliveries"]]
    answers.append(ask("way: no step left out that the ledger speaks of", steps_are_told))
    answers.append(ask("way: to everybody it is for", recipients_are_here))
    answers += [ask(f"moved by: {one['folder']}", other_is_so, one) for one in hops["others"]]
    answers.append(ask("moved by: what is here, and nothing else", causes_are_here))
    answers.append(ask("verdict: as the axis wrote it down", verdict_is_so))
    answers.append(ask("terms: the register and the axis are those it judged by", terms_are_so))
    return 0 if all(answers) else 1


def begin(arguments):
    if arguments[:1] == ["known"]:
        return known({one.replace(":", "").strip(",").lower() for one in arguments[1:]})
    if arguments[:1] == ["held"] and len(arguments) == 2:
        return held(arguments[1])
    return main() if not arguments else f"check.py takes nothing, or: known SHA256..., or: held FILE; not {' '.join(arguments)!a}"


if __name__ == "__main__":
    os.makedirs(os.path.join(HERE, MADE_HERE), exist_ok=True)
    try:
        CONTENTS = json.loads(read("contents.json"))
        sys.exit(begin(sys.argv[1:]))
    except UNREADABLE as error:
        sys.exit(f"BROKEN  a file cannot be read: {error!a}")
