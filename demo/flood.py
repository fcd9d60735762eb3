#!/usr/bin/env python3
"""An earthquake alert overtakes a flood of routine notices.

flood.py --bin FOLDER [--flood N] [--keep FOLDER]

Hub, six nodes and the command, as they are shipped. N routine notices to everybody wait in one member's outbox, of more than 50,000 in those
of two, and the alert is published after all of them. Exit 0 only if every check held. --keep leaves everything it made in FOLDER. Standard library only.
"""
import sys

import second_act
from stage import Exchange, arguments_of, perform


def run(arguments, folder, report):
    exchange = Exchange(arguments.bin, folder)
    exchange.make()
    second_act.play(exchange, report, arguments.flood, acts=(second_act.flash,))


EPILOGUE = """What is urgent waits for nothing that is not, however much of it there is, and nothing
that waited was lost, doubled or put in another order for it."""


def main():
    parser = arguments_of(__doc__, bin="where chancery and the daemons are")
    parser.add_argument("--flood", type=int, default=100_000, metavar="N", help="routine notices that the alert overtakes (100000)")
    arguments = parser.parse_args()
    programs = [arguments.bin / name for name in ("chancery", "chancery-broker", "chancery-node", "demo-flood")]
    return perform(parser, arguments, programs, run, EPILOGUE)


if __name__ == "__main__":
    sys.exit(main())
