"""kill -9 of hub, origin or recipient as it enters the n-th write, sync, truncation or send of a flow: every n.

The flows: one notice from publish to the recipient's inbox; one that gets its ticket while there is no hub; a
start after kill -9; a stop, in which the write-ahead log goes into the store. Each flow is counted first, several
times, since runs differ by a turn. The n go on, past the count where need be, until the flow ends untouched; an n
that every counted run had is tried again where the flow ends before it. Counts kills. Passes where every such n
was met, and P1 to P10 hold.
"""
import collections
import pathlib
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
BEYOND_MAX = 100  # Calls that a flow makes over its count: where it makes more, it does not end.
QUIET_SECONDS = 0.2

# A call to kill at. Every counted run of the flow made the first `sure` calls, and none more than it has points.
Point = collections.namedtuple("Point", "flow target nth sure is_last")


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
        before = output.stat().st_size
        time.sleep(QUIET_SECONDS)
        if output.stat().st_size == before:
            return


def run_flow(rig, origin, flow, target, rule, output):
    """True where the target was killed by the rule."""
    daemon = rig.daemons[target]
    if flow == "start":
        rig.kill(target)
        daemon.prefix = (*tracing.command(CALLS[flow], rule, output), "-D")
        daemon.start()
        daemon.prefix = ()
        daemon.says(" ready ", 5)
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
        origin.hand_over(unknown, 0)
    return killed


def was_killed(rig, target):
    code = rig.daemons[target].process.poll()
    if code not in (None, -signal.SIGKILL):
        rig.finds("P10", f"{target} ended by itself, {rigs.how(code)}: {rig.last_words(target)}")
    return code is not None


def kill_at(rig, origin, point, nth):
    """True where the flow came to that call."""
    flow, target = point.flow, point.target
    killed = run_flow(rig, origin, flow, target, f"signal=KILL:when={nth}", rig.folder / "strace")
    rig.did(f"{target} in flow {flow!r}: {'kill -9 at' if killed else 'untouched by'} call {nth}")
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
        met = any(kill_at(rig, origin, point, point.nth) for _ in range(TRIES if point.nth <= point.sure else 1))
        if not met and point.nth <= point.sure:
            rig.finds("cover", f"{point.target} in flow {point.flow!r} did not come to call {point.nth} in {TRIES} runs, "
                               f"and made {point.sure} in each that was counted")
        if met and point.is_last:
            go_on(rig, origin, point)


def go_on(rig, origin, point):
    """Past what was counted, until the flow ends untouched."""
    for nth in range(point.nth + 1, point.nth + BEYOND_MAX):
        if not kill_at(rig, origin, point, nth):
            return
        rig.notes["past the count"] += 1
    rig.finds("cover", f"{point.target} in flow {point.flow!r} does not end before call {point.nth + BEYOND_MAX}")


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
                    POINTS.extend(Point(flow, target, n, min(counts), n == max(counts))
                                  for n in range(1, max(counts) + 1))
        finally:
            rig.end()
    return POINTS


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
