#!/usr/bin/env python3
"""Hands what arrives to another program: each notice is a line of JSON on its stdin.

    bridge.py client.toml 'threat.*' -- some-program --its-flags

The program answers each line with a line, when it is done with it; then the cursor moves. Answers it "later",
the notice is given back: it comes again in half a minute, and after ten attempts waits for a person (chancery
cursor deferred bridge-py --quarantined). If the program ends, so does this; what it did not answer comes again
at the next start.
"""
import json
import subprocess
import sys
import time

import chancery


def bridge(node: chancery.Client, kinds: list[str], command: list[str]) -> None:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin is not None and program.stdout is not None
        while True:
            try:
                page = node.read("bridge-py", kinds=kinds, wait=20)
                for notice in page.notices:
                    program.stdin.write(json.dumps(notice.json) + "\n")
                    program.stdin.flush()
                    answer = program.stdout.readline()
                    if not answer:
                        return
                    if answer.strip() == "later":
                        node.nack("bridge-py", notice, delay=30, attempts_max=10, reason="the program cannot take it")
                node.ack("bridge-py", page)  # What was given back stays so.
            except chancery.Error as error:
                if not error.retryable:
                    raise
                print(error, file=sys.stderr)
                time.sleep(1)


def main() -> int:
    words = sys.argv[1:]
    if "--" not in words or not words[words.index("--") + 1:] or words.index("--") == 0:
        print("usage: bridge.py CLIENT.TOML [KIND...] -- COMMAND...", file=sys.stderr)
        return 64
    split = words.index("--")
    try:
        with chancery.Client(words[0]) as node:
            bridge(node, words[1:split], words[split + 1:])
    except KeyboardInterrupt:
        return 0
    except (BrokenPipeError, OSError) as error:
        print(error, file=sys.stderr)
    except chancery.Error as error:
        print(error, error.remedy, sep="\n", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
