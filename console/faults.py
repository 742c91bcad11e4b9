"""The catalogue of faults on the terminal and in files: listed by group, one explained, one written out with all that judges it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import typer

from console.locale import LANGUAGES, Text, catalogue
from console.outcome import DONE, UNREACHED, USAGE
from exchange.domain.calendar import VN
from exchange.faults import PackageFault, package_fault_words, package_faults
from exchange.trust import write_register
from exchange.verification import ACCEPTED
from scenarios.world.incidents import plannable
from signing import (
    FAULT_SEED,
    Evidence,
    Fault,
    FaultForm,
    FaultGroup,
    FaultWords,
    Indication,
    SubIndication,
    every_fault,
    fault_words,
    vectors_of,
)

_FOLDERS = ("anchors", "timestamp-anchors", "authorities", "crls", "ocsp")
_REGISTER = "register.json"
_SUFFIXES = {"crls": "crl", "ocsp": "ors"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One fault of either half of the catalogue, as it is printed."""

    name: str
    group: FaultGroup
    form: FaultForm
    finders: tuple[str, ...]
    verdict: str
    clause: str
    fault: Fault | PackageFault

    @property
    def afterwards(self) -> str:
        """What the command printed with the files answers where it cannot answer as expected; empty where it does."""
        answer = self.fault.afterwards if isinstance(self.fault, Fault) else None
        return "" if answer is None else f"{Indication.INDETERMINATE} / {answer}"

    def words(self, lang: str) -> FaultWords:
        """What people are told."""
        return fault_words(self.name, lang) if isinstance(self.fault, Fault) else package_fault_words(self.name, lang)


def entries() -> tuple[Entry, ...]:
    """Both halves of the catalogue, by group."""
    signed = tuple(Entry(one.name, one.group, one.form, one.finders, _verdict(one), _clause(one), one) for one in every_fault())
    packages = tuple(
        Entry(one.name, FaultGroup.PACKAGE, FaultForm.PACKAGE, one.finders, _ruled(one), one.clause, one) for one in package_faults()
    )
    return signed + packages


def _ruled(fault: PackageFault) -> str:
    """The rule that names it, and that it refuses nothing where it is a finding only."""
    return f"{ACCEPTED} / {fault.rule}" if fault.accepted else fault.rule


def _verdict(fault: Fault) -> str:
    """Indication and sub-indication, what of the whole document fails, and the remark where the signatures alone do not say it."""
    expected = fault.expected
    found = [str(expected.indication), *([str(expected.sub_indication)] if expected.sub_indication else [])]
    found += () if expected.refused else expected.document  # what cannot be read lacks nothing
    found += [expected.check] if expected.check and not expected.sub_indication else []
    return " / ".join(dict.fromkeys(found))


def _clause(fault: Fault) -> str:
    return fault.expected.clause or ("EN 319 102-1 §5.2.2" if fault.expected.refused else "")


def show(name: str | None, out: Path | None, text: Text) -> int:
    """List the catalogue, or explain one fault; with ``out`` write its files there (all faults', where none is named)."""
    every = entries()
    chosen = every if name is None else tuple(one for one in every if one.name == name)
    if not chosen:
        near = get_close_matches(str(name), [one.name for one in every], 1)
        guess = text("error.scenario.guess", name=near[0]) if near else ""
        typer.echo(text("error.fault", name=name or "''", guess=guess), err=True)
        return USAGE
    typer.echo("\n".join(_listing(every, text) if name is None else _explained(chosen[0], text)))
    return DONE if out is None else _write_all(chosen, out, text)


def _listing(every: Sequence[Entry], text: Text) -> Iterator[str]:
    for group in FaultGroup:
        inside = [one for one in every if one.group is group]
        yield text("faults.group", group=text.label("fault-group", group), count=text.number(len(inside)))
        yield from (f"  {one.name:<32} {one.words(text.lang).title}" for one in inside)
        yield ""
    yield text("faults.hint", count=text.number(len(every)))


def facts(entry: Entry, text: Text) -> Iterator[tuple[str, str]]:
    """What is told about a fault, label and sentence, in order; what there is not is left out."""
    words = entry.words(text.lang)
    yield text("faults.what"), words.what
    yield text("faults.how"), words.how
    yield text("faults.remedy"), words.remedy
    yield text("faults.verdict"), entry.verdict
    if entry.afterwards:
        yield text("faults.afterwards"), f"{entry.afterwards}. {words.afterwards}"
    if entry.clause:
        yield text("faults.clause"), entry.clause
    yield text("faults.found"), ", ".join(text.label("finder", finder) for finder in entry.finders)
    yield text("faults.form"), text.label("fault-form", entry.form)
    if isinstance(entry.fault, Fault):
        said = [*_said("OpenSSL", entry.fault.peers.openssl, text), *_said("pyHanko", entry.fault.peers.pyhanko, text)]
        if said:
            yield text("faults.peers"), "; ".join(said)
    if words.difference:
        yield text("faults.difference"), words.difference
    if entry.name in plannable():
        yield text("faults.planned"), f'`[[incident]]`, `fault = "{entry.name}"`'


def _said(peer: str, accepts: tuple[bool, ...] | None, text: Text) -> Iterator[str]:
    if accepts:
        yield f"{peer}: {_answers(accepts, text)}"


