"""The answer in a reader's language: one tree of finished sentences, from which screen, HTML page and printed page are all made.

Nothing is decided here; every sentence is looked up or put together from what :mod:`console.verify.tree` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from console.locale import Text
from console.reports.canonical import Tree
from console.verify.chronicle import since, told_timeline
from console.verify.phrasing import Phrasing, printable

Told = dict[str, Any]
_SHORT = 16
"""Hexadecimal digits by which an artefact is named to people."""
_PASSED = "TOTAL-PASSED"
_CMS = frozenset({"cms-attached", "cms-detached"})


def tell(tree: Tree, text: Text) -> Told:
    """Everything there is to say, in ``text``'s language."""
    tree = _printable(tree)
    say = Phrasing(text, _names(tree))
    at = datetime.fromisoformat(tree["at"])
    totals = tree["totals"]
    words = {name: text.number(count) for name, count in totals.items()}
    files = [_file(one, tree, say) for one in tree["files"]]
    return {
        "lang": text.lang,
        "title": text("verify.title"),
        "subtitle": files[0]["name"] if len(files) == 1 else text("verify.subtitle.several", count=text.number(len(files))),
        "verdict": tree["verdict"],
        "word": text(f"verify.word.{tree['verdict']}"),
        "totals": text("verify.totals", **words) if len(files) > 1 else "",
        "facts": [
            [text("verify.fact.at"), f"{say.instant(at.isoformat())} ({text('verify.zone')})"],
            [text("verify.fact.policy"), say.policy(tree["policy"]["name"], tree["policy"]["title"])],
            [text("verify.fact.trust"), _trust(tree["trust"], text)],
        ],
        "alarm": text("verify.note.disagree") if _disagreements(tree) else "",
        "notes": _notes(tree, text),
        "reading": [text(f"verify.reading.{part}") for part in ("verdicts", "proven", "offline", "terms")],
        "labels": {name: text(f"verify.label.{name}") for name in _LABELS},
        "files": files,
    }


_LABELS = (
    *("wrong", "since", "do", "chain", "timeline", "bytes", "tokens", "opinions"),
    *("counters", "counters-note", "from", "verdict", "because", "found", "reading", "header", "of", "not-to-scale", "now"),
)


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    return [_printable(item) for item in value] if isinstance(value, list) else value


def _names(value: Any) -> Iterator[str]:
    """Every distinguished name of the certificates told of."""
    if isinstance(value, dict):
        if "sha256" in value and "issuer" in value:
            yield from (value["subject"], value["issuer"])
        for item in value.values():
            yield from _names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)


def _trust(trust: Tree, text: Text) -> str:
    if not trust["source"]:
        return text("verify.trust.none")
    counts = {
        "anchors": text.number(len({one["sha256"] for one in (*trust["anchors"], *trust["timestamp-anchors"])})),
        "certificates": text.number(trust["certificates"]),
        "lists": text.number(trust["crls"] + trust["ocsps"]),
    }
    return text("verify.trust.given", source=trust["source"], **counts)


def _notes(tree: Tree, text: Text) -> list[str]:
    """What the user should know about the call itself."""
    trust = tree["trust"]
    notes = []
    if not trust["source"]:
        notes.append(text("verify.note.no-trust"))
    elif not trust["anchors"]:
        notes.append(text("verify.note.no-anchors", source=trust["source"]))
        notes += [text("verify.note.root", name=one["name"], fingerprint=one["sha256"]) for one in trust["untrusted-roots"]]
    if "signer-belongs-to-sender" in tree["policy"]["external"] and not all(file["register"] for file in tree["files"]):
        notes.append(text("verify.note.register"))
    if tree["policy"]["signatures"] > 1 and any(document["kind"] in _CMS for file in tree["files"] for document in file["documents"]):
        notes.append(text("verify.note.letters-only"))
    return notes


def _disagreements(tree: Tree) -> int:
    """Other judges' answers that differ from ours for no known reason."""
    signatures = (one for file in tree["files"] for document in file["documents"] for one in document["signatures"])
    return sum(opinion["relation"] == "unknown" for one in signatures for opinion in one["opinions"])


