"""Drafts, notices and answers as Python has them. Values: nothing here speaks to a node.

Text from other members is untrusted: repr() it, or escape it for where it is shown.
"""
from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

Json = Mapping[str, Any]


class Error(Exception):
    """How every call fails. docs/reference/errors.md lists the names, which are stable."""

    def __init__(self, *, number: int, name: str, text: str, detail: str, remedy: str, retryable: bool,
                 notice_id: str = "", retry_after: float = 0) -> None:
        super().__init__(f"{name}: {detail or text}")
        self.number = number
        self.name = name
        self.text = text  # What it means, in general.
        self.detail = detail  # What happened here.
        self.remedy = remedy  # What a person can do.
        self.retryable = retryable  # The same call may succeed later.
        self.notice_id = notice_id  # From publish(): the id to repeat with.
        self.retry_after = retry_after  # The node's own wish, in seconds; 0 is none.


@dataclasses.dataclass
class Draft:
    """What to publish. docs/reference/cli.md, publish, describes each key."""

    kind: str
    content: Json = dataclasses.field(default_factory=dict)
    to: Sequence[str] = ()  # Member codes, "members" or "all"; asked to act.
    info: Sequence[str] = ()  # Told.
    subject: str = ""
    language: str = ""
    status: str = "actual"
    precedence: str = "routine"
    classification: str = ""
    handling: Sequence[str] = ()
    tlp: str = "none"
    expires: Optional[datetime.datetime] = None
    reply_by: Optional[datetime.datetime] = None
    thread: str = ""
    in_reply_to: str = ""
    supersedes: Sequence[str] = ()
    cancels: Sequence[str] = ()
    translation_of: str = ""  # The authentic text, of which this one is a translation.
    clear: bool = False
    id: str = ""  # The idempotency key; the library makes one where it is empty.


@dataclasses.dataclass(frozen=True)
class Position:
    """Where a reader stands, in arrival numbers of the node."""

    arrival: int = 0
    arrival_urgent: int = 0  # Used along a cursor only.

    def __post_init__(self) -> None:
        for number in (self.arrival, self.arrival_urgent):
            if not 0 <= number < 2**64:
                raise ValueError(f"{number} is no arrival number: those have 64 bits")


@dataclasses.dataclass(frozen=True)
class Notice:
    """The node verified its signatures, its place in the log and, where sealed, that it opens."""

    arrival: int
    index: int
    accepted_at: datetime.datetime
    created_at: datetime.datetime
    arrived_at: datetime.datetime
    notice: str  # Its hash N, 64 digits.
    id: str
    origin: str
    kind: str
    status: str
    precedence: str
    classification: str
    handling: Sequence[str]
    tlp: str
    recipients: Sequence[Json]  # Of "member" and "role".
    expires_at: Optional[datetime.datetime]
    subject: str
    language: str
    content: Json
    problems: Sequence[str]  # What it lacks of what its kind asks for; other software may publish such a notice.
    thread: Optional[str]
    in_reply_to: Optional[str]
    supersedes: Sequence[str]
    cancels: Sequence[str]
    translation_of: Optional[str]
    reply_by: Optional[datetime.datetime]
    attachments: Sequence[Json]  # Of "name", "media_type" and "size".
    logged: bool  # False: not yet, or in the inbox not any more, since the hub lost the end of its log.
    witnessed: bool  # A quorum of the members' witnesses has cosigned the log with it, as the node knew when it answered.
    sealed: bool
    own: bool
    erased_at: Optional[datetime.datetime]
    key_id: str
    redelivered: bool  # Along a cursor: it may have been handed out along it before. False: it certainly was not.
    attempts: int  # Along a cursor: so often was it given back there.
    # All of it as the library gave it, with what a newer one has besides.
    json: Json = dataclasses.field(compare=False, repr=False)


@dataclasses.dataclass(frozen=True)
class Page:
    notices: Sequence[Notice]  # By arrival; along a cursor the urgent ones first.
    next: Position  # Where to go on: `after`, or what to commit().
    # Along a cursor: the node's disk took no note that these were handed out. Should the node end before it
    # does, they may come again with `redelivered` false.
    unmarked: bool = False


@dataclasses.dataclass(frozen=True)
class Deferral:
    """What became of a notice that was given back."""

    arrival: int
    attempts: int  # So often was it given back.
    due_at: datetime.datetime  # By the node's clock.
    quarantined_at: Optional[datetime.datetime]
    reason: str


