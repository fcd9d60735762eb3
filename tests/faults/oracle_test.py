#!/usr/bin/env python3
"""The oracle finds what is planted, and nothing where all is well."""
import copy
import unittest

import oracle

MEMBERS = ("BY", "KZ")


def history():
    """AM publishes six notices to both; then one whose outcome stays unknown, and one that is refused."""
    log = []
    for i in range(8):
        key = {"id": f"id-{i}", "digest": oracle.digest(f"subject {i}", "text")}
        log.append({"at": 10.0 + i, "event": "try", "origin": "AM", "precedence": "routine", "to": list(MEMBERS), **key})
        word = "unknown" if i == 6 else "refused" if i == 7 else "ok"
        log.append({"at": 10.5 + i, "event": word, "detail": "", **key})
    inbox = [notice(i) for i in range(7)]
    return log, {member: copy.deepcopy(inbox) for member in MEMBERS}


def notice(i):
    return {"id": f"id-{i}", "notice": f"{i:064}", "arrival": i + 1, "index": 7 + i, "origin": "AM", "own": False,
            "precedence": "routine", "recipients": [{"member": m, "role": "action"} for m in MEMBERS],
            "created_at": f"2026-01-01T00:00:{i:02}.000Z", "subject": f"subject {i}", "content": {"summary": "text"}}


class OracleFindsWhatIsPlanted(unittest.TestCase):
    def setUp(self):
        self.log, self.inboxes = history()

    def found(self):
        return {(f.property, f.notice) for f in oracle.judge(self.log, self.inboxes)}

    def remove(self, i, *members):
        for member in members:
            self.inboxes[member] = [n for n in self.inboxes[member] if n["id"] != f"id-{i}"]

    def test_nothing_where_all_is_well(self):
        self.assertEqual(self.found(), set())
        self.remove(6, *MEMBERS)  # Unknown: nowhere is as good as everywhere.
        self.assertEqual(self.found(), set())

    def test_lost(self):
        self.remove(3, "KZ")
        self.assertEqual(self.found(), {("P1", "id-3")})

    def test_acknowledged_and_then_refused(self):
        self.log.append({**self.log[1], "event": "refused"})
        self.assertEqual(self.found(), {("P1", "id-0")})

    def test_twice(self):
        again = {**notice(2), "arrival": 99, "index": 98, "created_at": "2026-01-01T00:01:00.000Z"}
        self.inboxes["BY"].append(again)
        self.assertIn(("P2", "id-2"), self.found())

    def test_reordered_in_the_inbox_only(self):
        inbox = self.inboxes["BY"]
        inbox[1], inbox[2] = inbox[2], inbox[1]
        self.assertIn(("P3", "id-1"), self.found())

    def test_reordered_before_it_was_signed(self):
        for inbox in self.inboxes.values():  # Their times are in order; their submission was not.
            for key in ("created_at", "index", "arrival"):
                inbox[1][key], inbox[2][key] = inbox[2][key], inbox[1][key]
            inbox[1], inbox[2] = inbox[2], inbox[1]
        self.assertEqual(self.found(), {("P3", "id-2")})

    def test_urgent_ones_overtake(self):
        late = {**notice(5), "precedence": "flash"}
        for entry in self.log:
            if entry["id"] == "id-5" and entry["event"] == "try":
                entry["precedence"] = "flash"
        self.remove(5, *MEMBERS)
        for inbox in self.inboxes.values():
            inbox.insert(0, late)
        self.assertEqual(self.found(), set())

    def test_not_submitted(self):
        self.inboxes["KZ"].append({**notice(30)})
        self.assertEqual(self.found(), {("P5", "id-30")})

    def test_another_text_than_was_submitted(self):
        self.inboxes["KZ"][0]["content"]["summary"] = "another"
        self.assertEqual(self.found(), {("P5", "id-0"), ("P1", "id-0")})

    def test_at_somebody_it_was_not_for(self):
        self.inboxes["TJ"] = [notice(0)]
        self.assertEqual(self.found(), {("P5", "id-0")})

    def test_another_precedence_than_was_submitted(self):
        self.inboxes["BY"][0]["precedence"] = "flash"
        self.assertEqual(self.found(), {("P5", "id-0")})

    def test_refused_and_there(self):
        self.inboxes["BY"].append(notice(7))
        self.assertEqual(self.found(), {("P6", "id-7")})

    def test_refused_at_a_second_try_and_there(self):  # The first was taken: so must be the second.
        self.log.insert(-1, {**self.log[-1], "event": "unknown"})
        self.log.insert(-1, self.log[-3])
        self.assertEqual(self.found(), set())
        for key in MEMBERS:
            self.inboxes[key].append(notice(7))
        self.assertEqual(self.found(), {("P6", "id-7")})

    def test_unknown_at_one_recipient_only(self):
        self.remove(6, "BY")
        self.assertEqual(self.found(), {("P6", "id-6")})

    def test_a_submitter_that_was_killed_knows_nothing(self):
        del self.log[1]  # No answer to the first try at all.
        self.remove(0, *MEMBERS)
        self.assertEqual(self.found(), set())

    def test_at_two_places_of_the_log(self):
        self.inboxes["BY"][6]["index"] += 1
        self.assertEqual(self.found(), {("P5", "id-6")})
        self.log.append({**self.log[1], "event": "logged", "detail": "99"})
        self.assertIn(("P5", "id-0"), self.found())

    def test_a_cursor_that_returns_or_leaps(self):
        inbox = [notice(0), notice(1), notice(2)]
        self.assertEqual(list(oracle.cursor_findings("BY", [[1, 2], [3]], inbox)), [])
        twice = oracle.cursor_findings("BY", [[1, 2], [2, 3]], inbox)
        self.assertEqual([f.property for f in twice], ["P2"])
        passed = oracle.cursor_findings("BY", [[1], [3]], inbox)
        self.assertEqual([(f.property, f.notice) for f in passed], [("P1", "id-1")])


if __name__ == "__main__":
    unittest.main(verbosity=2)