def _file(one: Tree, tree: Tree, say: Phrasing) -> Told:
    text = say.text
    single = one["kind"] == "file"
    documents = [_document(document, tree, say, in_banner=single) for document in one["documents"]]
    violated = next((check for check in one["checks"] if check["status"] == "failed"), None)
    if violated is None and one["verdict"] == "undecided" and all(document["verdict"] == "passed" for document in documents):
        violated = next((check for check in one["checks"] if check["name"] == "foreign-letter"), None)
    problems = [say.check(check) for check in one["checks"] if check["status"] != "passed" and check is not violated]
    told: Told = {
        "name": one["file"],
        "kind": text.label("verify-kind", one["documents"][0]["kind"] if one["kind"] == "file" else one["kind"]),
        "size": text("verify.size", size=text.number(one["size"])),
        "sha256": one["sha256"],
        "verdict": one["verdict"],
        "word": text(f"verify.word.{one['verdict']}"),
        "header": _header(one["header"], one["register"], text),
        "problems": problems,
        "equal": text("verify.header.equal") if any(check["name"] == "header" for check in one["checks"]) else "",
        "documents": documents,
        "single": single,
    }
    decided = next((document for document in documents if document["verdict"] == one["verdict"]), None)
    if violated is not None:
        words = say.check(violated)
        terms = f"{violated['name']} · {violated['clause']}"
        told |= {"headline": words["title"], "wrong": words["detail"], "since": "", "do": words["do"], "terms": terms}
    elif decided is not None:
        told |= {key: decided[key] for key in _REASON}
    else:
        told |= dict.fromkeys(_REASON, "") | {"headline": text("verify.headline.nothing")}
    return told


_REASON = ("headline", "wrong", "since", "do", "terms")


def _header(header: Tree | None, register: str, text: Text) -> list[list[str]]:
    by = [[text("verify.header.register"), register]] if register else []
    if header is None:
        return by
    day = datetime.fromisoformat(header["date"])
    rows = [
        [text("verify.header.sender"), header["sender"]],
        [text("verify.header.code"), f"{header['number']}/{header['notation']}"],
        [text("verify.header.date"), text.day(day)],
        [text("verify.header.subject"), header["subject"]],
    ]
    if header["packet-signature"]:
        rows.append([text("verify.header.packet"), text("verify.header.packet.unread")])
    return rows + by


def _document(document: Tree, tree: Tree, say: Phrasing, *, in_banner: bool) -> Told:
    """One signed thing; ``in_banner`` says that its reason is told above, so that its signature need not tell it again."""
    text, reason = say.text, document["reason"]
    count = len(document["signatures"])
    signatures = [_signature(one, place, count, tree, say) for place, one in enumerate(document["signatures"], 1)]
    for signature in signatures:
        signature["told-above"] = in_banner and (reason is None or reason["signature"] == signature["field"])
    problems = [say.check(check) for check in document["checks"] if check["status"] != "passed" and not _told_elsewhere(check, document)]
    return {
        "name": document["name"],
        "kind": text.label("verify-kind", document["kind"]),
        "size": text("verify.size", size=text.number(document["size"])),
        "sha256": document["sha256"],
        "content": text("verify.content", name=document["content"]) if document["content"] else "",
        "verdict": document["verdict"],
        "word": text(f"verify.word.{document['verdict']}"),
        **_reason(document, signatures, say),
        "problems": problems,
        "signatures": signatures,
        "coverage": _coverage(document, say),
    }


def _told_elsewhere(check: Tree, document: Tree) -> bool:
    """Whether a check of the document is told with its signatures, or is the headline itself."""
    reason = document["reason"]
    headline = reason is not None and (reason["kind"], reason["code"], reason["detail"]) == ("check", check["name"], check["detail"])
    return check["name"] == "each-signature" or headline


