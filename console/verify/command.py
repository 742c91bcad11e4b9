"""One call of ``truc verify``: read what is wanted, judge every file, print the answer, write the reports; the exit code."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from console.locale import Text
from console.options import moment
from console.outcome import DONE, SHORT, USAGE, Unusable
from console.policies import policy_of
from console.reports.canonical import Tree, canonical
from console.reports.files import HTML, PDF, refuse_to_spoil, write_reports
from console.reports.verify_html import html
from console.reports.verify_pdf import pdf
from console.verify.bundles import is_bundle, with_bundles
from console.verify.judging import Bench, Outcome
from console.verify.opening import MAX_FILE, open_file, read_bounded
from console.verify.opinions import Judges
from console.verify.phrasing import printable
from console.verify.screen import show
from console.verify.tree import file_tree, whole_tree
from console.verify.trust import read_register_of, read_trust
from console.verify.words import tell
from exchange.domain.calendar import VN
from signing import Sandbox

MAX_FILES = 10_000
"""Files of one call; whole archives are for ``truc audit``."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    files: tuple[Path, ...]
    at: str | None
    trust: str | None
    anchors: tuple[str, ...]
    content: Path | None
    policy: str
    json: bool
    html: Path | None
    pdf: Path | None
    second_opinion: bool
    register: str | None = None


def perform(wish: Wish, text: Text) -> int:
    """Verify the files; 0 all passed, 1 some did not, 2 something could not be read, 3 a part is not installed."""
    talk = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        refuse_to_spoil(((wish.html, HTML), (wish.pdf, PDF)), text, [*wish.files, *([wish.content] if wish.content else [])])
        with Sandbox() as sandbox:
            bench = _bench(wish, sandbox, text)
            trees, unread = _judge(wish, bench, text, talk)
    except Unusable as error:
        talk.print(printable(str(error)), markup=False)
        return USAGE
    if not trees:
        return USAGE
    tree = whole_tree(bench, trees)
    told = tell(tree, text)
    written = write_reports(
        told, ((wish.html, html), (wish.pdf, pdf)), text, talk
    )  # before the screen, whose reader may close it when it has seen enough
    if wish.json:
        sys.stdout.write(canonical(tree))
    else:
        show(told)
    if written != DONE or unread:
        return written or USAGE
    return DONE if tree["verdict"] == Outcome.PASSED else SHORT


def _bench(wish: Wish, sandbox: Sandbox, text: Text) -> Bench:
    """Everything but the files; whatever cannot be used ends the call before a file is looked at."""
    at = _moment(wish.at, text)
    if wish.content is not None and len(wish.files) != 1:
        raise Unusable(text("verify.error.content"))
    if len(wish.files) > MAX_FILES:
        raise Unusable(text("verify.error.many", most=text.number(MAX_FILES)))
    policy = policy_of(wish.policy, text)
    bundles = [path for path in wish.files if is_bundle(path)]
    trust = read_trust(wish.trust, wish.anchors, at, text, bundled=bool(bundles))
    trust = with_bundles(trust, bundles, wish.anchors, lambda path: read_bounded(path, MAX_FILE, text), text)
    if wish.register is not None:
        register = read_register_of(wish.register, lambda path: read_bounded(path, MAX_FILE, text), text)
        trust = replace(trust, asked_register=register)
    return Bench(trust, policy, at, sandbox, asked=wish.at is not None)


def _moment(given: str | None, text: Text) -> datetime:
    """The control time: the end of a day that is named alone; the present where none is given."""
    if given is None:
        return datetime.now(UTC).astimezone(VN).replace(microsecond=0)
    return moment(given, "--at", text, end_of_day=True)


def _judge(wish: Wish, bench: Bench, text: Text, talk: Console) -> tuple[list[Tree], int]:
    """The answer on every file that can be opened, one in memory at a time; a sentence, and a count, for each that cannot."""
    judges = Judges(bench) if wish.second_opinion else None
    trees, unread = [], 0
    for path in wish.files:
        try:
            judged = bench.judge(open_file(path, wish.content, text, bench.trust.confirmed))
        except Unusable as error:
            talk.print(printable(str(error)), markup=False)
            unread += 1
            continue
        trees.append(file_tree(judged, judges.ask(judged) if judges is not None else ()))
    return trees, unread
