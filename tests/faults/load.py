"""The load of a campaign: a submitter for each member, the side log in which they write what they know, and a reader."""
import json
import os
import random
import subprocess
import threading
import time
import uuid

import oracle

PRECEDENCES = ("deferred", "routine", "routine", "priority", "immediate", "flash")
PACE = 0.02  # Seconds between two notices of a submitter, on average.


class SideLog:
    """One JSON object a line, durable before append() returns."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.lock = threading.Lock()
        self.path = path

    def append(self, **entry):
        with self.lock:
            os.write(self.file, (json.dumps({"at": time.monotonic(), **entry}) + "\n").encode())
            os.fdatasync(self.file)

    def close(self):
        os.close(self.file)


def new_id(dice):
    """A UUIDv7; its random bits are the dice's, so that a seed makes the same ids but for the time."""
    value = int(time.time() * 1000) << 80 | 7 << 76 | dice.getrandbits(12) << 64 | 2 << 62 | dice.getrandbits(62)
    return str(uuid.UUID(int=value))


class Notice:
    def __init__(self, dice, origin, recipients):
        self.id, self.origin = new_id(dice), origin
        self.to = sorted(dice.sample(recipients, dice.randint(1, len(recipients))))
        self.precedence = dice.choice(PRECEDENCES)
        self.classification = "-"
        self.subject = f"{origin} {dice.getrandbits(48):012x}"
        self.summary = f"{dice.getrandbits(64):016x}" * dice.choice((1, 8, 64, 500))

    def key(self):
        return {"id": self.id, "digest": oracle.digest(self.subject, self.summary)}

    def line(self, wait_ms):
        return "\t".join((self.id, self.precedence, ",".join(self.to), self.classification, str(wait_ms), self.subject,
                          self.summary))


class Submitter(threading.Thread):
    """Publishes for one member until it is stopped. What it is told goes to the side log, at once.

    An unknown outcome is asked again with the same id, or left as it is, as the dice say; some notices are
    such as must be refused: a classification that there is not, another text under a used id.
    """

    def __init__(self, program, config, origin, recipients, log, seed, pace=PACE, retry=0.8):
        super().__init__(daemon=True)
        self.command = [program, config]
        self.origin, self.recipients, self.log, self.pace, self.retry = origin, recipients, log, pace, retry
        self.dice = random.Random(f"{seed} {origin}")
        self.stopping = threading.Event()
        self.lock = threading.Lock()  # Around `process`, which kill() takes from another thread.
        self.process = None
        self.acknowledged = 0
        self.heard_count = 0  # Words of the node.
        self.last = None
        self.error = None

    def run(self):
        try:
            while not self.stopping.is_set():
                self.submit(self.compose())
                self.stopping.wait(self.dice.expovariate(1 / self.pace) if self.pace else 0)
        except Exception as error:  # Shown by stop(); a thread of its own has nobody to tell.
            self.error = error
        finally:
            self.end()

    def compose(self):
        notice = Notice(self.dice, self.origin, self.recipients)
        kind = self.dice.random()
        if kind < 0.02:
            notice.classification = "cosmic"
        elif kind < 0.04 and self.last is not None:
            notice.id = self.last.id  # That one was acknowledged: this text must not enter under its id.
        return notice

    def submit(self, notice):
        """Once, or as often as the dice say while nobody knows."""
        wait_ms = 1000 if self.dice.random() < 0.1 else 0
        again = self.dice.random() < self.retry
        while True:
            word = self.hand_over(notice, wait_ms)
            if word in ("ok", "logged", "pending"):
                self.acknowledged += 1
                self.last = notice
            if word != "unknown" or not again or self.stopping.is_set():
                return word
            self.stopping.wait(0.05)

    def hand_over(self, notice, wait_ms):
        self.log.append(event="try", origin=self.origin, precedence=notice.precedence, to=notice.to, **notice.key())
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                self.start_process()
            process = self.process
        try:
            process.stdin.write(notice.line(wait_ms) + "\n")
            process.stdin.flush()
            word = self.hear(process, notice)
            if word == "ok" and wait_ms:
                word = self.hear(process, notice) or "ok"
        except BrokenPipeError:
            word = None
        if word is None:  # The application ended with it: it cannot know.
            word = "unknown"
            self.log.append(event="unknown", detail="the application was killed", **notice.key())
        return word

    def hear(self, process, notice):
        line = process.stdout.readline()
        self.heard_count += 1
        if not line.endswith("\n"):
            return None
        name, word, detail = line.rstrip("\n").split("\t")
        assert name == notice.id, (name, notice.id)
        self.log.append(event=word, detail=detail, **notice.key())
        return word

    def await_word(self, patience=1):
        """Until the node answers something; back at once, before that is written down."""
        count, end = self.heard_count, time.monotonic() + patience
        while self.heard_count == count and time.monotonic() < end:
            time.sleep(0)

    def start_process(self):
        if self.process is not None:
            self.close_pipes()
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def kill(self):
        """kill -9 of the application in the middle of whatever it does."""
        with self.lock:
            if self.process is not None:
                self.process.kill()
                self.process.wait()

    def stop(self):
        self.stopping.set()
        if self.ident is None:  # It was driven by hand.
            return self.end()
        self.join(30)
        if self.is_alive() or self.error is not None:
            raise RuntimeError(f"the submitter of {self.origin} does not end, or failed: {self.error!r}")

    def close_pipes(self):
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def end(self):
        with self.lock:
            if self.process is not None:
                self.close_pipes()
                self.process.kill()
                self.process.wait()


class Reader:
    """Reads along a cursor without a pause, from a node that is not restarted meanwhile."""

    def __init__(self, program, config):
        self.process = subprocess.Popen([program, config, "reader"], stdout=subprocess.PIPE, text=True)

    def stop(self):
        """(pages read, what it should not have been told)."""
        self.process.terminate()
        lines = self.process.communicate(timeout=30)[0].splitlines()
        if self.process.returncode != 0 or not lines:
            raise RuntimeError(f"the reader ended with {self.process.returncode}: {lines[-3:]}")
        return int(lines[-1].split("\t")[1]), lines[:-1]

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