def _reason(document: Tree, signatures: list[Told], say: Phrasing) -> Told:
    """The headline: the plain words first, what is wrong, since when, what to do, and the standard's terms."""
    text, reason = say.text, document["reason"]
    if reason is None:
        terms = _PASSED
        names = text("verify.and").join(dict.fromkeys(one["signer"] for one in signatures))
        sinces = [one["since"] for one in signatures]
        return {"headline": text("verify.headline.passed", names=names), "wrong": "", "since": sinces[-1], "do": "", "terms": terms}
    told = next((one for one in signatures if one["field"] == reason["signature"]), None)
    if reason["kind"] == "extra":
        return {"headline": text("verify.headline.extra"), "wrong": "", "since": "", "do": text("verify.do.extra"), "terms": ""}
    if reason["kind"] == "check":
        words = say.check({"name": reason["code"], "status": "failed", "clause": "", "detail": reason["detail"]})
        do = words["do"]
        clause = next(check["clause"] for check in document["checks"] if check["name"] == reason["code"])
        terms = f"{reason['code']} · {clause}"
        open_ones = any(one["verdict"] == "undecided" for one in signatures)
        wrong = f"{words['detail']}. {text('verify.whole')}" if open_ones and words["detail"] else words["detail"]
        return {"headline": words["title"], "wrong": wrong, "since": "", "do": do, "terms": terms}
    meaning = told["meaning"] if told is not None else text.explanation("sub-indication", reason["code"])
    terms = told["terms"] if told is not None else f"TOTAL-FAILED / {reason['code']}"
    missing = told["missing"] if told is not None else ""
    return {
        "headline": meaning["title"],
        "wrong": " ".join(filter(None, (meaning["wrong"], say.found(reason["detail"])))),
        "since": "" if told is None else told["since"],
        "do": " ".join(filter(None, (missing, meaning["do"]))),
        "terms": terms,
    }


def _signature(one: Tree, place: int, count: int, tree: Tree, say: Phrasing) -> Told:
    text = say.text
    signer, checks, missing = one["signer"], one["checks"], _missing(one, tree, say)
    early = _too_early(one, tree["at"], say)
    missing = "" if early else missing
    meaning = early or text.explanation("sub-indication", one["sub-indication"] or "")
    if missing and _lacks_trust(one, tree):
        meaning = {**meaning, "do": text("verify.missing.otherwise")}
    return {
        "field": one["name"],
        "title": text("verify.signature", place=place, count=count, name=text.label("verify-field", one["name"])),
        "verdict": one["verdict"],
        "word": text(f"verify.word.{one['verdict']}"),
        "terms": " / ".join(filter(None, (one["indication"], one["sub-indication"]))),
        "meaning": meaning,
        "headline": meaning.get("title", ""),
        "signer": signer["name"] if signer is not None else text("verify.signer.unknown"),
        "facts": _facts(one, say),
        "since": "" if missing == text("verify.missing.trust") else since(one, tree["at"], say),
        "missing": missing,
        "chain": [_link(link, say) for link in reversed(one["chain"])],
        "problems": [say.check(check) for check in checks if check["status"] != "passed"],
        "passed": _passed(checks, say),
        "passed-count": text("verify.passed-count", count=text.number(len(_passed(checks, say)))),
        "tokens": [_token(token, say) for token in one["tokens"]],
        "timeline": told_timeline(one["timeline"], tree["at"], say),
        "opinions": [_opinion(opinion, say) for opinion in one["opinions"]],
        "counters": _counters(one, tree, say),
    }


def _counters(one: Tree, tree: Tree, say: Phrasing) -> list[Told]:
    """The counter-signatures over a signature, told as signatures are."""
    told, text = [], say.text
    for place, counter in enumerate(one["counter-signatures"], 1):
        words = _signature(counter, place, len(one["counter-signatures"]), tree, say)
        words |= {"title": text("verify.counter", place=place, count=len(one["counter-signatures"])), "told-above": False, "since": ""}
        if counter["sub-indication"] == "HASH_FAILURE":
            words["headline"] = text("verify.counter.moved")
            words["problems"] = [{**problem, "title": problem["detail"], "detail": "", "do": ""} for problem in words["problems"]]
        elif counter["sub-indication"] == "FORMAT_FAILURE":
            words["headline"] = ""  # which speaks of the file
            words["problems"] = [{**problem, "do": ""} for problem in words["problems"]]
        told.append(words)
    return told


def _too_early(one: Tree, at: str, say: Phrasing) -> Mapping[str, str]:
    """What it means that the control time lies before the certificate began or the signature was made; empty where it does not."""
    text, chain = say.text, one["chain"]
    failed = next((check["name"] for check in one["checks"] if check["status"] == "failed"), "")
    if one["sub-indication"] not in _UNKNOWN_YET and failed != "claimed-time-before-proof":
        return {}
    begun = chain[0]["certificate"]["from"] if chain else None
    made = [moment for moment in (one["claimed-at"], *(token["generated-at"] for token in one["tokens"])) if moment]
    own = min(made, key=datetime.fromisoformat, default=None)
    if begun and datetime.fromisoformat(at) < datetime.fromisoformat(begun):
        title, moment = text("verify.early.title"), say.instant(begun)
    elif own and datetime.fromisoformat(at) < datetime.fromisoformat(own):
        moment = say.instant(own)
        title = text("verify.early.made", moment=moment)
    else:
        return {}
    return {"title": title, "wrong": text("verify.early.wrong"), "do": text("verify.early.do", moment=moment)}


