"""The ``truc`` command. Only options are read here; what a command needs is imported when it runs, so that ``--help`` answers at once.

Exit codes: 0 done and held; 1 a verdict fell short (``run`` only with ``--require-targets``, or when its own sums do not agree); 2 wrong
usage or unreadable input; 3 a part could not be used; 130 interrupted; 141 nobody reads the output any more (``console/pipes.py``).
Results go to stdout, progress and talk to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Annotated

import typer

from console.admin.cli import admin
from console.pipes import finish, watch
from console.shared import HELP, AnyBroker, AnyDatabase, Archive, Broker, Database, Lang, NamedArchive, text_of
from console.usage import Speaking

_INTERRUPTED = 130

app = typer.Typer(
    cls=Speaking,
    help=HELP("cli.help"),
    epilog=HELP("cli.epilog"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("truc")
        except PackageNotFoundError:  # run from a clone by ./truc, which installs libraries only
            number = _clone_version()
        typer.echo(f"truc {number}")
        raise typer.Exit


def _clone_version() -> str:
    import tomllib

    project = Path(__file__).resolve().parents[1] / "pyproject.toml"
    return str(tomllib.loads(project.read_text("utf-8"))["project"]["version"])


app.add_typer(admin, name="admin")


@app.callback()
def options(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help=HELP("cli.version.help"))] = False,
    lang: Lang = None,
) -> None:
    """What stands before a command."""
    text_of(lang)


@app.command(help=HELP("cli.run.help"))
def run(
    scenario: Annotated[str, typer.Argument(help=HELP("cli.scenario.help"))],
    days: Annotated[int | None, typer.Option("--days", help=HELP("cli.days.help"))] = None,
    seed: Annotated[str, typer.Option("--seed", help=HELP("cli.seed.help"))] = "1",
    out: Annotated[Path | None, typer.Option("--out", help=HELP("cli.out.help"), file_okay=False)] = None,
    json: Annotated[bool, typer.Option("--json", help=HELP("cli.json.help"))] = False,
    require_targets: Annotated[bool, typer.Option("--require-targets", help=HELP("cli.require.help"))] = False,
    axis: Annotated[str | None, typer.Option("--axis", metavar="URL", help=HELP("cli.run.axis.help"))] = None,
    broker: Annotated[str | None, typer.Option("--broker", metavar="URL", help=HELP("cli.broker.help"))] = None,
    lang: Lang = None,
) -> None:
    """Run a scenario."""
    text = text_of(lang)
    from console.session import Wish, perform

    try:
        code = perform(Wish(scenario, days, seed, out, json, require_targets, axis, broker), text)
    except KeyboardInterrupt:  # said here: typer would end without a word
        typer.echo(f"\n{text('error.interrupted')}", err=True)
        code = _INTERRUPTED
    raise typer.Exit(code)


@app.command(help=HELP("cli.scenarios.help"))
def scenarios(lang: Lang = None) -> None:
    """List the library."""
    text = text_of(lang)
    from scenarios.world.file import library, question

    for name in library():
        typer.echo(f"{name}\n    {text.texts.get(f'scenario.{name}', question(name))}")


@app.command(short_help=HELP("cli.pki.short"), help=HELP("cli.pki.help"))
def pki(
    scenario: Annotated[str, typer.Argument(help=HELP("cli.scenario.help"))],
    seed: Annotated[str, typer.Option("--seed", help=HELP("cli.seed.help"))] = "1",
    at: Annotated[str | None, typer.Option("--at", metavar="INSTANT", help=HELP("cli.at.help"))] = None,
    host: Annotated[str, typer.Option("--host", help=HELP("cli.host.help"))] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help=HELP("cli.port.help"))] = 3161,
    moment_header: Annotated[bool, typer.Option("--moment-header", help=HELP("cli.moment-header.help"))] = False,
    lang: Lang = None,
) -> None:
    """Serve a scenario's PKI."""
    text = text_of(lang)
    from console.pki import Stand, serve

    raise typer.Exit(serve(Stand(scenario, seed, at, host, port, moment_header), text))


@app.command(help=HELP("cli.migrate.help"))
def migrate(database: Database, lang: Lang = None) -> None:
    """Bring a database to this release's schema."""
    text = text_of(lang)
    from console.service import migrate as run_migrations

    raise typer.Exit(run_migrations(database, text))