def _answers(accepts: tuple[bool, ...], text: Text) -> str:
    """One answer, one for all signatures, or one for each in the order they stand in the file."""
    words = [text("faults.accepts") if one else text("faults.refuses") for one in accepts]
    if len(words) == 1:
        return words[0]
    if len(set(words)) == 1:
        return text("faults.every-signature", answer=words[0], count=text.number(len(words)))
    return ", ".join(text("faults.signature", answer=word, number=number) for number, word in enumerate(words, 1))


def _explained(entry: Entry, text: Text) -> Iterator[str]:
    yield f"{entry.name}: {entry.words(text.lang).title}"
    yield from (f"  {label}: {sentence}" for label, sentence in facts(entry, text))


def _write_all(chosen: Sequence[Entry], out: Path, text: Text) -> int:
    try:
        for entry in chosen:
            folder = out / entry.name if len(chosen) > 1 else out
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                typer.echo(text("error.out", out=folder, reason=text("faults.exists")), err=True)
                return USAGE
            command = _write(entry, folder, text)
            typer.echo(text("faults.written", folder=folder, command=command), err=True)
    except OSError as error:
        typer.echo(text("error.out", out=error.filename or out, reason=text.reason(error)), err=True)
        return UNREACHED
    return DONE


def _write(entry: Entry, folder: Path, text: Text) -> str:
    """The files of one fault, what it stands on, and what it is; the command that judges it."""
    files, evidence, at, policy, register = _files(entry)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    _write_trust(folder / "trust", evidence)
    if policy is not None:
        (folder / "policy.toml").write_bytes(policy)
    subject = next(iter(files))
    command = ["truc", "verify", str(folder / subject), "--trust", str(folder / "trust"), "--at", at]
    if register is not None:
        (folder / _REGISTER).write_bytes(register)
        command += ["--register", str(folder / _REGISTER)]
    command += ["--policy", str(folder / "policy.toml")] if policy is not None else []
    told = {
        "name": entry.name,
        "group": entry.group,
        "control_time": at,
        "expected": entry.verdict,
        "answered_by_the_command": entry.afterwards or entry.verdict,
        "clause": entry.clause,
        "found_by": entry.finders,
        "files": list(files),
        "proofs_from_outside": _proofs(entry),
        "words": {lang: _told(entry, catalogue(lang)) for lang in LANGUAGES},
    }
    (folder / "fault.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return shlex.join(command)


def _proofs(entry: Entry) -> list[dict[str, str]]:
    """Receipts a case stands on, which no folder of trust holds."""
    existence = entry.fault.build(FAULT_SEED).existence if isinstance(entry.fault, Fault) else ()
    return [{"sha256": one.object_sha256.hex(), "at": one.at.isoformat(), "source": one.source} for one in existence]


def _told(entry: Entry, text: Text) -> dict[str, str]:
    return {"title": entry.words(text.lang).title, **dict(facts(entry, text))}


def _files(entry: Entry) -> tuple[dict[str, bytes], Evidence, str, bytes | None, bytes | None]:
    """Files by name, the one to judge first; evidence; control time; policy file where it is not the field's; a package's register."""
    fault = entry.fault
    if isinstance(fault, PackageFault):
        package = fault.build(FAULT_SEED)
        at = package.at.astimezone(VN).isoformat()
        return {"package.edxml": package.package()}, package.evidence, at, None, write_register(package.directory)
    case = fault.build(FAULT_SEED)
    at = case.at.astimezone(VN).isoformat()
    if fault.form is not FaultForm.CMS:
        return {"letter.pdf": case.data}, case.evidence, at, case.policy, None
    content = {} if case.content is None else {"content.txt": case.content}
    return {"content.txt.p7s": case.data, **content}, case.evidence, at, case.policy, None


def _write_trust(folder: Path, evidence: Evidence) -> None:
    """The evidence as ``truc verify --trust`` reads it; every folder is there, if empty."""
    kinds = (evidence.anchors, evidence.timestamp_anchors, evidence.certificates, evidence.crls, evidence.ocsps)
    for name, artefacts in zip(_FOLDERS, kinds, strict=True):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number, artefact in enumerate(artefacts, 1):
            (folder / name / f"{number}.{_SUFFIXES.get(name, 'der')}").write_bytes(artefact)


def document(text: Text) -> str:
    """The catalogue as a document in Markdown."""
    lines = [f"# {text('faults.document.title')}", "", text("faults.document.intro"), "", text("faults.document.written"), ""]
    for group in FaultGroup:
        inside = [one for one in entries() if one.group is group]
        lines += [f"## {text.label('fault-group', group)}", ""]
        for entry in inside:
            lines += [f"### {entry.words(text.lang).title}", "", f"`{entry.name}`", ""]
            lines += [f"- **{label}**: {sentence}" for label, sentence in facts(entry, text)]
            lines.append("")
    lines += [f"## {text('faults.document.table')}", "", text("faults.document.table-intro"), ""]
    lines += [f"- `{one}`: {', '.join(f'`{name}`' for name in vectors_of(one))}" for one in SubIndication]
    return "\n".join([*lines, ""])
