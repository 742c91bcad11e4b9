"""What a world file may say: strict keys, checked by pydantic; a mistake is named by place and rule (see :mod:`scenarios.world.file`).

Numbers that describe behaviour are never typed into an agency: a profile names the *key* of a labelled assumption, so that the report can
print every one of them with its source.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from exchange.domain.organization import Bloc, Level
from scenarios.world.bounds import (
    MOST_DAYS,
    MOST_EXPLICIT,
    MOST_HOLIDAYS,
    MOST_HOPS,
    MOST_INCIDENTS,
    MOST_OUTAGES,
    MOST_PAPER_RULES,
    MOST_REVOCATIONS,
)

_PRINTABLE = r"^ *[^\p{C}\p{Z}](?: |[^\p{C}\p{Z}])*$"
"""One line of what can be printed: what is written on letters, into certificates, and into sentences about either. Every text of a file is
one, whether it is shown or only looked up."""
Word = Annotated[str, Field(min_length=1, max_length=60, pattern=_PRINTABLE)]
"""What something is called in the file: a kind, a profile, an id, a code."""
Key = Annotated[
    str,
    Field(
        min_length=1,
        max_length=60,
        pattern=_PRINTABLE,
        description="the key of an assumption in quotes, 60 characters at most (its number stands in [[assumption]])",
    ),
]
"""Key of an assumption. A description is what a mistake is told to be instead (see :mod:`scenarios.world.wording`)."""
Text = Annotated[str, Field(min_length=1, max_length=500, pattern=_PRINTABLE)]
Position = Annotated[str, Field(min_length=1, max_length=100, pattern=_PRINTABLE)]
"""What is drawn above a signer's name; a header holds 100 characters of it (QCVN 102:2016, Position)."""
PlaceName = Annotated[str, Field(min_length=1, max_length=50, pattern=_PRINTABLE)]
"""Before the date of a letter; a header holds 50 characters of it (QCVN 102:2016, Place)."""
Abbreviation = Annotated[
    str,
    Field(
        min_length=1,
        max_length=20,
        pattern=r"^[^\p{C}\p{Z}/]+$",
        description="an abbreviation in quotes of 1 to 20 characters without blank or slash",
    ),
]
"""An agency in the notation of its documents (Decree 30/2020 Annex I: ``QĐ-UBND``, ``UBND-VX``)."""
ShortForm = Annotated[
    str,
    Field(
        min_length=1,
        max_length=60,
        pattern=r"^[^\p{C}\p{Z}/]+$",
        description="a template of an abbreviation in quotes of 1 to 60 characters without blank or slash",
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=_PRINTABLE)]
"""Name of an organisation or template of one; it must fit into a certificate (RFC 5280 appendix A: 64 characters)."""
Selectors = Annotated[list[Word], Field(max_length=100)]
Units = Annotated[list[Name], Field(min_length=1, max_length=200)]
"""Names of an agency's units: whoever works there is in one."""
Province = Annotated[str, Field(pattern=r"^[0-9]{2}$", description='a GSO code of two digits in quotes such as "17"')]
Role = Literal["leader", "deputy", "unit-head", "officer", "clerk"]
FULL = "capability.full"


def _within(moment: _Moment) -> _Moment:
    """Years that certificates can be made for, with some to spare before and after them."""
    if moment.year not in range(1990, 2200):
        raise ValueError
    return moment


_Moment = TypeVar("_Moment", bound=date)
Day = Annotated[date, AfterValidator(_within), Field(description="a date without quotes from 1990-01-01 to 2199-12-31")]
Instant = Annotated[
    datetime, AfterValidator(_within), Field(description="a date and time without quotes such as 2021-09-27T08:00:00, from 1990 to 2199")
]


def _served(day: date) -> date:
    """Years in which the authorities that certify everybody are valid from beginning to end."""
    if day.year not in range(2019, 2048):
        raise ValueError
    return day


