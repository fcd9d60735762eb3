"""The one judge of all fault campaigns: what submitters wrote down, against what the exchange shows.

The side log is the submitters' own, and no fault touches it. Each line of it is an object:

  {"at": seconds, "event": "try", "id", "digest", "origin", "precedence", "to": [members]}
  {"at": seconds, "event": "ok" | "logged" | "refused" | "unknown" | "pending", "id", "digest", "detail"}

`try` is written before the notice is handed over, the rest when an answer came, or when it is clear that
none will (`unknown`). A notice may be tried often; a digest stands for its text, so another text under the
same id is another attempt. What must hold:

  P1  no acknowledged notice is lost
  P2  none is twice in an inbox, or returns to a cursor that is past it
  P3  of one origin, recipient and precedence, notices arrive in order
  P5  nothing arrives that was not submitted so
  P6  what was refused at any try never arrives; what is unknown arrives everywhere or nowhere
  P7  within a minute after healing everything is delivered
  P8  every store passes the audit, and all have one log
  P9  no process takes more memory than it may
  P10 no process ends but by us

This module knows P1 to P6; the rig, which sees processes and stores, finds the others.
"""
import collections
import hashlib
import json

Finding = collections.namedtuple("Finding", "property notice text")


def digest(subject, summary):
    return hashlib.sha256(f"{subject}\n{summary}".encode()).hexdigest()[:24]


class Attempt:
    """One text under one id, and all that its submitter knows of it."""

    def __init__(self, entry):
        self.id, self.digest, self.origin = entry["id"], entry["digest"], entry["origin"]
        self.precedence, self.to = entry["precedence"], sorted(entry["to"])
        self.tried_at, self.ok_at, self.index = entry["at"], None, None
        self.refused = False

    def take(self, entry):
        event = entry["event"]
        if event in ("ok", "logged") and self.ok_at is None:
            self.ok_at = entry["at"]
        if event == "logged":
            self.index = int(entry["detail"])
        if event == "refused":
            self.refused = True

    @property
    def outcome(self):
        """`ok` stands whatever comes later. `refused` also where an earlier try had no answer: what was taken once is
        answered as it was when it is asked for again."""
        if self.ok_at is not None:
            return "ok"
        return "refused" if self.refused else "unknown"


def attempts(log):
    """All attempts of a side log, by id and digest."""
    found = {}
    for entry in log:
        key = entry["id"], entry["digest"]
        if entry["event"] == "try":
            found.setdefault(key, Attempt(entry))
        else:
            found[key].take(entry)
    return found


def read_log(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def arrivals(inbox):
    """The notices of others, by arrival: (attempt's key, the notice as `chancery inbox --json` shows it).

    One whose text was erased has the key of none that was submitted.
    """
    def summary(notice):
        return (notice["content"] or {}).get("summary", "")

    return [((n["id"], digest(n["subject"], summary(n))), n) for n in inbox if not n["own"]]


def judge(log, inboxes):
    """Findings on a side log and the inboxes of all members that have one: {member: [notice]}."""
    known = attempts(log)
    findings = []
    seen = collections.defaultdict(dict)  # Attempt's key: {member: index}
    for member, inbox in sorted(inboxes.items()):
        found = arrivals(inbox)
        findings += strangers(member, found, known)
        findings += repeated(member, found)
        findings += disorder(member, found, known)
        for key, notice in found:
            seen[key].setdefault(member, notice["index"])
    for key, attempt in known.items():
        findings += settled(attempt, seen.get(key, {}), [m for m in attempt.to if m in inboxes])
    return findings


def strangers(member, found, known):
    for key, notice in found:
        attempt = known.get(key)
        if attempt is None:
            yield Finding("P5", key[0], f"{member} has a notice of {notice['origin']} that nobody submitted so")
            continue
        was = (notice["origin"], notice["precedence"], sorted(r["member"] for r in notice["recipients"]))
        if was != (attempt.origin, attempt.precedence, attempt.to) or member not in attempt.to:
            yield Finding("P5", key[0], f"{member} has it as {was}, submitted as {attempt.origin}, "
                                        f"{attempt.precedence}, {attempt.to}")


def repeated(member, found):
    for name in ("id", "notice", "arrival", "index"):
        count = collections.Counter(notice[name] for _, notice in found)
        ids = {notice[name]: key[0] for key, notice in found}
        for value, times in count.items():
            if times > 1:
                yield Finding("P2", ids[value], f"{member} has {name} {value} {times} times")


def disorder(member, found, known):
    lanes = collections.defaultdict(list)
    for key, notice in found:
        lanes[notice["origin"], notice["precedence"]].append((key, notice))
    for (origin, precedence), lane in lanes.items():
        where = f"at {member}, from {origin}, {precedence}"
        for (_, before), (key, after) in zip(lane, lane[1:]):
            if after["created_at"] < before["created_at"] or after["index"] <= before["index"]:
                yield Finding("P3", key[0], f"{where}: created {after['created_at']}, index {after['index']}, comes after "
                                            f"{before['created_at']}, index {before['index']}")
        # Acknowledged before another was handed over: it must not come after that one.
        earliest = (float("inf"), None)
        for key, _ in reversed(lane):
            attempt = known.get(key)
            if attempt is None:
                continue
            if earliest[0] < attempt.tried_at:
                yield Finding("P3", key[0], f"{where}: comes before {earliest[1]}, which was acknowledged "
                                            f"{attempt.tried_at - earliest[0]:.3f} s before this was submitted")
            if attempt.ok_at is not None and attempt.ok_at < earliest[0]:
                earliest = (attempt.ok_at, key[0])


def settled(attempt, seen, expected):
    """Whether one attempt is where it must be, and nowhere else."""
    missing = [member for member in expected if member not in seen]
    if attempt.outcome == "ok" and missing:
        yield Finding("P1", attempt.id, f"acknowledged to {attempt.origin}, not at {', '.join(missing)}")
    if attempt.outcome == "ok" and attempt.refused:
        yield Finding("P1", attempt.id, f"acknowledged to {attempt.origin}, and refused later")
    if attempt.outcome == "refused" and seen:
        yield Finding("P6", attempt.id, f"refused to {attempt.origin}, and at {', '.join(sorted(seen))}")
    if attempt.outcome == "unknown" and seen and missing:
        yield Finding("P6", attempt.id, f"outcome unknown, at {', '.join(sorted(seen))}, not at {', '.join(missing)}")
    indices = set(seen.values()) | ({attempt.index} if attempt.index is not None else set())
    if len(indices) > 1:
        yield Finding("P5", attempt.id, f"is at several places of the log: {sorted(indices)}")


def cursor_findings(member, pages, inbox):
    """What a durable cursor gave, page by page, each done with before the next was asked for."""
    given = [arrival for page in pages for arrival in page]
    for arrival, times in collections.Counter(given).items():
        if times > 1:
            yield Finding("P2", None, f"a cursor at {member} gave arrival {arrival} {times} times")
    for notice in inbox:
        if notice["arrival"] not in given:
            yield Finding("P1", notice["id"], f"a cursor at {member} passed it by")
