"""Publishing and reading notices through the member's own Chancery node.

    import chancery

    with chancery.Client("client.toml") as node:
        ticket = node.publish(chancery.Draft(kind="contact", to=["members"], subject="A test",
                                                content={"counterpart": "none"}))
        print(ticket.wait("logged", timeout=30).verdict)

A thin layer over libchancery.so.0; Python's standard library only. docs/reference/client.md is the
reference, and python/examples shows programs.
"""
from chancery._client import Client, Ticket, kinds, new_notice_id, version
from chancery._types import (Deferral, DeferredEntry, DeferredPage, Details, Draft, Error, Notice, OutboxEntry,
                             OutboxPage, Outcome, Page, Position, RecipientStage, Stats)

__all__ = ["Client", "Deferral", "DeferredEntry", "DeferredPage", "Details", "Draft", "Error", "Notice", "OutboxEntry",
           "OutboxPage", "Outcome", "Page", "Position", "RecipientStage", "Stats", "Ticket", "kinds", "new_notice_id", "version"]
