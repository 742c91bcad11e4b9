"""What the auditor's commands over archives share: reading their options, saying how far they are, and writing reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar

from console.locale import Text
from console.options import ARCHIVE, answered, fingerprint
from console.outcome import Unusable
from console.reports.files import write_reports
from console.reports.sheet import Sheet
from console.reports.sheet_html import sheet_page
from console.reports.verify_pdf import pdf
from console.verify.opening import read_bounded
from exchange.audit import Progress, TrustFolder, read_trust_folder
from exchange.checkpoints import MAX_FILE, CheckpointFile, read_checkpoint
from exchange.errors import ArchiveUnreadable, CheckpointUnreadable
from scenarios.office.registers import OFFICES

_TENTHS = 10


def sentence(error: Exception, text: Text) -> str:
    """Why an archive, or what was brought along to judge it, cannot be used, in the user's language."""
    return f"{error.path}: {text.phrase(error.rule)}" if isinstance(error, ArchiveUnreadable) else str(error)


def talker() -> Console:
    """Standard error, for progress and sentences."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def archive_of(given: str | None, text: Text) -> Path | str:
    """The database meant: an address, a file, or the axis' in the folder of a run; the present folder where none is named.

    Raises :class:`Unusable`.
    """
    if given is not None and "://" in given:
        return given
    path = Path(given or "")
    if answered(Path.is_dir, path, text):
        found = path / ARCHIVE
        if not answered(Path.is_file, found, text):
            raise Unusable(text("audit.error.folder", folder=path, name=ARCHIVE))
        return found
    if not path.exists():
        raise Unusable(text("verify.error.missing", path=path))
    return path


def offices_of(given: str | None) -> Path | None:
    """The offices' file beside the axis', where the folder of a run was named, or stood in, and has one."""
    path = Path(given or "") / OFFICES
    return path if (given is None or "://" not in given) and path.is_file() else None


def checkpoints(paths: Sequence[Path], text: Text) -> tuple[CheckpointFile, ...]:
    """Checkpoints kept outside. Raises :class:`Unusable`."""
    return tuple(_checkpoint(path, text) for path in paths)


def _checkpoint(path: Path, text: Text) -> CheckpointFile:
    try:
        return read_checkpoint(read_bounded(path, MAX_FILE, text))
    except CheckpointUnreadable as error:
        raise Unusable(text("audit.error.checkpoint", path=path, rule=text.phrase(error.rule))) from None


def trust_folder(given: Path | None) -> TrustFolder | None:
    """What ``--trust`` names. Raises :class:`exchange.errors.ArchiveUnreadable`."""
    return None if given is None else read_trust_folder(given)


def fingerprints(given: Sequence[str], text: Text) -> tuple[bytes, ...]:
    """SHA-256 of anchors, with colons or without. Raises :class:`Unusable`."""
    return tuple(fingerprint(one, text) for one in given)


class Stopwatch:
    """Seconds of the machine since it was made, for sentences on standard error."""

    def __init__(self) -> None:
        self._began = monotonic()

    @property
    def seconds(self) -> float:
        """Never nothing: rates are divided by it."""
        return max(monotonic() - self._began, 1e-3)


@contextmanager
def watching(text: Text, talk: Console) -> Iterator[Callable[[Progress], None]]:
    """Tell how far an audit is: a bar on a terminal, a line every tenth elsewhere."""
    watch = Stopwatch()

    def sentence(now: Progress) -> str:
        step = text.label("audit-step", now.step)
        if not now.documents:
            return text("audit.progress.part", step=step, share=text.percent(now.done / max(now.total, 1), 0))
        rate = now.documents / watch.seconds
        return text("audit.progress", step=step, documents=text.number(now.documents), rate=text.number(rate))

    if talk.is_terminal:
        with Bar(BarColumn(24), TaskProgressColumn(), TextColumn("{task.description}"), console=talk, transient=True) as bar:
            task = bar.add_task(text("audit.progress.opening"), total=None)
            yield lambda now: bar.update(task, completed=now.done, total=now.total, description=sentence(now))
        return
    told = 0

    def tell(now: Progress) -> None:
        nonlocal told
        tenth = _TENTHS * now.done // max(now.total, 1)
        if tenth > told:
            told = tenth
            talk.print(sentence(now), markup=False)

    yield tell


def write_sheets(sheet: Sheet, html: Path | None, to_pdf: Path | None, text: Text, talk: Console) -> int:
    """The reports asked for; an exit code."""
    return write_reports(sheet, ((html, _html), (to_pdf, _pdf)), text, talk)


def _html(sheet: Sheet) -> bytes:
    return sheet_page(sheet).encode()


def _pdf(sheet: Sheet) -> bytes:
    return pdf(sheet.told(), "sheet.typ")
