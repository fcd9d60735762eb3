#!/usr/bin/env python3
"""Threads, as processes: assistance from a request to its completion, and a document from its draft to its adoption."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, eventually  # noqa: E402

DECEPTIVE = "\u202e=1+1 <b>"  # A line with control characters nobody publishes.


class Threads(Trial):
    def say(self, member, kind, content, *words):
        said = self.as_member(member, "publish", "--kind", kind, "--subject", f"From {member} {DECEPTIVE}", "--content", json.dumps(content), *words)
        self.assertEqual(said.code, 0, said)
        return said.json["notice"]

    def answer(self, member, kind, content, answered, *words):
        """Once it has arrived; by the first digits, to the same as that went to."""
        self.assertTrue(eventually(lambda: self.as_member(member, "show", answered).code == 0), answered)
        return self.say(member, kind, content, "--in-reply-to", answered[:12], *words)

    def thread(self, name, notice, count):
        """Once so many entries are there."""
        def shown():
            said = trial.chancery("thread", notice[:16], "--exchange", self.exchange, name, "--json")
            return said.json if said.code == 0 and len(said.json["entries"]) == count else None
        found = eventually(shown)
        self.assertTrue(found, name)
        return found

    def test_steps_are_threads_that_all_parties_see_alike(self):  # C-240, C-249, C-254
        self.start("AM", "BY", "KZ")

        def trucks(quantity):
            return [{"item": f"Truck {DECEPTIVE}", "quantity": quantity, "unit": "pcs"}]
        request = self.say("AM", "assistance.request", {"situation": "Flood", "items": trucks(5)}, "--to", "BY,KZ")
        taken = self.answer("BY", "assistance.offer", {"items": trucks(4)}, request)
        other = self.answer("KZ", "assistance.offer", {"items": trucks(9)}, request)
        self.answer("AM", "assistance.accept", {"items": trucks(3)}, taken)
        self.answer("AM", "assistance.decline", {"reason": "Enough"}, other)
        refused = self.as_member("BY", "publish", "--kind", "assistance.decline", "--content", "{}", "--in-reply-to", request, "--cancels",
                                 other[:12])
        self.assertEqual((refused.code, refused.error), (1, "invalid-kind"), "not its own")
        self.assertIn("is of KZ", refused.err)
        self.answer("AM", "assistance.complete", {"delivered": trucks(2)}, request)
        threads = [self.thread(name, notice, 6) for name, notice in (("AM", request), ("BY", taken), ("KZ", other))]
        for thread in threads:
            self.assertEqual((thread["root"], thread["assistance"], thread["entries"]),
                             (request, threads[0]["assistance"], threads[0]["entries"]))
        assistance = threads[0]["assistance"][0]
        self.assertEqual((assistance["state"], len(assistance["totals"])), ("completed", 1))
        total = assistance["totals"][0]
        self.assertEqual([total[each] for each in ("requested", "offered", "accepted", "delivered")], [5, 13, 3, 2])
        self.assertEqual({each["member"]: each["stance"] for each in assistance["members"]}, {"BY": "accepted", "KZ": "not taken"})

        rules = self.say("AM", "document.draft", {"title": f"Rules {DECEPTIVE}", "text": "One"}, "--to", "BY")
        self.answer("BY", "document.comment", {"version": 1, "comment": "Two"}, rules)
        second = self.answer("AM", "document.version", {"version": 2, "text": "Two"}, rules)
        self.answer("BY", "document.adopt", {"version": 2}, second)
        adoption = self.answer("AM", "document.adopt", {"version": 2}, second)
        for name in ("AM", "BY"):
            document = self.thread(name, adoption, 5)["documents"][0]
            self.assertEqual((document["state"], document["adopted"]), ("adopted", 2))
            self.assertEqual([[(at["member"], at["comments"], at["adoption"] is not None) for at in version["positions"]]
                              for version in document["versions"]], [[("BY", 1, False)], [("AM", 0, True), ("BY", 0, True)]])

        # Shown to people, harmless for a terminal; the rest is as the lines for one notice have it.
        shown = trial.chancery("show", taken[:12], "--exchange", self.exchange, "--as", "KZ")
        self.assertIn(f"thread      of {request}, 6 notices", shown.out)
        self.assertIn("pcs: requested 5, offered 13, accepted 3, delivered 2", shown.out)
        self.assertEqual(self.as_member("KZ", "show", taken[:12]).json["standing"]["assistance"], [assistance])
        tree = trial.chancery("thread", taken[:12], "--exchange", self.exchange, "KZ")
        inbox = trial.chancery("inbox", "--threads", "--exchange", self.exchange, "--as", "BY")
        self.assertIn("\n    ", tree.out, "what answers an offer is below it")
        lines = inbox.out.splitlines()
        self.assertRegex(lines[-1], "^ +.* document.adopt ", "the thread with the newest notice is the last")
        self.assertEqual([line for line in lines if line.startswith("of ")], [], "it holds both openings")
        for said in (shown, tree, inbox):
            self.assertEqual(said.code, 0, said)
            self.assertNotRegex(said.out, "\u202e")
        self.assertEqual(self.as_member("BY", "inbox", "--threads").code, 64, "--json has what each refers to")

        # A store tells as much as the daemon that it is of; who was not sent the draft has no thread of it.
        self.assertEqual(self.nodes["KZ"].stop(), 0)
        self.assertEqual(self.thread("KZ", other, 6), {**threads[2], "notice": other})
        missing = trial.chancery("thread", rules[:16], "--exchange", self.exchange, "KZ", "--json")
        self.assertEqual((missing.code, missing.error), (1, "not-found"), missing)


if __name__ == "__main__":
    trial.main()