_UNKNOWN_YET = frozenset({"OUT_OF_BOUNDS_NO_POE", "TRY_LATER"})
"""What a control time before the signature comes to: no certificate in force yet, no list of that day."""


def _facts(one: Tree, say: Phrasing) -> list[list[str]]:
    text, signer = say.text, one["signer"]
    if not one["algorithm"]:
        return []
    rows = []
    if signer is not None:
        rows.append([text("verify.fact.signer"), " · ".join(dict.fromkeys((signer["name"], *reversed(signer["organisations"]))))])
        rows.append([text("verify.fact.serial"), f"{signer['serial']} · {text('verify.fact.issuer', name=say.phrase(signer['issuer']))}"])
    claimed = say.instant(one["claimed-at"]) if one["claimed-at"] else text("verify.claimed.none")
    rows.append([text("verify.fact.claimed"), f"{claimed} ({text('verify.claimed.note')})" if one["claimed-at"] else claimed])
    rows.append([text("verify.fact.proven"), f"{say.instant(one['proven-at'])} ({text.label('verify-proof', one['proven-by'])})"])
    rows.append([text("verify.fact.level"), f"{one['level']} · {one['algorithm']} · {_level(one, say)}"])
    return rows


def _level(one: Tree, say: Phrasing) -> str:
    """What the level says is inside, and why it proves nothing where none of it counts."""
    inside, idle = say.text.label("verify-level", one["level"]), one["tokens"]
    if one["proven-by"] != "control-time" or not idle or any(token["indication"] == _PASSED for token in idle):
        return inside
    why = next((check["detail"] for token in idle for check in token["checks"] if check["status"] == "failed" and check["detail"]), "")
    return say.text("verify.level.idle", level=inside, why=say.phrase(why)) if why else inside


def _missing(one: Tree, tree: Tree, say: Phrasing) -> str:
    """The single artefact that would turn the verdict, or the option to give."""
    if _lacks_trust(one, tree):
        root = _untrusted_root(one, tree) if tree["trust"]["source"] else None
        return (
            say.text("verify.missing.trust")
            if root is None
            else say.text("verify.missing.root", name=root["name"], fingerprint=root["sha256"])
        )
    return say.text("verify.missing", what=say.phrase(one["missing"])) if one["missing"] else ""


def _lacks_trust(one: Tree, tree: Tree) -> bool:
    """Whether no chain is found because of what was not said: which roots are trusted."""
    found_none = one["sub-indication"] == "NO_CERTIFICATE_CHAIN_FOUND"
    return found_none and (not tree["trust"]["source"] or _untrusted_root(one, tree) is not None)


def _untrusted_root(one: Tree, tree: Tree) -> Tree | None:
    """The root at hand in which only trust is missing."""
    roots: list[Tree] = tree["trust"]["untrusted-roots"]
    return next((root for root in roots if one["missing"].startswith(f"the certificate of {root['subject']}, ")), None)


def _passed(checks: list[Tree], say: Phrasing) -> list[Told]:
    found: dict[str, Told] = {}
    for check in checks:
        if check["status"] == "passed":
            words = say.text.explanation("check", check["name"])
            found.setdefault(check["name"], {"name": check["name"], "title": words.get("asks", check["name"]), "clause": check["clause"]})
    return list(found.values())


def _link(link: Tree, say: Phrasing) -> Told:
    """One certificate of the chain; anchors first."""
    text, certificate, status = say.text, link["certificate"], link["revocation"]
    period = ""
    if certificate["from"]:
        period = text("verify.period", since=say.day(certificate["from"]), until=say.day(certificate["until"]))
    if link["role"] == "anchor":
        state, sentence = "anchor", text("verify.chain.anchor")
    elif status is None:
        state, sentence = "unknown", text("verify.chain.unchecked")
    else:
        state, sentence = _standing(status, say)
    return {
        "name": certificate["name"] or certificate["sha256"][:_SHORT],
        "role": text.label("verify-role", link["role"]),
        "serial": certificate["serial"],
        "period": period,
        "state": state,
        "sentence": sentence,
    }


