"""Faults at an exact system call of a daemon, by strace: killed as it enters its n-th write, or told that
its n-th fsync failed. strace counts for each thread and for each call by its name: the n-th of several calls is that of
which there are n first. A daemon's store is written by one thread."""
import collections
import pathlib
import re
import signal
import subprocess

from trial import eventually

STORE_CALLS = "pwrite64,fdatasync,fsync,ftruncate,unlink"
SYNC_CALLS = "fdatasync,fsync"
SEND_CALLS = "sendto"
DETACH_SECONDS = 3


def command(calls, rule, output):
    """strace of these calls, with a rule `CALLS:WHAT:WHEN` of `inject` unless it is empty."""
    inject = ["-e", f"inject={rule}"] if rule else []
    return ["strace", "-f", "-qq", "-o", output, "-e", f"trace={calls}", "-e", "signal=none", *inject]


class Strace:
    """Attached to a running daemon; `with` detaches it."""

    def __init__(self, daemon, calls, rule, output):
        self.daemon, self.output = daemon, output
        self.process = subprocess.Popen([*command(calls, rule, output), "-p", str(daemon.process.pid)],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        if not eventually(self.is_attached, 10):
            raise RuntimeError("strace does not attach")
        return self

    def is_attached(self):
        if self.daemon.process.poll() is not None:
            return True  # The rule met it at once.
        tasks = pathlib.Path(f"/proc/{self.daemon.process.pid}/task").glob("*/status")
        return all(re.search(r"^TracerPid:\t[1-9]", task.read_text(), re.M) for task in tasks)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(DETACH_SECONDS)
        except subprocess.TimeoutExpired:  # It waits for threads of a process that died as it attached.
            self.process.kill()
            self.process.wait()


def count_calls(output):
    """How often one thread made each call, of the thread that made it most: one a line, each begun with its pid."""
    by_thread = collections.Counter(re.findall(r"^(\d+) +(\w+)\(", pathlib.Path(output).read_text(), re.M))
    counts = collections.Counter()
    for (_, call), count in by_thread.items():
        counts[call] = max(counts[call], count)
    return counts