Start = Annotated[
    date, AfterValidator(_served), Field(description="a date without quotes from 2019-01-01 to 2047-12-31, when the authorities are valid")
]


class Strict(BaseModel):
    """Base of every table: an unknown key is an error, a value is never coerced from another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class AssumptionItem(Strict):
    """``[[assumption]]``: a number, what it means, and the figure it was read from (or ``assumption``)."""

    key: Word
    value: Annotated[float, Field(le=1e6)]
    label: Text
    source: Word = "assumption"


class OutageItem(Strict):
    """A planned outage of a hop, in local time."""

    since: Instant
    until: Instant


class SlowItem(OutageItem):
    """A time in which a service answers after so many seconds."""

    seconds: Annotated[int, Field(ge=1, le=86_400)]


class WrongAnswerItem(OutageItem):
    """A time in which a service's answers are wrong, and in what way (:class:`signing.Wrong`)."""

    how: str


class WrongItem(WrongAnswerItem):
    """A time in which time-stamps are wrong."""

    how: Literal["unavailable", "imprint", "nonce", "stale", "revoked-certificate", "signature"]


class ServiceItem(Strict):
    """When a trust service does not work as it should. Outside these times it answers honestly."""

    outages: Annotated[list[OutageItem], Field(max_length=MOST_OUTAGES)] = []
    """Times in which it says nothing at all."""
    slow: Annotated[list[SlowItem], Field(max_length=MOST_OUTAGES)] = []


class TimeStampingItem(ServiceItem):
    """``[time-stamping]``. At other times it answers after the seconds that ``time_stamp_seconds_min`` and ``_max`` give."""

    wrong: Annotated[list[WrongItem], Field(max_length=MOST_OUTAGES)] = []


class WrongStatusItem(WrongAnswerItem):
    """A time in which the OCSP responder's answers are wrong."""

    how: Literal["unavailable", "nonce", "stale", "signature"]


class OcspItem(ServiceItem):
    """``[ocsp]``: the responder. Nobody in a run asks it; ``truc pki`` serves it."""

    wrong: Annotated[list[WrongStatusItem], Field(max_length=MOST_OUTAGES)] = []


class WrongListItem(WrongAnswerItem):
    """A time in which the revocation lists given out are wrong."""

    how: Literal["unavailable", "stale", "signature"]


class RevocationListsItem(ServiceItem):
    """``[revocation-lists]``: where the lists are given out. In a run the archives fetch them, from B-LT on."""

    wrong: Annotated[list[WrongListItem], Field(max_length=MOST_OUTAGES)] = []


class WrongCertificateItem(WrongAnswerItem):
    """A time in which the authorities' certificates given out are wrong."""

    how: Literal["unavailable", "signature"]


class AuthorityCertificatesItem(ServiceItem):
    """``[authority-certificates]``: where they are given out. Nobody in a run asks for them; ``truc pki`` serves them."""

    wrong: Annotated[list[WrongCertificateItem], Field(max_length=MOST_OUTAGES)] = []


class FieldItem(Strict):
    """``[field]``: what some agencies' certificates and signing tools are like, other than they should be; codes of agencies each.

    The assumptions ``first_generation_share``, ``leaf_only_share`` and ``clock_ahead_share`` add that share of all agencies.
    """

    first_generation: list[Word] = []
    """Certificates of the Government's first generation: RSA-2048, signed with SHA-1, names without diacritics."""
    leaf_only: list[Word] = []
    """Signatures that carry the signer's certificate alone."""
    clock_ahead: list[Word] = []
    """Vietnamese time written as UTC: signatures that claim to be made 7 hours later than they were."""
    public_authority: list[Word] = []
    """Certificates of a public authority, outside the Government's root: their letters are refused."""
    rsa_seals: list[Word] = []
    """Seals with RSA-2048 keys under the second generation."""
    sha1_until: Day | None = None
    """Until when axis and recipients accept SHA-1 under certificates; the house's policy ended that with 2016."""


