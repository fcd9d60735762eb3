#!/usr/bin/env python3
"""Every verb on every denial: what it ends with, and that it says why and what to do. TABLE has a cell for each verb of
--help and each denial; a verb that is not in it, or a cell that is neither a case nor a reason, fails. docs/reference/cli.md."""
import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import ROOT, Trial, chancery  # noqa: E402

DENIALS = ["no daemon", "wrong key", "no grant", "wrong type", "unknown name", "Ctrl-C"]
AM, KZ, NONE = ["--exchange", "{x}", "--as", "AM"], ["--exchange", "{x}", "--as", "KZ"], "ab" * 32
ID = "01890a5d-ac96-774b-bcce-b302099a8057"
NOTICE = ["--kind", "threat.alert", "--to", "members", "--content", '{"category": "THREAT_CATEGORY_OTHER", "summary": "x"}', "--subject", "x"]
OPENING = ["--participants", "BY", "--question", "x", "--proposal", "x", "--rule", "silence", "--deadline", "1h"]
ALERT = ["--kind", "threat.alert", "--to", "members", "--content"]


@dataclasses.dataclass
class Denied:
    """`words` end with `code` and the error of this name on stderr; or with what is told in their own answer."""
    words: list
    code: int
    error: str = ""
    told: str = ""


def usage(*words):
    return Denied([*words], 64, "usage")


def stopped(*words):
    return Denied([*words], -signal.SIGINT)


OFFLINE = "asks no daemon"
KEYLESS = "uses no key"
BY_MODE = "whoever may open the admin socket may ask: its mode is the grant"
NO_GRANTS = "there is nothing to grant"
NAMELESS = "names nothing that could be missing"
PROMPT = "waits for nobody"
ALL_OFFLINE = {"no daemon": OFFLINE, "wrong key": KEYLESS, "no grant": NO_GRANTS, "Ctrl-C": PROMPT}

