"""Faults at an exact system call of a daemon, by strace: killed as it enters its n-th write, or told that
its n-th fsync failed. strace counts for each thread; a daemon's store is written by one thread."""
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
    """strace of these calls, with the rule of `inject` unless it is empty."""
    inject = ["-e", f"inject={calls}:{rule}"] if rule else []
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
    """The calls that one thread made, of the thread that made most: one a line, each begun with its pid."""
    by_thread = {}
    for line in pathlib.Path(output).read_text().splitlines():
        found = re.match(r"(\d+) +(\w+)\(", line)
        if found:
            by_thread[found[1]] = by_thread.get(found[1], 0) + 1
    return max(by_thread.values(), default=0)