class RevocationItem(Strict):
    """``[[revocation]]``: one certificate revoked at an instant, in local time."""

    agency: Word
    role: Literal[Role, "seal"]
    """The first person of that role who has a certificate, or the organisation's own."""
    at: Instant


class IncidentItem(Strict):
    """``[[incident]]``: a fault of the catalogue (``truc faults``) on one letter of an agency, from an instant on, in local time."""

    agency: Word
    fault: Word
    at: Instant
    """It befalls the first letter that a leader signs for the axis from then on."""


class HopItem(Strict):
    """``[[hop]]``: one leg of the road. ``bus:*`` and ``party-gateway:*`` stand for those of every province that no other line names."""

    id: Annotated[str, Field(min_length=1, max_length=40, pattern=_PRINTABLE)]
    packages_per_minute: Annotated[float, Field(gt=0, le=1e6)]
    latency_seconds: Annotated[int, Field(ge=0, le=86_400)]
    outages: Annotated[list[OutageItem], Field(max_length=MOST_OUTAGES)] = []


class PaperRuleItem(Strict):
    """``[[paper-rule]]``: which documents must (also) go on paper, and which clause says so."""

    id: Word
    label: Text
    source: Text
    scope: Literal["official", "internal"]
    types: list[Word] = []
    recipient_kinds: list[Word] = []
    copies: Annotated[Literal["too", "only"], Field(alias="copy")] = "too"


class Profile(Strict):
    """``[profile.NAME]``: what agencies of one sort are, have and do."""

    level: Annotated[Level, Field(strict=False)]
    bloc: Annotated[Bloc, Field(strict=False)]
    rank: Annotated[int, Field(ge=0, le=999)]
    """Order in which sorts of agencies receive certificates when a quota limits them."""
    simulated: bool = True
    exchanges: bool = True
    fictional: bool = False
    shows_parent: bool = False
    leader: Position = "GIÁM ĐỐC"
    deputy: Position = "PHÓ GIÁM ĐỐC"
    unit_head: Position = "TRƯỞNG PHÒNG"
    deputies: Annotated[int, Field(ge=0, le=20)] = 2
    units: Units = ["Văn phòng"]
    unit_heads: bool = True
    officers_per_unit: Annotated[int, Field(ge=0, le=200)] = 1
    organisation_certificate: bool = True
    holders: Annotated[list[Role], Field(max_length=5)] = ["leader", "deputy"]
    """Roles that may hold a personal certificate."""
    computer: Key = FULL
    regular: Key = FULL
    trained: Key = FULL
    mailbox: Key = FULL
    software: Key = FULL
    connected: Key = FULL
    official_per_year: Key | None = None
    internal_per_person: Key = "internal_per_person"
    directive_share: Key | None = None
    broadcast_share: Key | None = None
    urgent_share: Key = "urgent_share"
    outside_share: Key | None = None
    peers: Selectors = []
    """Selectors: a kind, ``parent``, ``children``, ``children:KIND``, ``siblings``, ``siblings:KIND``."""
    outside_peers: Selectors = []
    broadcast_to: Selectors = []


class Said(Strict):
    """What one agency may say differently from its profile."""

    abbreviation: Abbreviation | None = None
    leader: Position | None = None
    deputy: Position | None = None
    units: Units | None = None
    organisation_certificate: bool | None = None
    software: bool | None = None
    connected: bool | None = None
    exchanges: bool | None = None


class AgencyItem(Said):
    """``[[agency]]``: one agency, by name."""

    id: Word
    name: Name
    kind: Word
    profile: Word
    parent: Word | None = None
    unit: Word | None = None
    """GSO code of the district or commune it belongs to."""
    province: Province | None = None
    """GSO code, where it is not the province under study."""
    place: PlaceName | None = None
    fictional: bool = False


class Member(Said):
    """One entry of a group's name list."""

    name: Name
    number: Annotated[int, Field(ge=1, le=999)] | None = None
    where: Literal["everywhere", "city", "rural"] = "everywhere"
    """Beneath which districts the entry exists: cities have other offices than rural districts."""