def _standing(status: Tree, say: Phrasing) -> tuple[str, str]:
    text = say.text
    artefact = ""
    if status["artefact"] is not None:
        source = text.label("verify-source", status["source"])
        issued = say.instant(status["issued-at"]) if status["issued-at"] else "–"
        artefact = text("verify.chain.artefact", source=source, id=status["artefact"][:_SHORT], issued=issued)
        if status["until"]:
            artefact += text("verify.chain.until", until=say.instant(status["until"]))
    if status["standing"] == "revoked":
        reason = text.label("verify-revoked", status["reason"] or "unspecified")
        moment = say.instant(status["revoked-at"]) if status["revoked-at"] else "–"
        return "bad", " ".join((text("verify.chain.revoked", moment=moment, reason=reason), artefact))
    if status["standing"] == "on-hold":
        moment = say.instant(status["revoked-at"]) if status["revoked-at"] else "–"
        return "bad", " ".join((text("verify.chain.hold", moment=moment), artefact))
    if status["standing"] == "good":
        return (
            ("good", f"{text('verify.chain.good')} {artefact}") if status["fresh"] else ("unknown", text("verify.chain.stale") + artefact)
        )
    detail = say.phrase(status["detail"])
    return "unknown", text("verify.chain.unknown", detail=detail) if detail else text("verify.chain.unknown.bare")


def _token(token: Tree, say: Phrasing) -> Told:
    text = say.text
    holds = token["indication"] == _PASSED
    code = token["sub-indication"]
    unit = token["chain"][0]["certificate"]["name"] if token["chain"] else text("verify.signer.unknown")
    words = text("verify.token.holds") if holds else text.explanation("sub-indication", code)["title"]
    return {
        "title": text("verify.token", moment=say.instant(token["generated-at"]), unit=unit),
        "verdict": "passed" if holds else "failed" if token["indication"] == "TOTAL-FAILED" else "undecided",
        "sentence": words,
        "terms": " / ".join(filter(None, (token["indication"], code))),
        "problems": [say.check(check) for check in token["checks"] if check["status"] != "passed"],
        "chain": [_link(link, say) for link in reversed(token["chain"])],
    }


def _coverage(document: Tree, say: Phrasing) -> Told:
    text, size = say.text, max(document["size"], 1)
    spans = document["coverage"]
    bare = sum(span["end"] - span["start"] for span in spans if span["kind"] == "nothing")
    return {
        "sentence": _accounted(document, bare, size, text),
        "whole": not bare,
        "spans": [
            {
                "kind": span["kind"],
                "range": f"{text.number(span['start'])} – {text.number(span['end'] - 1)}",
                "count": text.number(span["end"] - span["start"]),
                "share": (span["end"] - span["start"]) / size,
                "label": say.phrase(span["label"]),
            }
            for span in spans
        ],
        "kinds": {kind: text(f"verify.bytes.{kind}") for kind in ("covered", "signature", "structure", "nothing")},
    }


def _accounted(document: Tree, bare: int, size: int, text: Text) -> str:
    """What the strip below shows; a detached signature's file is not what was signed."""
    if bare:
        return text("verify.bytes.bare", count=text.number(bare), size=text.number(size))
    if document["kind"] != "cms-detached":
        return text("verify.bytes.all", size=text.number(size))
    said = text("verify.bytes.cms", size=text.number(size))
    digests = [check["status"] for one in document["signatures"] for check in one["checks"] if check["name"] == "message-digest"]
    whole = document["content"] and digests and set(digests) == {"passed"}
    return f"{said} {text('verify.bytes.content', name=document['content'])}" if whole else said


def _opinion(opinion: Tree, say: Phrasing) -> Told:
    text = say.text
    known = opinion["known"]
    explained = text.explanation("difference", known).get("text", "") if known else ""
    return {
        "judge": opinion["judge"],
        "question": text.label("verify-question", opinion["question"]),
        "answer": text.label("verify-answer", opinion["answer"]),
        "relation": opinion["relation"],
        "sentence": text(f"verify.relation.{opinion['relation']}"),
        "explained": explained,
        "said": opinion["said"],
    }
