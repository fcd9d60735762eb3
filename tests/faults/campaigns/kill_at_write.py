"""kill -9 of hub, origin or recipient as it enters a call of a flow: each write, sync, truncation, unlink or send.

The flows: one notice from publish to the recipient's inbox; one that gets its ticket while there is no hub; a
start after kill -9; a stop, in which the write-ahead log goes into the store. Each flow is counted first, several
times, since runs differ by a turn. Of each call by its name the n-th is met, for n from 1 on, past the count where need
be, until the flow ends untouched; an n before which the flow ends is tried again. Counts kills. Passes where every call
was met that all counted runs had, and P1 to P10 hold.
"""
import collections
import pathlib
import shutil
import signal
import time

import load
import rig as rigs
import tracing
from trial import eventually

NEEDS = ("root", "strace")
COUNT = 20
MERGE = None
PER_ROUND = 20

ORIGIN, RECIPIENT = "AM", "BY"
TARGETS = ("hub", ORIGIN, RECIPIENT)
CALLS = {**dict.fromkeys(("deliver", "ticket", "start", "stop"), tracing.STORE_CALLS), "send": tracing.SEND_CALLS}
COUNTED = 3  # Runs of each flow.
TRIES = 5
RARE_TRIES = 2  # Of a call that not every counted run made.
BEYOND_MAX = 100  # Calls that a flow makes over its count: where it makes more, it does not end.
QUIET_SECONDS = 0.2

# A call to kill at. Every counted run of the flow made it `sure` times or more, and none more often than it has points.
Point = collections.namedtuple("Point", "flow target call nth sure is_last")


def submitter(rig):
    config = rig.exchange / ORIGIN.lower() / "apps/desk/client.toml"
    made = load.Submitter(rigs.trial.BIN.parent / "tests/fault-submit", config, ORIGIN, [RECIPIENT], rig.log, rig.seed,
                          retry=1.0)
    rig.submitters.append(made)  # Not started: this thread hands over each notice itself.
    return made


def arrived(rig, notice):
    answer = rig.ask("inbox", "--as", RECIPIENT, "--last", "1")
    return answer.code == 0 and any(n["id"] == notice.id for n in answer.json["notices"])


def deliver(rig, origin, target, patience=5, output=None):
    """One notice through the exchange and until nothing more is traced to `output`, or until the target is dead;
    where its outcome is unknown, the notice."""
    notice = load.Notice(rig.dice, ORIGIN, [RECIPIENT])
    origin.retry = 0.0  # It is asked again after the target was started, not before.
    unknown = origin.submit(notice) == "unknown"
    eventually(lambda: rig.daemons[target].process.poll() is not None or arrived(rig, notice), patience)
    if output is not None:
        await_quiet(rig.daemons[target], output)
    return notice if unknown else None


def await_quiet(daemon, output, patience=3):
    """What follows an arrival belongs to the flow: cursors, and that they were stored."""
    end = time.monotonic() + patience
    while daemon.process.poll() is None and time.monotonic() < end:
        before = lines_of(output)
        time.sleep(QUIET_SECONDS)
        if lines_of(output) == before:
            return


def lines_of(output):
    return output.read_bytes().count(b"\n") if output.exists() else 0


def run_flow(rig, origin, flow, target, rule, output):
    """True where the target was killed by the rule."""
    daemon = rig.daemons[target]
    if flow in ("start", "stop"):
        deliver(rig, origin, target)  # Or there is less to do each time.
        eventually(rig.in_step, 5)
        time.sleep(QUIET_SECONDS)  # Heads are signed, cursors stored: runs begin alike.
    if flow == "start":
        rig.kill(target)
        daemon.prefix = (*tracing.command(CALLS[flow], rule, output), "-D")
        daemon.start()
        daemon.prefix = ()
        if daemon.says(" ready ", 5):
            await_quiet(daemon, output)
        killed = was_killed(rig, target)
        if not killed:
            rig.kill(target)  # It is traced as long as it lives.
        return killed
    if flow == "ticket":
        rig.kill("hub")
    unknown = None
    with tracing.Strace(daemon, CALLS[flow], rule, output):
        if flow == "stop":
            daemon.stop()
        else:
            unknown = deliver(rig, origin, target, 0.3 if flow == "ticket" else 5, output)
    if flow == "ticket":
        rig.start("hub")
    if flow == "stop" and daemon.process.returncode == 0:
        rig.start(target)
    killed = was_killed(rig, target)
    if unknown is not None:
        if killed:
            rig.start(target)
        # An application takes a moment to find a node that was started again; where it is never asked again, nothing
        # was acknowledged that could be lost.
        eventually(lambda: origin.hand_over(unknown, 0) != "unknown", 5)
    return killed