@app.command(help=HELP("cli.worker.help"))
def worker(
    scenario: Annotated[str, typer.Argument(help=HELP("cli.scenario.help"))],
    database: Database,
    broker: Broker,
    seed: Annotated[str, typer.Option("--seed", envvar="TRUC_SEED", help=HELP("cli.seed.help"))] = "1",
    children: Annotated[int, typer.Option("--children", min=1, max=64, help=HELP("cli.children.help"))] = 2,
    driven: Annotated[bool, typer.Option("--driven", help=HELP("cli.driven.help"))] = False,
    expire_days: Annotated[
        int | None, typer.Option("--expire-days", min=1, max=36_500, envvar="TRUC_EXPIRE_DAYS", help=HELP("cli.expire.help"))
    ] = None,
    lang: Lang = None,
) -> None:
    """Run the axis' stages."""
    text = text_of(lang)
    from console.service import Station, work

    raise typer.Exit(work(Station(scenario, seed, database, broker, children, driven, expire_days), text))


@app.command(help=HELP("cli.axis.help"))
def axis(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command
    scenario: Annotated[str, typer.Argument(help=HELP("cli.scenario.help"))],
    database: Database,
    broker: AnyBroker = None,
    seed: Annotated[str, typer.Option("--seed", envvar="TRUC_SEED", help=HELP("cli.seed.help"))] = "1",
    host: Annotated[str, typer.Option("--host", help=HELP("cli.host.help"))] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help=HELP("cli.port.help"))] = 8080,
    driven: Annotated[bool, typer.Option("--driven", help=HELP("cli.driven.help"))] = False,
    capacity: Annotated[int, typer.Option("--capacity", min=1, envvar="TRUC_CAPACITY", help=HELP("cli.capacity.help"))] = 20_000,
    patience: Annotated[
        int, typer.Option("--capacity-seconds", min=1, envvar="TRUC_CAPACITY_SECONDS", help=HELP("cli.patience.help"))
    ] = 60,
    lang: Lang = None,
) -> None:
    """Serve the axis over HTTP."""
    text = text_of(lang)
    from console.axis import Counter, serve
    from exchange.settings import Capacity

    raise typer.Exit(serve(Counter(scenario, seed, database, broker, host, port, driven, Capacity(capacity, patience)), text))


@app.command(help=HELP("cli.beat.help"))
def beat(
    broker: Broker,
    state: Annotated[Path, typer.Option("--state", dir_okay=False, help=HELP("cli.state.help"))] = Path("/tmp/truc-beat"),  # noqa: S108
    lang: Lang = None,
) -> None:
    """Ring the bells on schedule."""
    text = text_of(lang)
    from console.service import keep_time

    raise typer.Exit(keep_time(broker, state, text))


@app.command(short_help=HELP("cli.up.short"), help=HELP("cli.up.help"))
def up(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command
    scenario: Annotated[str, typer.Argument(help=HELP("cli.scenario.help"))] = "load-field",
    seed: Annotated[str, typer.Option("--seed", envvar="TRUC_SEED", help=HELP("cli.seed.help"))] = "1",
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help=HELP("cli.up.workers.help"))] = 1,
    children: Annotated[int, typer.Option("--children", min=1, max=64, help=HELP("cli.children.help"))] = 2,
    host: Annotated[str, typer.Option("--host", help=HELP("cli.host.help"))] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help=HELP("cli.port.help"))] = 8080,
    pki_port: Annotated[int, typer.Option("--pki-port", min=0, max=65535, help=HELP("cli.up.pki-port.help"))] = 3161,
    data: Annotated[Path, typer.Option("--data", file_okay=False, help=HELP("cli.up.data.help"))] = Path("truc-data"),
    database: AnyDatabase = None,
    broker: AnyBroker = None,
    json: Annotated[bool, typer.Option("--json", help=HELP("cli.up.json.help"))] = False,
    lang: Lang = None,
) -> None:
    """Start every part of the networked service here."""
    text = text_of(lang)
    from console.up.command import perform
    from console.up.place import Wish

    raise typer.Exit(perform(Wish(scenario, seed, data, workers, children, host, port, pki_port, database, broker, json), text))


@app.command(help=HELP("cli.secrets.help"))
def secrets(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=HELP("cli.secrets.folder.help"))] = Path("secrets"),
    lang: Lang = None,
) -> None:
    """Make the secrets that the services read."""
    text = text_of(lang)
    from console.up.command import secrets as make

    raise typer.Exit(make(folder, text))


