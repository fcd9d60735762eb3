"""The connection to the member's node."""
from __future__ import annotations

import ctypes
import datetime
import json
import os
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Optional, Union

from chancery import _abi
from chancery._types import (Deferral, DeferredEntry, DeferredPage, Details, Draft, Error, Json, Notice, OutboxPage,
                             Outcome, Page, Position, RecipientStage, Stats, attempts_json, deferral_of, draft_json,
                             error_of, notice_of, outbox_entry_of, outcome_of, stats_of, time_of, time_text)

BATCH_BYTES = 1 << 20  # Of drafts, in one call of the library: a document has 4 MiB at most.
SLICE = 0.5  # Seconds inside of the library at a time: so long does Ctrl-C wait.


def new_notice_id() -> str:
    """A UUIDv7. Store it before publishing where a crash must not publish twice."""
    return _abi.taken_text("chancery_new_notice_id")


def kinds() -> Sequence[Json]:
    """The kinds that the library can make and read: "kind", "title" and "fields" of each."""
    found: Sequence[Json] = json.loads(_abi.taken_text("chancery_kinds"))["kinds"]
    return found


def version() -> str:
    """Of the library that runs."""
    text: bytes = _abi.call("chancery_version")
    return text.decode()


def _texts(value: Union[str, Sequence[str]]) -> Union[str, list[str]]:
    """One text is one of them, and not its letters."""
    return value if isinstance(value, str) and value else list(value)


class Ticket:
    """A published notice. It waits through the client that published it, while that is open."""

    def __init__(self, client: Client, ticket: Json) -> None:
        self._client = client
        self.id: str = ticket["id"]
        self.notice: str = ticket["notice"]
        self.recipients: Sequence[str] = ticket["recipients"]

    def wait(self, stage: str = "logged", timeout: float = 30) -> Outcome:
        return self._client.wait(self.id, stage, timeout)