def was_killed(rig, target):
    code = rig.daemons[target].process.poll()
    if code not in (None, -signal.SIGKILL):
        rig.finds("P10", f"{target} ended by itself, {rigs.how(code)}: {rig.last_words(target)}")
    return code is not None


def kill_at(rig, origin, point, nth):
    """True where the flow came to that call."""
    flow, target = point.flow, point.target
    killed = run_flow(rig, origin, flow, target, f"{point.call}:signal=KILL:when={nth}", rig.folder / "strace")
    rig.did(f"{target} in flow {flow!r}: {'kill -9 at' if killed else 'untouched by'} {point.call} {nth}")
    rig.notes["killed" if killed else "untouched"] += 1
    rig.touched += killed
    if rig.daemons[target].process.poll() is not None:
        rig.start(target)
    return killed


def play(rig, faults):
    rig.touched = 0
    rig.start()
    origin = submitter(rig)
    deliver(rig, origin, "hub")
    for point in [points()[number] for number in faults]:
        met = any(kill_at(rig, origin, point, point.nth) for _ in range(TRIES if point.nth <= point.sure else RARE_TRIES))
        if not met and point.nth <= point.sure:
            judge_miss(rig, origin, point)
        if met and point.is_last:
            go_on(rig, origin, point)


def judge_miss(rig, origin, point):
    """Where the flow still makes that call each time when it is counted, the campaign does not do what it says."""
    sure = min(count_flow(rig, origin, point.flow, point.target)[point.call] for _ in range(COUNTED))
    if sure < point.nth:
        rig.notes["not in each run"] += 1
    else:
        rig.finds("cover", f"{point.target} in flow {point.flow!r} did not come to {point.call} {point.nth} in {TRIES} "
                           f"runs, and makes {sure} in each that is counted")


def go_on(rig, origin, point):
    """Past what was counted, until the flow ends untouched."""
    for nth in range(point.nth + 1, point.nth + BEYOND_MAX):
        if not kill_at(rig, origin, point, nth):
            return
        rig.notes["past the count"] += 1
    rig.finds("cover", f"{point.target} in flow {point.flow!r} does not end before {point.call} {point.nth + BEYOND_MAX}")


def points():
    """Of all flows, counted in runs that are not harmed."""
    if not POINTS:
        rig = rigs.Rig("points")
        try:
            rig.start()
            origin = submitter(rig)
            deliver(rig, origin, "hub")
            for flow in CALLS:
                for target in (ORIGIN,) if flow == "ticket" else TARGETS:
                    counts = [count_flow(rig, origin, flow, target) for _ in range(COUNTED)]
                    POINTS.extend(points_of(flow, target, counts))
        finally:
            rig.end()
            shutil.rmtree(rig.folder, ignore_errors=True)
    return POINTS


def points_of(flow, target, counts):
    """Of each call that any of the counted runs made."""
    for call in sorted(set().union(*counts)):
        most = max(count[call] for count in counts)
        for n in range(1, most + 1):
            yield Point(flow, target, call, n, min(count[call] for count in counts), n == most)


def count_flow(rig, origin, flow, target):
    output = pathlib.Path(rig.folder / f"{flow}-{target}")
    output.unlink(missing_ok=True)
    run_flow(rig, origin, flow, target, "", output)
    if rig.daemons[target].process.poll() is not None:
        rig.start(target)
    return tracing.count_calls(output)


POINTS = []


def total():
    return len(points())