@app.command(help=HELP("cli.health.help"))
def health(
    part: Annotated[str, typer.Argument(metavar="PART", help=HELP("cli.health.part.help"))],
    url: Annotated[str | None, typer.Argument(metavar="[URL]", help=HELP("cli.health.url.help"))] = None,
    database: AnyDatabase = None,
    broker: AnyBroker = None,
    lang: Lang = None,
) -> None:
    """Say whether one part is well."""
    text = text_of(lang)
    from console.up.health import one

    raise typer.Exit(one(part, url, database, broker, text))


@app.command(short_help=HELP("cli.chaos.short"), help=HELP("cli.chaos.help"))
def chaos(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command
    kills: Annotated[int, typer.Option("--kills", min=0, max=100_000, help=HELP("cli.chaos.kills.help"))] = 20,
    seed: Annotated[str, typer.Option("--seed", help=HELP("cli.seed.help"))] = "1",
    scenario: Annotated[str, typer.Option("--scenario", help=HELP("cli.scenario.help"))] = "load-field",
    agencies: Annotated[int, typer.Option("--agencies", min=4, max=10_000, help=HELP("cli.chaos.agencies.help"))] = 24,
    apis: Annotated[int, typer.Option("--apis", min=1, max=16, help=HELP("cli.chaos.apis.help"))] = 2,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help=HELP("cli.chaos.workers.help"))] = 2,
    burst: Annotated[int, typer.Option("--burst", min=1, max=256, help=HELP("cli.chaos.burst.help"))] = 24,
    every: Annotated[float, typer.Option("--every", min=0.0, max=3600.0, help=HELP("cli.chaos.every.help"))] = 2.0,
    broker: Annotated[bool, typer.Option("--broker/--no-broker", help=HELP("cli.chaos.broker.help"))] = True,
    disturb: Annotated[bool, typer.Option("--disturb/--no-disturb", help=HELP("cli.chaos.disturb.help"))] = True,
    json: Annotated[bool, typer.Option("--json", help=HELP("cli.json.help"))] = False,
    lang: Lang = None,
) -> None:
    """Strike a service."""
    text = text_of(lang)
    try:
        from console.chaos.command import Wish, default_cache, perform
    except ImportError:
        typer.echo(text("load.error.extra"), err=True)
        raise typer.Exit(3) from None
    wish = Wish(kills, seed, scenario, agencies, apis, workers, burst, every, broker, disturb, json, default_cache())
    raise typer.Exit(perform(wish, text))


@app.command(short_help=HELP("cli.campaign.short"), help=HELP("cli.campaign.help"))
def campaign(
    name: Annotated[str | None, typer.Argument(help=HELP("cli.campaign.name.help"))] = None,
    short: Annotated[bool, typer.Option("--short", help=HELP("cli.campaign.short-option.help"))] = False,
    lang: Lang = None,
) -> None:
    """Run a long measurement."""
    text = text_of(lang)
    from console.campaign import RECORDS
    from console.campaign import campaign as run_campaign

    raise typer.Exit(run_campaign(name, text, short=short, records=None if short else RECORDS))


