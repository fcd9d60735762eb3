"""The peak memory of daemons (VmHWM), whoever ends them: by us, by a fault, by themselves."""
import contextlib
import pathlib
import threading

import trial

SAMPLE_SECONDS = 0.05  # What a process takes in the last moment before a kill that is not ours is not seen.


class Peaks:
    """By name of a daemon, over all its processes. A thread looks at each that runs; what we end is looked at before."""

    def __init__(self):
        self.bytes = {}
        self.daemons = {}
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.over.wait(SAMPLE_SECONDS):
            for name in list(self.daemons):
                self.sample(name)

    def daemon(self, name, *arguments):
        made = self.daemons[name] = Watched(*arguments)
        made.before_end = lambda: self.sample(name)
        return made

    def sample(self, name):
        process = self.daemons[name].process
        if process is not None and process.returncode is None:  # Not reaped yet: the pid is its own.
            peak = peak_bytes(process.pid)
            with self.lock:
                self.bytes[name] = max(self.bytes.get(name, 0), peak)

    def end(self):
        self.over.set()
        self.thread.join()


class Watched(trial.Daemon):
    def stop(self, *arguments):
        self.before_end()
        return super().stop(*arguments)

    def end(self):
        self.before_end()
        super().end()


def peak_bytes(pid):
    """Peak resident memory of a process; 0 where it just went."""
    with contextlib.suppress(OSError, StopIteration):
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) << 10
    return 0