# {x}: the exchange. AM and BY run, KZ does not; the application `mute` of AM has no grant for what is there, nor for
# publishing, and `deaf` none for reading; the key of `stranger` is enrolled nowhere; {n} is new in each run. While Ctrl-C is
# pressed, the hub and AM's node are stopped.
TABLE = {
    "publish": {
        "works": ["publish", *AM, *NOTICE],
        "no daemon": Denied(["publish", *KZ, *NOTICE], 2, "no-daemon"),
        "wrong key": Denied(["publish", "--client", "{x}/stranger.toml", *NOTICE], 1, "unknown-key"),
        "no grant": Denied(["publish", "--client", "{x}/am/apps/mute/client.toml", *NOTICE], 1, "no-grant"),
        "wrong type": Denied(["publish", *AM, *ALERT, '{"summary": 7}'], 1, "invalid-kind"),
        "unknown name": Denied(["publish", *AM, *NOTICE, "--classification", "cosmic"], 1, "unknown-classification"),
        "Ctrl-C": stopped("publish", *AM, *NOTICE),
    },
    "inbox": {
        "works": ["inbox", "--exchange", "{x}", "--as", "BY"],
        "no daemon": Denied(["inbox", *KZ], 2, "no-daemon"),
        "wrong key": Denied(["inbox", "--client", "{x}/stranger.toml"], 1, "unknown-key"),
        "no grant": Denied(["inbox", "--kind", "contact", "--client", "{x}/am/apps/mute/client.toml"], 1, "no-grant"),
        "wrong type": usage("inbox", *AM, "--last", "many"),
        "unknown name": Denied(["inbox", "--from", "ZZ", *AM], 1, "unknown-member"),
        "Ctrl-C": stopped("inbox", *AM, "--follow"),
    },
    "show": {
        "works": ["show", "7", *AM],
        "no daemon": Denied(["show", "7", *KZ], 2, "no-daemon"),
        "wrong key": Denied(["show", "7", "--client", "{x}/stranger.toml"], 1, "unknown-key"),
        "no grant": Denied(["show", "7", "--client", "{x}/am/apps/mute/client.toml"], 1, "no-grant"),
        "wrong type": usage("show", "xyz", *AM),
        "unknown name": Denied(["show", NONE, *AM], 1, "not-found"),
        "Ctrl-C": stopped("show", "7", *AM),
    },
    "acknowledge": {
        "works": ["acknowledge", "7", "--read", "--exchange", "{x}", "--as", "BY"],
        "no daemon": Denied(["acknowledge", "7", "--read", *KZ], 2, "no-daemon"),
        "wrong key": Denied(["acknowledge", "7", "--read", "--client", "{x}/stranger.toml"], 1, "unknown-key"),
        "no grant": Denied(["acknowledge", "7", "--read", "--client", "{x}/am/apps/mute/client.toml"], 1, "no-grant"),
        "wrong type": usage("acknowledge", "7", *AM),
        "unknown name": Denied(["acknowledge", NONE, "--actioned", *AM], 1, "not-found"),
        "Ctrl-C": stopped("acknowledge", "7", "--read", *AM),
    },
    "track": {
        "works": ["track", "7", *AM],
        "no daemon": Denied(["track", "7", *KZ], 2, "no-daemon"),
        "wrong key": Denied(["track", "7", "--client", "{x}/stranger.toml"], 1, "unknown-key"),
        "no grant": Denied(["track", "7", "--client", "{x}/am/apps/mute/client.toml"], 1, "no-grant"),
        "wrong type": usage("track", "7", "--timeout", "soon", *AM),
        "unknown name": Denied(["track", NONE, *AM], 1, "not-found"),
        "Ctrl-C": stopped("track", "7", "--watch", *AM),
    },
    "consult open": {
        "works": ["consult", "open", *OPENING, *AM],
        "no daemon": Denied(["consult", "open", *OPENING, *KZ], 2, "no-daemon"),
        "wrong key": Denied(["consult", "open", *OPENING, "--client", "{x}/stranger.toml"], 1, "unknown-key"),
        "no grant": Denied(["consult", "open", *OPENING, "--client", "{x}/am/apps/mute/client.toml"], 1, "no-grant"),
        "wrong type": usage("consult", "open", *OPENING, "--majority", "many", *AM),
        "unknown name": Denied(["consult", "open", *OPENING, "--info", "ZZ", *AM], 1, "unknown-recipient"),
        "Ctrl-C": stopped("consult", "open", *OPENING, *AM),
    },
    **{f"consult {verb}": {
        "works": None,  # An opening has another N in each run: 15-consultation.
        "no daemon": Denied(["consult", verb, "7", *words, *KZ], 2, "no-daemon"),
        "wrong key": Denied(["consult", verb, "7", *words, "--client", "{x}/stranger.toml"], 1, "unknown-key"),
        "no grant": Denied(["consult", verb, "7", *words, "--client", "{x}/am/apps/mute/client.toml"], 1, "no-grant"),
        "wrong type": usage("consult", verb, "7", *words, *AM),  # It opens nothing.
        "unknown name": Denied(["consult", verb, NONE, *words, *AM], 1, "not-found"),
        "Ctrl-C": stopped("consult", verb, "7", *words, *AM),
    } for verb, words in (("respond", ["--agree"]), ("extend", ["--deadline", "1h"]), ("withdraw", []))},
    "consult status": {
        "works": None,  # As above.
        "no daemon": Denied(["consult", "status", NONE, "KZ", "--exchange", "{x}"], 1, "file-missing"),  # Nor a store.
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": usage("consult", "status", "7", "AM", "--exchange", "{x}"),
        "unknown name": Denied(["consult", "status", NONE, "AM", "--exchange", "{x}"], 1, "not-found"),
        "Ctrl-C": stopped("consult", "status", NONE, "AM", "--exchange", "{x}"),
    },
    "consult prove": {
        "works": None,  # As above.
        "no daemon": Denied(["consult", "prove", NONE, "KZ", "--exchange", "{x}", "-o", "{x}/none"], 1, "file-missing"),
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": usage("consult", "prove", NONE, "AM", "--exchange", "{x}", "-o", "{x}/none", "--wait", "soon"),
        "unknown name": Denied(["consult", "prove", NONE, "AM", "--exchange", "{x}", "-o", "{x}/none"], 1, "not-found"),
        "Ctrl-C": stopped("consult", "prove", NONE, "AM", "--exchange", "{x}", "-o", "{x}/none"),
    },
    "consult list": {
        "works": ["consult", "list", "AM", "--exchange", "{x}"],
        "no daemon": Denied(["consult", "list", "KZ", "--exchange", "{x}"], 1, "file-missing"),
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": usage("consult", "list", "hub", "--exchange", "{x}"),
        "unknown name": Denied(["consult", "list", "ZZ", "--exchange", "{x}"], 1, "not-found"),
        "Ctrl-C": stopped("consult", "list", "AM", "--exchange", "{x}"),
    },
    "thread": {
        "works": None,  # As above: 16-threads.
        "no daemon": Denied(["thread", NONE, "KZ", "--exchange", "{x}"], 1, "file-missing"),  # Nor a store.
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": usage("thread", "7", "AM", "--exchange", "{x}"),
        "unknown name": Denied(["thread", NONE, "AM", "--exchange", "{x}"], 1, "not-found"),
        "Ctrl-C": stopped("thread", NONE, "AM", "--exchange", "{x}"),
    },
    **{f"register {name}": {
        "works": ["register", name, "AM", "--exchange", "{x}"],
        "no daemon": Denied(["register", name, "KZ", "--exchange", "{x}"], 1, "file-missing"),  # Nor a store.
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": usage("register", name, "hub", "--exchange", "{x}"),
        "unknown name": Denied(["register", name, "ZZ", "--exchange", "{x}"], 1, "not-found"),
        "Ctrl-C": stopped("register", name, "AM", "--exchange", "{x}"),
    } for name in ("contacts", "threats", "training")},
    "search": {
        "works": ["search", "gateway", "AM", "--exchange", "{x}"],
        "no daemon": Denied(["search", "gateway", "KZ", "--exchange", "{x}"], 1, "file-missing"),
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": usage("search", "...", "AM", "--exchange", "{x}"),
        "unknown name": Denied(["search", "gateway", "--kind", "no-such", "AM", "--exchange", "{x}"], 1, "invalid-kind"),
        "Ctrl-C": stopped("search", "gateway", "AM", "--exchange", "{x}"),
    },
    "overdue": {
        "works": ["overdue", "AM", "--exchange", "{x}"],
        "no daemon": Denied(["overdue", "KZ", "--exchange", "{x}"], 2, "no-daemon"),
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": usage("overdue", "AM", "--exchange", "{x}", "--what", "lost"),
        "unknown name": Denied(["overdue", "ZZ", "--exchange", "{x}"], 1, "not-found"),
        "Ctrl-C": stopped("overdue", "AM", "--exchange", "{x}"),
    },
    "minimize": {
        "works": ["minimize", "AM", "--exchange", "{x}"],
        "no daemon": Denied(["minimize", "KZ", "--exchange", "{x}"], 2, "no-daemon"),
        "wrong key": Denied(["minimize", "AM", "--exchange", "{x}", "--set", "off", "--authority", "{x}/am/keys/signing.pem"], 1, "not-an-authority"),
        "no grant": BY_MODE,
        "wrong type": usage("minimize", "AM", "--exchange", "{x}", "--set", "flash", "--authority", "{x}/authorities/AM.pem"),
        "unknown name": Denied(["minimize", "ZZ", "--exchange", "{x}"], 1, "not-found"),
        "Ctrl-C": stopped("minimize", "AM", "--exchange", "{x}"),
    },
    "outbox list": {
        "works": ["outbox", "list", "--stage", "logged", *AM],
        "no daemon": Denied(["outbox", "list", *KZ], 2, "no-daemon"),
        "wrong key": Denied(["outbox", "list", "--client", "{x}/stranger.toml"], 1, "unknown-key"),
        "no grant": Denied(["outbox", "list", "--client", "{x}/am/apps/mute/client.toml"], 1, "no-grant"),
        "wrong type": usage("outbox", "list", "--stage", "sent", *AM),
        "unknown name": Denied(["outbox", "list", "--exchange", "{x}", "--as", "ZZ"], 1, "not-found"),
        "Ctrl-C": stopped("outbox", "list", *AM),
    },
    **{f"outbox {verb}": {
        "works": ["outbox", "retry", "7", *AM] if verb == "retry" else None,  # Here nothing waits to be sent.
        "no daemon": Denied(["outbox", verb, ID, *KZ], 2, "no-daemon"),
        "wrong key": Denied(["outbox", verb, ID, "--client", "{x}/stranger.toml"], 1, "unknown-key"),
        "no grant": Denied(["outbox", verb, "7", "--client", "{x}/am/apps/mute/client.toml"], 1, "no-grant"),
        "wrong type": usage("outbox", verb, "a-b", *AM),
        "unknown name": Denied(["outbox", verb, ID, *AM], 1, "not-found"),
        "Ctrl-C": stopped("outbox", verb, ID, *AM),
    } for verb in ("cancel", "retry")},
    "cursor list": {
        "works": ["cursor", "list", *AM],
        "no daemon": Denied(["cursor", "list", *KZ], 2, "no-daemon"),
        "wrong key": Denied(["cursor", "list", "--client", "{x}/stranger.toml"], 1, "unknown-key"),
        "no grant": "shows the application's own",
        "wrong type": usage("cursor", "list", "more", *AM),
        "unknown name": Denied(["cursor", "list", "--exchange", "{x}", "--as", "ZZ"], 1, "not-found"),
        "Ctrl-C": stopped("cursor", "list", *AM),
    },
    "cursor reset": {
        "works": ["cursor", "reset", "new{n}", "--to", "start", *AM],
        "no daemon": Denied(["cursor", "reset", "c", "--to", "start", *KZ], 2, "no-daemon"),
        "wrong key": Denied(["cursor", "reset", "c", "--to", "start", "--client", "{x}/stranger.toml"], 1, "unknown-key"),
        "no grant": "moves the application's own",
        "wrong type": Denied(["cursor", "reset", "c", "--to", "there", *AM], 64, "usage"),
        "unknown name": Denied(["cursor", "reset", "c", "--to", "999", *AM], 1, "not-found"),
        "Ctrl-C": stopped("cursor", "reset", "c", "--to", "start", *AM),
    },
    "cursor deferred": {
        "works": ["cursor", "deferred", "there", "--exchange", "{x}", "--as", "BY"],
        "no daemon": Denied(["cursor", "deferred", "c", *KZ], 2, "no-daemon"),
        "wrong key": Denied(["cursor", "deferred", "c", "--client", "{x}/stranger.toml"], 1, "unknown-key"),
        "no grant": Denied(["cursor", "deferred", "c", "--client", "{x}/am/apps/deaf/client.toml"], 1, "no-grant"),
        "wrong type": usage("cursor", "deferred", "c", "more", *AM),
        "unknown name": Denied(["cursor", "deferred", "c", *AM], 1, "not-found"),
        "Ctrl-C": stopped("cursor", "deferred", "c", *AM),
    },
    "cursor nack": {
        "works": ["cursor", "nack", "there", "7", "--exchange", "{x}", "--as", "BY"],
        "no daemon": Denied(["cursor", "nack", "c", "7", *KZ], 2, "no-daemon"),
        "wrong key": Denied(["cursor", "nack", "c", "7", "--client", "{x}/stranger.toml"], 1, "unknown-key"),
        "no grant": Denied(["cursor", "nack", "there", "7", "--client", "{x}/am/apps/mute/client.toml"], 1, "no-grant"),
        "wrong type": usage("cursor", "nack", "c", "7", "--delay", "soon", *AM),
        "unknown name": Denied(["cursor", "nack", "there", NONE, *AM], 1, "not-found"),
        "Ctrl-C": stopped("cursor", "nack", "c", "7", *AM),
    },
    "cursor redrive": {
        "works": ["cursor", "redrive", "there", "--all", *AM],
        "no daemon": Denied(["cursor", "redrive", "c", "--all", *KZ], 2, "no-daemon"),
        "wrong key": Denied(["cursor", "redrive", "c", "--all", "--client", "{x}/stranger.toml"], 1, "unknown-key"),
        "no grant": "of the application's own",
        "wrong type": usage("cursor", "redrive", "c", *AM),
        "unknown name": Denied(["cursor", "redrive", "there", NONE, *AM], 1, "not-found"),
        "Ctrl-C": stopped("cursor", "redrive", "c", "--all", *AM),
    },
    "status": {
        "works": ["status", "AM", "--exchange", "{x}"],
        "no daemon": Denied(["status", "KZ", "--exchange", "{x}"], 2, "no-daemon"),
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": Denied(["status", "--hub", "{x}/wrong-type-hub.toml"], 1, "config-wrong-type"),
        "unknown name": Denied(["status", "ZZ", "--exchange", "{x}"], 1, "not-found"),
        "Ctrl-C": stopped("status", "AM", "--exchange", "{x}"),
    },
    "hub status": {
        "works": ["hub", "status", "--exchange", "{x}"],
        "no daemon": Denied(["hub", "status", "--exchange", "{x}/other"], 2, "no-daemon"),
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": Denied(["hub", "status", "--hub", "{x}/wrong-type-hub.toml"], 1, "config-wrong-type"),
        "unknown name": Denied(["hub", "status", "--hub", "{x}/none.toml"], 1, "file-missing"),
        "Ctrl-C": stopped("hub", "status", "--exchange", "{x}"),
    },
    **{f"hub {verb}": {
        "works": ["hub", "members", "--exchange", "{x}"] if verb == "members" else None,  # The others need the hub.
        "no daemon": Denied(["hub", verb, "--exchange", "{x}/other"], 2, "no-daemon"),
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": Denied(["hub", verb, "--hub", "{x}/wrong-type-hub.toml"], 1, "config-wrong-type"),
        "unknown name": Denied(["hub", verb, "--hub", "{x}/none.toml"], 1, "file-missing"),
        "Ctrl-C": stopped("hub", verb, "--exchange", "{x}"),
    } for verb in ("members", "drain")},
    "doctor": {
        "works": ["doctor", "AM", "--exchange", "{x}"],
        "no daemon": Denied(["doctor", "KZ", "--exchange", "{x}"], 1, told=r"(?s)daemon .*Start the daemon"),
        "wrong key": "finds just that: 00-command-doctor",
        "no grant": BY_MODE,
        "wrong type": usage("doctor", "AM", "--exchange", "{x}", "--log-age-max", "soon"),
        "unknown name": Denied(["doctor", "ZZ", "--exchange", "{x}"], 1, "not-found"),
        "Ctrl-C": stopped("doctor", "AM", "--exchange", "{x}"),
    },
    "app add": {
        "works": ["app", "add", "new{n}", "--read", "*", *AM],
        "no daemon": Denied(["app", "add", "new{n}", "--read", "*", *KZ], 2, "no-daemon"),
        "wrong key": "makes one",
        "no grant": BY_MODE,
        "wrong type": usage("app", "add", "new{n}", "--rate", "many", *AM),
        "unknown name": Denied(["app", "add", "new{n}", "--read", "nope", *AM], 1, "invalid-kind"),
        "Ctrl-C": stopped("app", "add", "new{n}", "--read", "*", *AM),
    },
    "app list": {
        "works": ["app", "list", *AM],
        **ALL_OFFLINE,
        "wrong type": Denied(["app", "list", "--node", "{x}/wrong-type-node.toml"], 1, "config-wrong-type"),
        "unknown name": Denied(["app", "list", "--exchange", "{x}", "--as", "ZZ"], 1, "not-found"),
    },
    "app revoke": {
        "works": ["app", "revoke", "gone{n}", *AM],
        "no daemon": Denied(["app", "revoke", "gone{n}", *KZ], 2, "no-daemon"),
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": Denied(["app", "revoke", "desk", "--node", "{x}/wrong-type-node.toml"], 1, "config-wrong-type"),
        "unknown name": Denied(["app", "revoke", "nope", *AM], 1, "not-found"),
        "Ctrl-C": stopped("app", "revoke", "mute", *AM),
    },
    "context add": {
        "works": ["context", "add", "new{n}", "--exchange", "{x}"],
        **ALL_OFFLINE,
        "wrong type": usage("context", "add", "a b", "--exchange", "{x}"),
        "unknown name": Denied(["context", "add", "new{n}", "--node", "{x}/none.toml"], 1, "file-missing"),
    },
    "context list": {
        "works": ["context", "list"],
        **ALL_OFFLINE,
        "wrong type": usage("context", "list", "more"),
        "unknown name": NAMELESS,
    },
    "context select": {
        "works": ["context", "select", "there"],
        **ALL_OFFLINE,
        "wrong type": usage("context", "select", "there", "--none"),
        "unknown name": Denied(["context", "select", "nope"], 1, "not-found"),
    },
    "context remove": {
        "works": ["context", "remove", "gone{n}"],
        **ALL_OFFLINE,
        "wrong type": usage("context", "remove"),
        "unknown name": Denied(["context", "remove", "nope"], 1, "not-found"),
    },
    "config check": {
        "works": ["config", "check", "{x}/hub/hub.toml"],
        **ALL_OFFLINE,
        "wrong type": Denied(["config", "check", "{x}/wrong-type-hub.toml", "--role", "hub"], 1, "config-wrong-type"),
        "unknown name": Denied(["config", "check", "{x}/none.toml"], 1, "file-missing"),
    },
    "config options": {
        "works": ["config", "options", "hub"],
        **ALL_OFFLINE,
        "wrong type": usage("config", "options"),
        "unknown name": usage("config", "options", "nope"),
    },
    "audit verify": {
        "works": ["audit", "verify", "AM", "--exchange", "{x}"],
        "no daemon": Denied(["audit", "verify", "KZ", "--exchange", "{x}"], 2, "file-missing"),  # Nor a store.
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": usage("audit", "verify", "--store", "{x}/hub/store/hub.db", "--genesis", "7"),
        "unknown name": Denied(["audit", "verify", "ZZ", "--exchange", "{x}"], 2, "not-found"),
        "Ctrl-C": stopped("audit", "verify", "AM", "--exchange", "{x}"),
    },
    "audit export": {
        "works": ["audit", "export", "{x}/of-am", "AM", "--exchange", "{x}"],
        "no daemon": Denied(["audit", "export", "{x}/of-kz", "KZ", "--exchange", "{x}"], 1, "file-missing"),  # Nor a store.
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": Denied(["audit", "export", "{x}/hub", "AM", "--exchange", "{x}"], 1, "exists"),
        "unknown name": Denied(["audit", "export", "{x}/of-zz", "ZZ", "--exchange", "{x}"], 1, "not-found"),
        "Ctrl-C": stopped("audit", "export", "{x}/of-am", "AM", "--exchange", "{x}"),
    },
    "audit compare": {
        "works": ["audit", "compare", "{x}/of-hub", "{x}/of-hub"],
        **ALL_OFFLINE,
        "wrong type": usage("audit", "compare", "{x}/of-hub", "{x}/of-hub", "--genesis", "7"),
        "unknown name": Denied(["audit", "compare", "{x}/of-hub", "{x}/none"], 2, "unavailable"),
    },
    "audit pair": {
        "works": None,  # Once both have stated something, seconds later: 13-audit.
        "no daemon": Denied(["audit", "pair", "KZ", "KG", "--exchange", "{x}"], 2, "file-missing"),  # Nor a store.
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": usage("audit", "pair", "AM", "BY", "--exchange", "{x}", "--to", "many"),
        "unknown name": Denied(["audit", "pair", "AM", "ZZ", "--exchange", "{x}"], 2, "not-found"),
        "Ctrl-C": stopped("audit", "pair", "AM", "BY", "--exchange", "{x}"),
    },
    "audit report": {
        "works": ["audit", "report", "AM", "--exchange", "{x}", "-o", "{x}/report{n}.html"],
        "no daemon": Denied(["audit", "report", "KZ", "--exchange", "{x}", "-o", "{x}/none"], 2, "file-missing"),  # Nor a store.
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": usage("audit", "report", "--store", "{x}/hub/store/hub.db", "--genesis", "7", "-o", "{x}/none"),
        "unknown name": Denied(["audit", "report", "ZZ", "--exchange", "{x}", "-o", "{x}/none"], 2, "not-found"),
        "Ctrl-C": stopped("audit", "report", "AM", "--exchange", "{x}", "-o", "{x}/none"),
    },
    "audit prove": {
        "works": None,  # A notice has another N in each run: 13-evidence.
        "no daemon": Denied(["audit", "prove", NONE, "KZ", "--exchange", "{x}", "-o", "{x}/none"], 1, "file-missing"),  # Nor a store.
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": usage("audit", "prove", "7", "AM", "--exchange", "{x}", "-o", "{x}/none"),
        "unknown name": Denied(["audit", "prove", NONE, "AM", "--exchange", "{x}", "-o", "{x}/none"], 1, "not-found"),
        "Ctrl-C": stopped("audit", "prove", NONE, "AM", "--exchange", "{x}", "-o", "{x}/none"),
    },
    "verify": {
        "works": None,  # The file is another one in each run: 13-evidence.
        **ALL_OFFLINE,
        "wrong type": usage("verify", "{x}/exchange.toml", "--genesis", "7"),
        "unknown name": Denied(["verify", "{x}/none", "--genesis", NONE], 2, "file-missing"),
    },
    "backup": {
        "works": ["backup", "AM", "--exchange", "{x}", "--to", "{x}/new{n}.db"],
        "no daemon": Denied(["backup", "KZ", "--exchange", "{x}", "--to", "{x}/none.db"], 2, "no-daemon"),
        "wrong key": KEYLESS,
        "no grant": BY_MODE,
        "wrong type": Denied(["backup", "AM", "--exchange", "{x}", "--to", "{x}/exchange.toml"], 1, "exists"),
        "unknown name": Denied(["backup", "ZZ", "--exchange", "{x}", "--to", "{x}/none.db"], 1, "not-found"),
        "Ctrl-C": stopped("backup", "AM", "--exchange", "{x}", "--to", "{x}/none.db"),
    },
    "restore": {
        "works": ["restore", "--verify", "{x}/backup.db"],
        "no daemon": OFFLINE,
        "wrong key": KEYLESS,
        "no grant": NO_GRANTS,
        "wrong type": Denied(["restore", "--verify", "{x}/exchange.toml"], 1, "store-damaged"),
        "unknown name": Denied(["restore", "--verify", "{x}/none.db"], 2, "file-missing"),
        "Ctrl-C": PROMPT,
    },
    "recover hub": {
        "works": None,  # The hub has to be stopped, and to have lost something: 13-recover.
        "no daemon": OFFLINE,
        "wrong key": "comes after the store, which the running hub has: 13-recover",
        "no grant": NO_GRANTS,
        "wrong type": Denied(["recover", "hub", "--hub", "{x}/exchange.toml"], 1, "config-unknown-key"),
        "unknown name": Denied(["recover", "hub", "--hub", "{x}/none"], 1, "file-missing"),
        "Ctrl-C": PROMPT,
    },
    "open": {
        "works": ["open", "{x}/envelope", "--key", "{x}/by/keys/sealing.pem", "--exchange", "{x}"],
        "no daemon": OFFLINE,
        "wrong key": Denied(["open", "{x}/envelope", "--key", "{x}/hub/keys/transport.pem", "--exchange", "{x}"], 1,
                            told="does not open"),
        "no grant": NO_GRANTS,
        "wrong type": Denied(["open", "{x}/exchange.toml", "--key", "{x}/by/keys/sealing.pem", "--exchange", "{x}"], 1,
                             "malformed"),
        "unknown name": Denied(["open", "{x}/none", "--key", "{x}/by/keys/sealing.pem", "--exchange", "{x}"], 1, "file-missing"),
        "Ctrl-C": PROMPT,
    },
    **{f"bench {verb}": {
        "works": None,  # Takes seconds: 14-bench.
        "no daemon": "starts its own",
        "wrong key": "makes its own",
        "no grant": NO_GRANTS,
        "wrong type": usage("bench", verb, "--recipients", "many"),
        "unknown name": Denied(["bench", verb, "--folder", "{x}/none"], 1, "file-missing"),
        "Ctrl-C": stopped("bench", verb),
    } for verb in ("publish", "latency", "catchup", "startup", "flood", "audit", "soak", "fanout")},
    "bench report": {
        "works": None,  # Of a result that takes seconds: 14-bench.
        **ALL_OFFLINE,
        "wrong type": Denied(["bench", "report", "{x}/exchange.toml", "-o", "{x}/page{n}.html"], 1, "malformed"),
        "unknown name": Denied(["bench", "report", "{x}/none", "-o", "{x}/page{n}.html"], 1, "file-missing"),
    },
    "kinds": {
        "works": ["kinds"],
        **ALL_OFFLINE,
        "wrong type": usage("kinds", "contact", "more"),
        "unknown name": Denied(["kinds", "nope"], 1, "not-found"),
    },
    "draft": {
        "works": ["draft", "contact"],
        **ALL_OFFLINE,
        "no grant": Denied(["draft", "statement"], 1, "no-grant"),
        "wrong type": usage("draft", "contact", "--language", "hy"),
        "unknown name": Denied(["draft", "nope"], 1, "not-found"),
    },
    "errors list": {
        "works": ["errors", "list"],
        **ALL_OFFLINE,
        "wrong type": usage("errors", "list", "more"),
        "unknown name": NAMELESS,
    },
    "errors lookup": {
        "works": ["errors", "lookup", "no-daemon"],
        **ALL_OFFLINE,
        "wrong type": usage("errors", "lookup"),
        "unknown name": Denied(["errors", "lookup", "nope"], 1, "not-found"),
    },
    "version": {
        "works": ["version"],
        **ALL_OFFLINE,
        "wrong type": usage("version", "more"),
        "unknown name": NAMELESS,
    },
    "completion": {
        "works": ["completion", "bash"],
        **ALL_OFFLINE,
        "wrong type": usage("completion"),
        "unknown name": usage("completion", "nope"),
    },
    "exchange init": {
        "works": ["exchange", "init", "--profile", str(ROOT / "config/exchanges/csto"), "{x}/new{n}"],
        **ALL_OFFLINE,
        "wrong type": usage("exchange", "init", "--profile", str(ROOT / "config/exchanges/csto"), "--port", "many", "{x}/new{n}"),
        "unknown name": Denied(["exchange", "init", "--profile", "{x}/none", "{x}/new{n}"], 1, "file-missing"),
    },
    "exchange run": {
        "works": None,  # Runs until it is stopped.
        "no daemon": "starts them",
        "wrong key": "the daemon says it, in its log",
        "no grant": NO_GRANTS,
        "wrong type": usage("exchange", "run", "{x}", "--log-level", "loud"),
        "unknown name": Denied(["exchange", "run", "{x}/none"], 1, "file-missing"),
        "Ctrl-C": "is how it is asked to stop: exit 0, 00-start-page",
    },
}
TEXT = re.compile(r"\Achancery: (\S+): .+ \(.+\)\n  remedy: .+\n(  notice id: .+\n)?\Z", re.S)