@app.command(short_help=HELP("cli.load.short"), help=HELP("cli.load.help"))
def load(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command
    targets: Annotated[list[str], typer.Argument(metavar="TARGET…", help=HELP("cli.load.target.help"))],
    mailboxes: Annotated[list[str] | None, typer.Option("--mailboxes", metavar="URL", help=HELP("cli.load.mailboxes.help"))] = None,
    scenario: Annotated[str, typer.Option("--scenario", help=HELP("cli.load.scenario.help"))] = "load-field",
    seed: Annotated[str, typer.Option("--seed", envvar="TRUC_SEED", help=HELP("cli.seed.help"))] = "1",
    profile: Annotated[str, typer.Option("--profile", help=HELP("cli.load.profile.help"))] = "letters",
    rate: Annotated[float, typer.Option("--rate", help=HELP("cli.load.rate.help"))] = 20.0,
    duration: Annotated[str, typer.Option("--for", metavar="T", help=HELP("cli.load.for.help"))] = "30s",
    warm_up: Annotated[str, typer.Option("--warm-up", metavar="T", help=HELP("cli.load.warm-up.help"))] = "5s",
    drain: Annotated[str, typer.Option("--drain", metavar="T", help=HELP("cli.load.drain.help"))] = "30s",
    shape: Annotated[str, typer.Option("--shape", help=HELP("cli.load.shape.help"))] = "constant",
    even: Annotated[bool, typer.Option("--even", help=HELP("cli.load.even.help"))] = False,
    threshold: Annotated[list[str] | None, typer.Option("--threshold", metavar="RULE", help=HELP("cli.load.threshold.help"))] = None,
    agencies: Annotated[int, typer.Option("--agencies", min=2, max=10000, help=HELP("cli.load.agencies.help"))] = 40,
    urgent_share: Annotated[float, typer.Option("--urgent-share", help=HELP("cli.load.urgent.help"))] = 0.06,
    greedy: Annotated[float, typer.Option("--greedy", help=HELP("cli.load.greedy.help"))] = 0.0,
    series: Annotated[int, typer.Option("--series", help=HELP("cli.load.series.help"))] = 1,
    find_limit: Annotated[bool, typer.Option("--find-limit", help=HELP("cli.load.find-limit.help"))] = False,
    step: Annotated[str, typer.Option("--step", metavar="T", help=HELP("cli.load.step.help"))] = "20s",
    limit_submit: Annotated[str, typer.Option("--limit-submit", metavar="T", help=HELP("cli.load.limit-submit.help"))] = "250ms",
    limit_delivered: Annotated[str, typer.Option("--limit-delivered", metavar="T", help=HELP("cli.load.limit-delivered.help"))] = "2s",
    compare: Annotated[Path | None, typer.Option("--compare", metavar="BASE", help=HELP("cli.load.compare.help"))] = None,
    out: Annotated[Path | None, typer.Option("--out", help=HELP("cli.load.out.help"), file_okay=False)] = None,
    json: Annotated[bool, typer.Option("--json", help=HELP("cli.load.json.help"))] = False,
    allow_target: Annotated[bool, typer.Option("--allow-target", help=HELP("cli.load.allow-target.help"))] = False,
    corpus: Annotated[Path | None, typer.Option("--corpus", metavar="DIR", help=HELP("cli.load.corpus.help"), file_okay=False)] = None,
    watch: Annotated[list[int] | None, typer.Option("--watch", metavar="PID", help=HELP("cli.load.watch.help"))] = None,
    no_receive: Annotated[bool, typer.Option("--no-receive", help=HELP("cli.load.no-receive.help"))] = False,
    lang: Lang = None,
) -> None:
    """Load a service and hold it against thresholds."""
    text = text_of(lang)
    try:
        from console.load.asking import Wish
        from console.load.command import perform_load
    except ImportError:
        typer.echo(text("load.error.extra"), err=True)
        raise typer.Exit(3) from None
    wish = Wish(
        tuple(targets), tuple(mailboxes or ()), scenario, seed, profile, rate, duration, warm_up, drain, shape, even,
        tuple(threshold or ()), agencies, urgent_share, greedy, series, find_limit, step, (limit_submit, limit_delivered), compare, out,
        json, allow_target, corpus,
        tuple(watch or ()), not no_receive,
    )  # fmt: skip
    try:
        code = perform_load(wish, text)
    except KeyboardInterrupt:
        typer.echo(f"\n{text('error.interrupted')}", err=True)
        code = _INTERRUPTED
    raise typer.Exit(code)


@app.command(short_help=HELP("cli.faults.short"), help=HELP("cli.faults.help"))
def faults(
    name: Annotated[str | None, typer.Argument(help=HELP("cli.fault-name.help"))] = None,
    out: Annotated[Path | None, typer.Option("--out", help=HELP("cli.fault-out.help"), file_okay=False)] = None,
    lang: Lang = None,
) -> None:
    """List or explain the catalogue of faults."""
    text = text_of(lang)
    from console.faults import show

    raise typer.Exit(show(name, out, text))