class CityForm(Strict):
    """How a group's entries are called in a city, where that differs from a rural district."""

    name: Name
    abbreviation: ShortForm


class GroupItem(Strict):
    """``[[group]]``: agencies made from a list of names, of administrative units or of level-1 codes, beneath every anchor.

    ``under`` is the kind whose agencies anchor the group (their identifiers are its parents); without it the entries stand at level 1.
    ``name`` and ``abbreviation`` are templates over ``{name}``, ``{unit}`` (running name of the administrative unit: ``huyện Lương Sơn``),
    ``{unit_name}`` (``Lương Sơn``) and ``{anchor}``.
    """

    kind: Word
    profile: Word
    under: Word | None = None
    units: Literal["districts", "communes"] | None = None
    codes: Literal["ministry", "province"] | None = None
    without: list[Word] = []
    """Level-1 codes left out, because an ``[[agency]]`` states them."""
    members: list[Member] = []
    number_from: Annotated[int, Field(ge=1, le=999)] = 1
    name: Name = "{name}"
    abbreviation: ShortForm = "UBND"
    city: CityForm | None = None
    fictional: bool = False


class Quota(Strict):
    """Certificates of one bloc, as ids of figures: the numbers themselves stand only in the figures file."""

    organisations: Word
    persons: Word


class Certificates(Strict):
    """``[certificates]``: how many unrevoked certificates holders of the province have on one day."""

    as_of: Day
    state: Quota
    party: Quota


class CertifiedItem(Strict):
    """``[certified]``: from when until when every certificate of the world is good, for a service on the machine's clock."""

    since: Day
    until: Day


class WorldItem(Strict):
    """A whole world file."""

    name: Annotated[
        str,
        Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$", description="a name in quotes of 1 to 60 letters a to z, digits and inner hyphens"),
    ]
    question: Text
    start: Start
    province: Province
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] | None = None
    """Working days it is run for when nobody says otherwise; without this key 1 for a small world, 5 for a large one."""
    holidays: Annotated[list[Day], Field(max_length=MOST_HOLIDAYS)] | None = None
    """Days off; without this key those of 2021."""
    targets: list[Word] = []
    signature_level: Literal["B-B", "B-T", "B-LT", "B-LTA"] = "B-B"
    """How letters are made to last (EN 319 142-1 §6): time-stamped before they are sent, from B-LT on also by whoever keeps them."""
    control_times: Annotated[list[Instant], Field(max_length=10)] = []
    """When somebody asks afterwards, in local time, which of the letters kept would still be found valid."""
    time_stamping: Annotated[TimeStampingItem, Field(alias="time-stamping")] = TimeStampingItem()
    ocsp: OcspItem = OcspItem()
    revocation_lists: Annotated[RevocationListsItem, Field(alias="revocation-lists")] = RevocationListsItem()
    authority_certificates: Annotated[AuthorityCertificatesItem, Field(alias="authority-certificates")] = AuthorityCertificatesItem()
    field: FieldItem = FieldItem()
    revocation: Annotated[list[RevocationItem], Field(max_length=MOST_REVOCATIONS)] = []
    incident: Annotated[list[IncidentItem], Field(max_length=MOST_INCIDENTS)] = []
    assumption: list[AssumptionItem] = []
    hop: Annotated[list[HopItem], Field(max_length=MOST_HOPS)] = []
    paper_rule: Annotated[list[PaperRuleItem], Field(alias="paper-rule", max_length=MOST_PAPER_RULES)] = []
    certificates: Certificates | None = None
    certified: CertifiedItem | None = None
    sealed_files: bool = False
    """Whether the axis takes files under a detached seal instead of letters signed twice."""
    profile: dict[Word, Profile]
    agency: Annotated[list[AgencyItem], Field(max_length=MOST_EXPLICIT)] = []
    group: list[GroupItem] = []