def leaves(*words):
    """The verbs of the help, as they are called."""
    shown = subprocess.run([trial.BIN / "chancery", *words, "--help"], capture_output=True, text=True, check=True).stdout
    lines = re.match(r"(?:  .*\n)*", shown.partition("\nSubcommands:\n")[2])[0]
    below = re.findall(r"^  (\w+) ", lines, re.M)
    if not below:
        return {" ".join(words)}
    return set().union(*(leaves(*words, verb) for verb in below if verb != "help"))


class Denials(Trial):
    def setUp(self):
        super().setUp()
        self.count = 0
        self.env = {"XDG_CONFIG_HOME": str(self.folder / "config")}

    def words(self, words):
        """A command of the table; what it is to take away is made."""
        self.count += 1
        filled = [word.replace("{x}", str(self.exchange)).replace("{n}", str(self.count)) for word in words]
        if "gone{n}" in words:
            name, place = filled[2], filled[3:]
            made = ["app", "add", name, "--read", "*", "--no-reload", *place] if filled[0] == "app" else \
                ["context", "add", name, "--exchange", self.exchange]
            self.assertEqual(chancery(*made, env=self.env).code, 0, made)
        return filled

    def say(self, *words):
        return chancery(*self.words(words), env=self.env)

    def prepare(self):
        """What the cases of the table take for granted."""
        self.start("AM", "BY")
        mute = self.say("app", "add", "mute", "--read", "training", *AM)
        self.assertEqual(mute.code, 0, mute)
        deaf = self.say("app", "add", "deaf", "--publish", "training", *AM)
        self.assertEqual(deaf.code, 0, deaf)
        stranger = self.path("am/apps/desk/client.toml").read_text()
        key = self.path("by/apps/desk/key.pem")
        path = self.path("stranger.toml")
        path.write_text(re.sub(r"^key = .*", f'key = "{key}"', re.sub(r'"(?=[^/"\n]*/)', f'"{self.path("am/apps/desk")}/', stranger),
                               flags=re.M))
        self.path("wrong-type-hub.toml").write_text("listen = 7\n")
        self.path("wrong-type-node.toml").write_text("member = 7\n")
        self.assertEqual(self.say("context", "add", "there", "--exchange", "{x}").code, 0)
        self.assertEqual(self.say("exchange", "init", "--profile", str(ROOT / "config/exchanges/csto"), "{x}/other").code, 0)
        self.assertEqual(self.publish("AM", "x").code, 0)
        self.assert_arrives("BY", ["x"])
        shown = self.as_member("BY", "show", "7").json
        self.path("envelope").write_text(shown["envelope"])
        for place in (AM, ["--exchange", "{x}", "--as", "BY"], ["--client", "{x}/am/apps/mute/client.toml"]):
            self.assertEqual(self.say("cursor", "reset", "there", "--to", "start", *place).code, 0)
        self.assertEqual(self.say("cursor", "nack", "there", "7", "--exchange", "{x}", "--as", "BY").code, 0)
        self.assertEqual(self.say("backup", "hub", "--exchange", "{x}", "--to", "{x}/backup.db").code, 0)
        self.assertEqual(self.say("audit", "export", "{x}/of-hub", "hub", "--exchange", "{x}").code, 0)

    def works(self):
        for verb, row in TABLE.items():
            if row["works"] is not None:
                yield verb, self.words(row["works"])

    def run_on(self, stdout, words):
        return subprocess.run([trial.BIN / "chancery", *words], stdout=stdout, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, **self.env}, timeout=50)

    def cases(self, *denials):
        for denial in denials:
            found = [(verb, row[denial]) for verb, row in TABLE.items() if isinstance(row[denial], Denied)]
            self.assertGreater(len(found), 1, denial)
            for verb, case in found:
                yield f"{verb}: {denial}", case

    def assert_denied(self, case):
        answer = self.say(*case.words)
        if case.told:
            self.assertEqual(answer.code, case.code, answer)
            self.assertRegex(answer.out, case.told)
            return
        self.assertEqual((answer.code, answer.err.split(": ")[1:2]), (case.code, [case.error]), answer)
        self.assertRegex(answer.err, TEXT, case.words)
        answer = self.say(*case.words, "--json")
        self.assertEqual((answer.code, answer.error), (case.code, case.error), answer)
        error = json.loads(answer.err)["error"]
        self.assertTrue(error["text"] and error["remedy"] and error["detail"], answer)

    def test_the_table_has_each_verb_and_each_denial(self):
        self.assertEqual(leaves(), TABLE.keys())
        for verb, row in TABLE.items():
            self.assertEqual(row.keys(), {"works", *DENIALS}, verb)
            for denial in DENIALS:
                self.assertIsInstance(row[denial], (Denied, str), (verb, denial))

    def test_no_daemon_no_key_and_no_grant(self):
        self.prepare()
        for name, case in self.cases("no daemon", "wrong key", "no grant"):
            with self.subTest(name):
                self.assert_denied(case)
        self.assertEqual(self.subjects("BY"), ["x"], "what was denied was published")

    def test_wrong_types_and_unknown_names(self):
        self.prepare()
        for name, case in self.cases("wrong type", "unknown name"):
            with self.subTest(name):
                self.assert_denied(case)

    def test_ctrl_c_ends_by_the_signal_what_waits(self):
        self.prepare()
        for daemon in (self.hub, self.nodes["AM"]):
            os.kill(daemon.process.pid, signal.SIGSTOP)
            self.addCleanup(os.kill, daemon.process.pid, signal.SIGCONT)
        for name, case in self.cases("Ctrl-C"):
            process = subprocess.Popen([trial.BIN / "chancery", *self.words(case.words)], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, env={**os.environ, **self.env})
            time.sleep(0.3)  # It waits by now; a slow machine only presses the key sooner.
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(30), case.code, name)

    def test_a_pipe_that_is_cut_ends_by_the_signal(self):
        self.prepare()
        for verb, words in self.works():
            with self.subTest(verb=verb):
                reading, writing = os.pipe()
                os.close(reading)
                done = self.run_on(writing, words)
                os.close(writing)
                self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, ""), words)

    def test_what_waits_without_an_end_ends_with_its_reader(self):
        self.prepare()
        by = ["--exchange", "{x}", "--as", "BY"]
        self.assertEqual(self.publish("AM", "y", to="KZ").code, 0)  # Who is not there.
        for words in (["inbox", "--follow", *by], ["inbox", "--follow", "--json", *by],
                      ["track", "8", "--watch", "--timeout", "1h", *AM]):
            with self.subTest(words=words):
                process = subprocess.Popen([trial.BIN / "chancery", *self.words(words)], stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE, text=True, env={**os.environ, **self.env})
                self.addCleanup(process.stderr.close)
                self.addCleanup(process.kill)
                self.assertTrue(process.stdout.readline())
                process.stdout.close()
                self.assertEqual((process.wait(20), process.stderr.read()), (-signal.SIGPIPE, ""))

    def test_a_full_disk_behind_stdout_is_an_error(self):
        self.prepare()
        for verb, words in self.works():
            with self.subTest(verb=verb), open("/dev/full", "w") as full:
                done = self.run_on(full, words)
                self.assertEqual(done.returncode, 2, (words, done.stderr))
                self.assertRegex(done.stderr, TEXT, words)
                self.assertIn("chancery: io: ", done.stderr)

    def test_what_works_does(self):
        self.prepare()
        for verb, words in self.works():
            with self.subTest(verb=verb):
                done = self.run_on(subprocess.PIPE, words)
                self.assertEqual((done.returncode, done.stderr), (0, ""), words)
                self.assertTrue(done.stdout, words)


if __name__ == "__main__":
    trial.main()
