#!/usr/bin/env python3
"""Publishes one notice and waits until it is in the common log.

    publish.py client.toml "Subject"
"""
import sys

import chancery


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: publish.py CLIENT.TOML SUBJECT", file=sys.stderr)
        return 64
    draft = chancery.Draft(kind="threat.alert", status="test", precedence="priority", to=["members"],
                           subject=sys.argv[2], language="en",
                           content={"category": "THREAT_CATEGORY_CYBER", "summary": "A test."})
    try:
        with chancery.Client(sys.argv[1]) as node:
            ticket = node.publish(draft)
            print("queued", ticket.id)
            outcome = ticket.wait("logged", timeout=30)
    except chancery.Error as error:
        print(error, error.remedy, sep="\n", file=sys.stderr)
        return 2 if error.retryable else 1
    if outcome.verdict == "reached":
        print("logged at index", outcome.index)
        return 0
    print(outcome.verdict, outcome.error, file=sys.stderr)  # Unknown is no failure: ask again.
    return 1 if outcome.verdict == "refused" else 2


if __name__ == "__main__":
    sys.exit(main())