@dataclasses.dataclass(frozen=True)
class DeferredEntry:
    """A notice that was given back. It has no content."""

    notice: Notice
    deferral: Deferral


@dataclasses.dataclass(frozen=True)
class DeferredPage:
    entries: Sequence[DeferredEntry]  # By arrival.
    next_after: int  # Where to go on.
    last: bool  # There is nothing behind it.


@dataclasses.dataclass(frozen=True)
class OutboxEntry:
    """A notice of the member's own, and what it came to. It has no content."""

    notice: Notice
    number: int  # In the order of publication.
    stage: str
    sent: bool  # It was signed once, and may have left.
    aside: bool  # It waits until the clocks of hub and node agree that it has not expired.
    application: str  # That published it.
    error: Optional[Json]  # Why it is refused, or was not taken yet.


@dataclasses.dataclass(frozen=True)
class OutboxPage:
    entries: Sequence[OutboxEntry]
    next_after: int  # Where to go on.
    last: bool  # There is nothing behind it.


@dataclasses.dataclass(frozen=True)
class Outcome:
    verdict: str  # "reached", "refused" (final), or "unknown": the time was up, ask again.
    stage: str
    index: Optional[int]
    accepted_at: Optional[datetime.datetime]
    error: Optional[Json]  # Why it is not reached: "code", "text", "detail", "remedy".


@dataclasses.dataclass(frozen=True)
class RecipientStage:
    member: str
    stage: str  # "delivered", "read" or "actioned", as the recipient itself says in a signed notice.
    at: Optional[datetime.datetime]
    index: int  # Of that notice in the log.


@dataclasses.dataclass(frozen=True)
class Details:
    notice: Notice
    stage: str
    recipient_stages: Sequence[RecipientStage]  # Of a notice of one's own: what its recipients say.
    d: Optional[str]
    leaf: Optional[str]
    envelope: Optional[bytes]


@dataclasses.dataclass(frozen=True)
class Stats:
    connected: bool
    connection_count: int
    request_count: int
    resend_count: int
    timeout_count: int


_TIMES = {"accepted_at", "created_at", "arrived_at", "expires_at", "reply_by", "erased_at"}


def time_text(time: datetime.datetime) -> str:
    """RFC 3339 in UTC; a time without a zone is taken as local time, as Python does."""
    return time.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")


def time_of(text: Optional[str]) -> Optional[datetime.datetime]:
    return None if text is None else datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def draft_json(draft: Draft) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for field in dataclasses.fields(draft):
        value = getattr(draft, field.name)
        if isinstance(value, datetime.datetime):
            out[field.name] = time_text(value)
        elif field.name == "content" or value not in ("", None, (), []):
            out[field.name] = value
    return out


def notice_of(json: Json) -> Notice:
    known = [field.name for field in dataclasses.fields(Notice) if field.name != "json"]
    return Notice(json=json, **{name: time_of(json[name]) if name in _TIMES else json[name] for name in known})


# A newer library gives more keys: those that are known here are picked out.
def outcome_of(json: Json) -> Outcome:
    return Outcome(verdict=json["verdict"], stage=json["stage"], index=json["index"],
                   accepted_at=time_of(json["accepted_at"]), error=json["error"])


def outbox_entry_of(json: Json) -> OutboxEntry:
    return OutboxEntry(notice=notice_of(json), number=json["number"], stage=json["stage"], sent=json["sent"],
                       aside=json["aside"], application=json["application"], error=json["error"])


def deferral_of(json: Json) -> Deferral:
    due_at = time_of(json["due_at"])
    assert due_at is not None
    return Deferral(arrival=json["arrival"], attempts=json["attempts"], due_at=due_at,
                    quarantined_at=time_of(json["quarantined_at"]), reason=json["reason"])


def error_of(json: Json) -> Error:
    return Error(number=json["number"], name=json["code"], text=json["text"], detail=json["detail"],
                 remedy=json["remedy"], retryable=json["retryable"], notice_id=json.get("notice_id", ""),
                 retry_after=json["retry_after_ms"] / 1000)


def attempts_json(notices: Iterable[Notice]) -> list[dict[str, int]]:
    return [{"arrival": notice.arrival, "attempts": notice.attempts} for notice in notices]


def stats_of(json: Json) -> Stats:
    return Stats(**{field.name: json[field.name] for field in dataclasses.fields(Stats)})