class Client:
    """Returns without waiting for the node: whether it is there shows with the first call.

    Any thread may call any function at any time. In the child of a fork each call is "after-fork": open
    another there. As a context it closes itself. Errors are raised as chancery.Error.
    """

    def __init__(self, file: Union[str, os.PathLike[str], None] = None, **options: Union[str, int]) -> None:
        """From a client.toml, with single options instead of the file's, or from options alone:
        node, node_key, key, connect_timeout_ms, request_timeout_ms, request_count_max."""
        self._handle = ctypes.c_void_p()
        made = ctypes.c_void_p()
        if file is None:
            _abi.call("chancery_options_new", ctypes.byref(made))
        else:
            _abi.call("chancery_options_from_file", _abi.c_text(os.fspath(file)), ctypes.byref(made))
        try:
            for name, value in options.items():
                _abi.call("chancery_options_set", made, _abi.c_text(name), _abi.c_text(str(value)))
            _abi.call("chancery_open", made, ctypes.byref(self._handle))
        finally:
            _abi.call("chancery_options_free", made)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle:
            _abi.call("chancery_close", handle)

    def close(self) -> None:
        """Ends calls that other threads have under way. After it each call is "client-closed"."""
        _abi.call("chancery_close", self._handle)

    def publish(self, draft: Draft) -> Ticket:
        """Returns when the notice is durable in the node's outbox. After "unknown-outcome" or
        "no-daemon", publish the same draft with the error's notice_id: it stays one notice."""
        text = _abi.taken_text("chancery_publish", self._handle, _abi.c_text(json.dumps(draft_json(draft))))
        return Ticket(self, json.loads(text))

    def publish_until(self, draft: Draft, stage: str = "logged", timeout: float = 30) -> tuple[Ticket, Outcome]:
        """As publish() and then wait(), in one way to the node: for those who wait for each notice. The time counts
        from the call. Raises what publish() does; what keeps it from waiting for what was published is in the outcome."""
        ticket = ctypes.c_void_p()
        begun = time.monotonic()
        text = _abi.taken_text("chancery_publish_until", self._handle, _abi.c_text(json.dumps(draft_json(draft))),
                               _abi.c_text(stage), int(max(0.0, min(timeout, SLICE)) * 1000), ctypes.byref(ticket), None)
        published = Ticket(self, json.loads(_abi.text_of(ticket)))
        outcome = json.loads(text)
        left = timeout - (time.monotonic() - begun)
        if outcome["verdict"] != "unknown" or left <= 0:
            return published, outcome_of(outcome)
        try:
            return published, published.wait(stage, left)
        except Error as error:
            said = {"code": error.name, "text": error.text, "detail": error.detail, "remedy": error.remedy}
            return published, outcome_of({**outcome, "error": {**outcome["error"], **said}})

    def acknowledge(self, name: str, level: str, remark: str = "") -> Ticket:
        """Publishes that people here read a notice of another member (level "read") or acted on it ("actioned"),
        to its origin. Named as for show()."""
        text = _abi.taken_text("chancery_acknowledge", self._handle, _abi.c_text(name), _abi.c_text(level),
                               _abi.c_text(remark))
        return Ticket(self, json.loads(text))

    def publish_batch(self, drafts: Iterable[Draft]) -> list[Union[Ticket, Error]]:
        """Many notices, on their way side by side: in their order, the ticket of each or the error why it was
        not taken. Some may be taken and others not; publish those again whose error is retryable, with its
        notice_id."""
        results: list[Union[Ticket, Error]] = []
        batch: list[str] = []
        for draft in drafts:
            text = json.dumps(draft_json(draft))
            if batch and sum(map(len, batch)) + len(text) > BATCH_BYTES:
                results += self._publish_texts(batch)
                batch = []
            batch.append(text)
        return results + (self._publish_texts(batch) if batch else [])

    def _publish_texts(self, drafts: list[str]) -> list[Union[Ticket, Error]]:
        try:
            given = _abi.taken_text("chancery_publish_batch", self._handle,
                                    _abi.c_text(f'{{"drafts": [{", ".join(drafts)}]}}'))
        except Error as error:
            return [error for _ in drafts]
        return [Ticket(self, each) if each["error"] is None else error_of(each["error"])
                for each in json.loads(given)["results"]]

    def wait(self, id: str, stage: str = "logged", timeout: float = 30) -> Outcome:
        end = time.monotonic() + timeout
        while True:
            left = max(0.0, end - time.monotonic())
            text = _abi.taken_text("chancery_wait", self._handle, _abi.c_text(id), _abi.c_text(stage),
                                   int(min(left, SLICE) * 1000), None)
            outcome = json.loads(text)
            if outcome["verdict"] != "unknown" or left <= SLICE:
                return outcome_of(outcome)

    def inbox(self, *, after: Position = Position(), last: int = 0, limit: int = 100, origins: Sequence[str] = (),
              kinds: Sequence[str] = (), precedence_min: Optional[str] = None,
              since: Optional[datetime.datetime] = None, wait: float = 0, statuses: Sequence[str] = ()) -> Page:
        """What arrived after a position; waits so many seconds for something, where nothing is there."""
        return self._page("", after, last, limit, origins, kinds, statuses, precedence_min, since, wait)

    def read(self, cursor: str, *, after: Position = Position(), limit: int = 100, origins: Sequence[str] = (),
             kinds: Sequence[str] = (), precedence_min: Optional[str] = None,
             since: Optional[datetime.datetime] = None, wait: float = 0, statuses: Sequence[str] = ()) -> Page:
        """From where the durable cursor of this name stands, or from `after` where that is further;
        urgent notices first. The cursor moves by commit() only."""
        if not cursor:
            raise _abi.make_error("bad-argument", "the cursor has no name")
        return self._page(cursor, after, 0, limit, origins, kinds, statuses, precedence_min, since, wait)

    def commit(self, cursor: str, done: Position) -> Position:
        """Everything up to here is done with. Gives where the cursor now stands: it never goes back."""
        stands = _abi.Position()
        _abi.call("chancery_commit", self._handle, _abi.c_text(cursor),
                  ctypes.byref(_abi.Position(done.arrival, done.arrival_urgent)), ctypes.byref(stands))
        return Position(stands.arrival, stands.arrival_urgent)

    def ack(self, cursor: str, done: Union[Page, Notice]) -> Position:
        """Everything of the page is done with: it ends where the cursor now is, and what in it had been given
        back comes no more; or one notice is, once the cursor has passed by it. What was given back since it was
        read stays so."""
        notices, position = ([done], Position()) if isinstance(done, Notice) else (done.notices, done.next)
        page = json.dumps({"notices": attempts_json(notices), "next_after": position.arrival,
                           "next_after_urgent": position.arrival_urgent})
        stands = _abi.Position()
        _abi.call("chancery_ack", self._handle, _abi.c_text(cursor), _abi.c_text(page), ctypes.byref(stands))
        return Position(stands.arrival, stands.arrival_urgent)

    def nack(self, cursor: str, *notices: Notice, delay: float = 0, attempts_max: int = 0, quarantine: bool = False,
             reason: str = "") -> Sequence[Deferral]:
        """Not now: gives back notices that were read along the cursor. They let it pass, and come again along it
        after so many seconds; given back `attempts_max` times (0 is never), or with `quarantine` at once, they
        come no more until they are redriven. Gives what became of them."""
        order = json.dumps({"notices": attempts_json(notices), "delay_ms": int(delay * 1000),
                            "attempts_max": attempts_max, "quarantine": quarantine, "reason": reason})
        given = json.loads(_abi.taken_text("chancery_nack", self._handle, _abi.c_text(cursor), _abi.c_text(order)))
        return [deferral_of(each) for each in given["deferrals"]]

    def deferred(self, cursor: str, *, after: int = 0, limit: int = 100, waiting: bool = False,
                 quarantined: bool = False) -> DeferredPage:
        """What was given back along the cursor: only what waits, only what is quarantined, or both."""
        query = json.dumps({"after": after, "limit": limit, "waiting": waiting, "quarantined": quarantined})
        page = json.loads(_abi.taken_text("chancery_deferred", self._handle, _abi.c_text(cursor),
                                          _abi.c_text(query)))
        return DeferredPage([DeferredEntry(notice_of(each), deferral_of(each)) for each in page["notices"]],
                            page["next_after"], page["last"])

    def redrive(self, cursor: str, arrivals: Optional[Iterable[int]] = None) -> int:
        """These come again now, whether they wait or are quarantined; without any named, all that are
        quarantined. Gives how many."""
        which = json.dumps({"all": True} if arrivals is None else {"arrivals": list(arrivals)})
        count = ctypes.c_uint64()
        _abi.call("chancery_redrive", self._handle, _abi.c_text(cursor), _abi.c_text(which), ctypes.byref(count))
        return count.value

    def reset(self, cursor: str, to: Position) -> Position:
        """Puts the cursor there, also backwards: what was read comes again, and what was given back stays so."""
        stands = _abi.Position()
        _abi.call("chancery_reset", self._handle, _abi.c_text(cursor),
                  ctypes.byref(_abi.Position(to.arrival, to.arrival_urgent)), ctypes.byref(stands))
        return Position(stands.arrival, stands.arrival_urgent)

    def cursors(self) -> dict[str, Position]:
        """Those of this application, by name."""
        found = json.loads(_abi.taken_text("chancery_cursors", self._handle))
        return {each["cursor"]: Position(each["arrival"], each["arrival_urgent"]) for each in found["cursors"]}

    def outbox(self, *, after: int = 0, limit: int = 100, stages: Sequence[str] = ()) -> OutboxPage:
        """What the member published of the kinds that this application may publish, oldest first:
        "queued", "logged" and "refused", or some of them."""
        query = json.dumps({"after": after, "limit": limit, "stages": list(stages)})
        page = json.loads(_abi.taken_text("chancery_outbox", self._handle, _abi.c_text(query)))
        return OutboxPage([outbox_entry_of(entry) for entry in page["notices"]], page["next_after"], page["last"])

    def cancel(self, id: str) -> Outcome:
        """Withdraws a notice that was not sent yet; afterwards it is "already-sent"."""
        return outcome_of(json.loads(_abi.taken_text("chancery_cancel", self._handle, _abi.c_text(id))))

    def retry(self, id: str) -> Outcome:
        """Has a notice that was refused, or waits aside, sent again."""
        return outcome_of(json.loads(_abi.taken_text("chancery_retry", self._handle, _abi.c_text(id))))

    def show(self, name: str) -> Details:
        """By the notice's hash or at least 8 digits of it, by its id, or by its index."""
        found = json.loads(_abi.taken_text("chancery_show", self._handle, _abi.c_text(name)))
        envelope = found["envelope"]
        said = [RecipientStage(member=each["member"], stage=each["stage"], at=time_of(each["at"]), index=each["index"])
                for each in found.get("recipient_stages", ())]
        return Details(notice=notice_of(found), stage=found["stage"], recipient_stages=said, d=found["d"],
                       leaf=found["leaf"], envelope=None if envelope is None else bytes.fromhex(envelope))

    def stats(self) -> Stats:
        return stats_of(json.loads(_abi.taken_text("chancery_stats_json", self._handle)))

    def _page(self, cursor: str, after: Position, last: int, limit: int, origins: Sequence[str],
              kinds: Sequence[str], statuses: Sequence[str], precedence_min: Optional[str],
              since: Optional[datetime.datetime], wait: float) -> Page:
        query: dict[str, Any] = {"last": last, "limit": limit, "origins": _texts(origins), "kinds": _texts(kinds),
                                 "statuses": _texts(statuses)}
        if precedence_min is not None:
            query["precedence_min"] = precedence_min
        if since is not None:
            query["since"] = time_text(since)
        end = time.monotonic() + wait
        while True:
            left = max(0.0, end - time.monotonic())
            query.update(after=after.arrival, after_urgent=after.arrival_urgent, wait_ms=int(min(left, SLICE) * 1000))
            page = self._one_page(cursor, query)
            # A page without notices may have more behind it: the node looks at so many rows at a time.
            if page.notices or left == 0:
                return page
            after = page.next

    def _one_page(self, cursor: str, query: Json) -> Page:
        words = [_abi.c_text(json.dumps(query)), None]
        if cursor:
            text = _abi.taken_text("chancery_read", self._handle, _abi.c_text(cursor), *words)
        else:
            text = _abi.taken_text("chancery_inbox", self._handle, *words)
        page = json.loads(text)
        return Page([notice_of(notice) for notice in page["notices"]],
                    Position(page["next_after"], page["next_after_urgent"]), page.get("unmarked", False))