@app.command(short_help=HELP("cli.verify.short"), help=HELP("cli.verify.help"))
def verify(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help=HELP("cli.verify.files.help"))],
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help=HELP("cli.verify.at.help"))] = None,
    trust: Annotated[str | None, typer.Option("--trust", metavar="DIR|SCENARIO[:SEED]", help=HELP("cli.verify.trust.help"))] = None,
    anchor: Annotated[list[str] | None, typer.Option("--anchor", metavar="SHA256", help=HELP("cli.verify.anchor.help"))] = None,
    register: Annotated[str | None, typer.Option(metavar="FILE|SCENARIO[:SEED]", help=HELP("cli.verify.register.help"))] = None,
    content: Annotated[Path | None, typer.Option("--content", metavar="FILE", help=HELP("cli.verify.content.help"))] = None,
    policy: Annotated[str, typer.Option("--policy", metavar="NAME|FILE", help=HELP("cli.verify.policy.help"))] = "field",
    json: Annotated[bool, typer.Option("--json", help=HELP("cli.verify.json.help"))] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help=HELP("cli.verify.html.help"))] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help=HELP("cli.verify.pdf.help"))] = None,
    second_opinion: Annotated[bool, typer.Option("--second-opinion", help=HELP("cli.verify.second.help"))] = False,
    lang: Lang = None,
) -> None:
    """Say what the signatures of files are worth."""
    text = text_of(lang)
    from console.verify.command import Wish, perform

    wish = Wish(tuple(files), at, trust, tuple(anchor or ()), content, policy, json, html, pdf, second_opinion, register)
    raise typer.Exit(perform(wish, text))


@app.command(short_help=HELP("cli.audit.short"), help=HELP("cli.audit.help"))
def audit(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command
    archive: NamedArchive = None,
    checkpoint: Annotated[list[Path] | None, typer.Option("--checkpoint", metavar="FILE", help=HELP("cli.audit.checkpoint.help"))] = None,
    trust: Annotated[Path | None, typer.Option("--trust", metavar="DIR", help=HELP("cli.audit.trust.help"))] = None,
    anchor: Annotated[list[str] | None, typer.Option("--anchor", metavar="SHA256", help=HELP("cli.audit.anchor.help"))] = None,
    timeline: Annotated[list[str] | None, typer.Option("--timeline", metavar="DOCUMENT|all", help=HELP("cli.audit.timeline.help"))] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help=HELP("cli.audit.at.help"))] = None,
    policy: Annotated[str, typer.Option("--policy", metavar="NAME|FILE", help=HELP("cli.verify.policy.help"))] = "field",
    json: Annotated[bool, typer.Option("--json", help=HELP("cli.audit.json.help"))] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help=HELP("cli.verify.html.help"))] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help=HELP("cli.verify.pdf.help"))] = None,
    lang: Lang = None,
) -> None:
    """Audit a whole archive."""
    text = text_of(lang)
    from console.audit.command import Wish, perform

    brought = (archive, tuple(checkpoint or ()), trust, tuple(anchor or ()))
    raise typer.Exit(perform(Wish(*brought, tuple(timeline or ()), at, policy, json, html, pdf), text))


@app.command(short_help=HELP("cli.evidence.short"), help=HELP("cli.evidence.help"))
def evidence(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help=HELP("cli.evidence.document.help"))],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help=HELP("cli.evidence.out.help"))],
    db: Archive = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help=HELP("cli.evidence.at.help"))] = None,
    checkpoint: Annotated[Path | None, typer.Option("--checkpoint", metavar="FILE", help=HELP("cli.evidence.checkpoint.help"))] = None,
    trust: Annotated[Path | None, typer.Option("--trust", metavar="DIR", help=HELP("cli.audit.trust.help"))] = None,
    anchor: Annotated[list[str] | None, typer.Option("--anchor", metavar="SHA256", help=HELP("cli.audit.anchor.help"))] = None,
    policy: Annotated[str, typer.Option("--policy", metavar="NAME|FILE", help=HELP("cli.verify.policy.help"))] = "field",
    lang: Lang = None,
) -> None:
    """Write the evidence about one document."""
    text = text_of(lang)
    from console.audit.evidence import Wish, perform

    raise typer.Exit(perform(Wish(document, out, db, at, checkpoint, trust, tuple(anchor or ()), policy), text))


