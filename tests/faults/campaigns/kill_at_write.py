"""kill -9 of hub, origin or recipient as it enters the n-th write, sync, truncation or send of a flow: every n.

The flows: one notice from publish to the recipient's inbox; one that gets its ticket while there is no hub; a
start after kill -9; a stop, in which the write-ahead log goes into the store. The n go on until a flow completes
untouched. Counts kills and the untouched ends. Passes where P1 to P10 hold.
"""
import pathlib
import signal

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
SPARE = 2  # A flow differs from run to run by a turn: beyond what was counted, it must end untouched.


def submitter(rig):
    config = rig.exchange / ORIGIN.lower() / "apps/desk/client.toml"
    made = load.Submitter(rigs.trial.BIN.parent / "tests/fault-submit", config, ORIGIN, [RECIPIENT], rig.log, rig.seed,
                          retry=1.0)
    rig.submitters.append(made)  # Not started: this thread hands over each notice itself.
    return made


def arrived(rig, notice):
    answer = rig.ask("inbox", "--as", RECIPIENT, "--last", "1")
    return answer.code == 0 and any(n["id"] == notice.id for n in answer.json["notices"])


def deliver(rig, origin, target, patience=5):
    """One notice through the exchange, or until the target is dead; where its outcome is unknown, the notice."""
    notice = load.Notice(rig.dice, ORIGIN, [RECIPIENT])
    origin.retry = 0.0  # It is asked again after the target was started, not before.
    unknown = origin.submit(notice) == "unknown"
    eventually(lambda: rig.daemons[target].process.poll() is not None or arrived(rig, notice), patience)
    return notice if unknown else None


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
            unknown = deliver(rig, origin, target, 0.3 if flow == "ticket" else 5)
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


def play(rig, faults):
    rig.start()
    origin = submitter(rig)
    deliver(rig, origin, "hub")
    for flow, target, nth in [points()[number] for number in faults]:
        killed = run_flow(rig, origin, flow, target, f"signal=KILL:when={nth}", rig.folder / "strace")
        rig.did(f"{target} in flow {flow!r}: {'kill -9 at' if killed else 'untouched by'} call {nth}")
        rig.notes["killed" if killed else "untouched"] += 1
        if killed and (flow, target, nth + 1) not in points():
            rig.notes["flow was longer than counted"] += 1  # Later calls of it were not tried.
        if rig.daemons[target].process.poll() is not None:
            rig.start(target)


def points():
    """(flow, target, n), from one run of each flow that is counted and not harmed."""
    if not POINTS:
        rig = rigs.Rig("points")
        try:
            rig.start()
            origin = submitter(rig)
            deliver(rig, origin, "hub")
            for flow in CALLS:
                for target in (ORIGIN,) if flow == "ticket" else TARGETS:
                    output = pathlib.Path(rig.folder / f"{flow}-{target}")
                    run_flow(rig, origin, flow, target, "", output)
                    if rig.daemons[target].process.poll() is not None:
                        rig.start(target)
                    POINTS.extend((flow, target, n + 1) for n in range(tracing.count_calls(output) + SPARE))
        finally:
            rig.end()
    return POINTS


POINTS = []


def total():
    return len(points())
