#!/usr/bin/env python3
"""Follows the inbox with a durable cursor: each notice is handled at least once, also when this program is
killed and started again.

    follow.py client.toml
"""
import sys
import time

import chancery


def follow(node: chancery.Client) -> None:
    while True:
        try:
            page = node.read("example-py", wait=20)
            for notice in page.notices:
                print(notice.arrival, notice.origin, notice.kind, repr(notice.subject), flush=True)
            node.ack("example-py", page)  # Only now is it done with.
        except chancery.Error as error:
            if not error.retryable:
                raise
            print(error, file=sys.stderr)
            time.sleep(1)


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: follow.py CLIENT.TOML", file=sys.stderr)
        return 64
    try:
        with chancery.Client(sys.argv[1]) as node:
            follow(node)
    except KeyboardInterrupt:
        return 0
    except chancery.Error as error:
        print(error, error.remedy, sep="\n", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