@app.command("blast-radius", short_help=HELP("cli.blast.short"), help=HELP("cli.blast.help"))
def blast_radius(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command
    certificate: Annotated[str, typer.Argument(metavar="CERT", help=HELP("cli.blast.certificate.help"))],
    since: Annotated[str, typer.Option("--since", metavar="TIME", help=HELP("cli.blast.since.help"))],
    db: Archive = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help=HELP("cli.blast.at.help"))] = None,
    checkpoint: Annotated[list[Path] | None, typer.Option("--checkpoint", metavar="FILE", help=HELP("cli.blast.checkpoint.help"))] = None,
    trust: Annotated[Path | None, typer.Option("--trust", metavar="DIR", help=HELP("cli.audit.trust.help"))] = None,
    anchor: Annotated[list[str] | None, typer.Option("--anchor", metavar="SHA256", help=HELP("cli.audit.anchor.help"))] = None,
    policy: Annotated[str, typer.Option("--policy", metavar="NAME|FILE", help=HELP("cli.verify.policy.help"))] = "field",
    json: Annotated[bool, typer.Option("--json", help=HELP("cli.audit.json.help"))] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help=HELP("cli.verify.html.help"))] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help=HELP("cli.verify.pdf.help"))] = None,
    lang: Lang = None,
) -> None:
    """Say what changes if a key was compromised."""
    text = text_of(lang)
    from console.audit.blast import Wish, perform

    brought = (tuple(checkpoint or ()), trust, tuple(anchor or ()))
    raise typer.Exit(perform(Wish(certificate, since, db, at, *brought, policy, json, html, pdf), text))


@app.command(short_help=HELP("cli.witness.short"), help=HELP("cli.witness.help"))
def witness(
    axis: Annotated[str, typer.Option("--axis", metavar="URL", help=HELP("cli.witness.axis.help"))],
    keep: Annotated[Path, typer.Option("--keep", metavar="FILE", help=HELP("cli.witness.keep.help"))],
    trust: Annotated[str, typer.Option("--trust", metavar="DIR|SCENARIO[:SEED]", help=HELP("cli.witness.trust.help"))],
    certificate: Annotated[Path | None, typer.Option("--certificate", metavar="FILE", help=HELP("cli.witness.certificate.help"))] = None,
    agency: Annotated[str | None, typer.Option("--agency", metavar="AGENCY", help=HELP("cli.witness.agency.help"))] = None,
    secret: Annotated[Path | None, typer.Option("--secret", metavar="FILE", help=HELP("cli.witness.secret.help"))] = None,
    every: Annotated[int | None, typer.Option("--every", metavar="SECONDS", min=1, max=86_400, help=HELP("cli.witness.every.help"))] = None,
    lang: Lang = None,
) -> None:
    """Keep an axis' last checkpoint, and refuse one that does not continue it."""
    text = text_of(lang)
    try:
        from console.witness.asking import Wish
        from console.witness.command import perform
    except ImportError:
        typer.echo(text("error.axis"), err=True)
        raise typer.Exit(3) from None
    raise typer.Exit(perform(Wish(axis, keep, trust, certificate, agency, secret, every), text))


@app.command(help=HELP("cli.doctor.help"))
def doctor(database: AnyDatabase = None, broker: AnyBroker = None, lang: Lang = None) -> None:
    """Say what is here and what is missing; of a service, when its addresses are given."""
    text = text_of(lang)
    if database is None and broker is None:
        from console.doctor import report

        lines, whole = report(text)
    else:
        from console.service_doctor import report as report_service

        lines, whole = report_service(database, broker, text)
    typer.echo("\n".join(lines))
    raise typer.Exit(0 if whole else 3)


@app.command(short_help=HELP("cli.scorecard.short"), help=HELP("cli.scorecard.help"))
def scorecard(lang: Lang = None) -> None:
    """Run the public suites."""
    text = text_of(lang)
    from console.scorecard import scorecard as run_suites

    raise typer.Exit(run_suites(text))


def _of(words: Sequence[str]) -> typer.Typer:
    """The commands, or the one alone a line begins with: typer reads the signatures of all it is given, a quarter of a start."""
    named = words[0] if words else ""
    alone = copy(app)
    alone.registered_commands = [one for one in app.registered_commands if one.callback and named == (one.name or one.callback.__name__)]
    alone.registered_groups = [one for one in app.registered_groups if named == one.name]
    return alone if alone.registered_commands or alone.registered_groups else app


def main() -> None:
    """Entry point of the console script and of ``./truc``."""
    watch()
    try:
        _of(sys.argv[1:])()
    except KeyboardInterrupt:
        typer.echo(HELP("error.interrupted"), err=True)
        sys.exit(_INTERRUPTED)
    finally:
        finish()
