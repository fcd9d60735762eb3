#!/usr/bin/env python3
"""What two members sent each other, from the records of their nodes: as processes, while they run and from their stores; a record
that was taken away and a notice that a hub withheld are named. And a page about what was exchanged."""
import pathlib
import shutil
import sqlite3
import sys
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, chancery, eventually  # noqa: E402


class AuditPair(Trial):
    def pair(self, *words):
        return chancery("audit", "pair", "AM", "BY", *words, "--json")

    def pair_here(self, *words):
        return self.pair("--exchange", self.exchange, *words)

    def send(self, member, subject, to):
        """The index at which the member's notice is logged."""
        sent = self.publish(member, subject, to=to)
        self.assertEqual(sent.code, 0, sent)

        def logged():
            return self.as_member(member, "show", sent.json["notice"]).json["index"]
        self.assertTrue(eventually(logged), subject)
        return logged()

    def stated_past(self, *indices):
        """The answer, once what both stated covers these entries."""
        self.assertTrue(eventually(lambda: self.pair_here().json["to"] > max(indices)), self.pair_here())
        return self.pair_here()

    def stop_all(self):
        for daemon in (*self.nodes.values(), self.hub):
            if daemon.process.poll() is None:
                self.assertEqual(daemon.stop(), 0)

    def test_what_arrived_is_verified_while_they_run_and_from_their_stores(self):
        self.start("AM", "BY", "KG")
        one, two, three = self.send("AM", "one", "BY"), self.send("BY", "two", "AM,KG"), self.send("AM", "three", "members")
        self.send("AM", "four", "KG")
        answer = self.stated_past(one, two, three)
        self.assertEqual(answer.code, 0, answer)
        am, by = answer.json["ways"]
        self.assertEqual((am["from"], am["sent"], am["arrived"]), ("AM", 2, 2))
        self.assertEqual((by["from"], by["sent"], by["arrived"]), ("BY", 1, 1))
        self.assertTrue(all(said["covers"]["size"] >= answer.json["to"] for said in answer.json["statements"]), answer)
        self.assertEqual([source["source"] for source in answer.json["sources"]], ["running daemon"] * 2)
        listed = self.pair_here("--list").json["notices"]
        self.assertEqual(sorted((notice["index"], notice["at_origin"], notice["at_recipient"]) for notice in listed),
                         sorted((index, "good", "good") for index in (one, two, three)))
        part = self.pair_here("--from", three, "--to", three + 1)
        self.assertEqual((part.code, part.json["ways"][0]["sent"], part.json["ways"][1]["sent"]), (0, 1, 0))
        beyond = self.pair_here("--to", 100000)
        self.assertEqual((beyond.code, beyond.json["verified"]), (2, None), beyond)
        self.assertTrue(beyond.json["open"])
        words = chancery("audit", "pair", "AM", "BY", "--exchange", self.exchange)
        for said in ("verified: AM and BY", "AM to BY: 2 sent, 2 arrived", "BY to AM: 1 sent, 1 arrived", "stated      by BY"):
            self.assertIn(said, words.out)

        self.stop_all()
        stores = {member: self.path(f"{member.lower()}/store/node.db") for member in ("AM", "BY", "KG")}
        before = {member: store.read_bytes() for member, store in stores.items()}
        self.assertEqual(self.pair_here().json["sources"][0]["source"], "store")
        both = self.pair("--store", stores["BY"], "--store", stores["AM"], "--genesis", self.made["genesis"])
        self.assertEqual((both.code, both.json["ways"]), (0, answer.json["ways"]), both)
        # The other one's signed word stands for its records.
        for member in ("AM", "BY"):
            alone = self.pair("--store", stores[member])
            self.assertEqual(alone.code, 0, alone)
            sent, arrived = (2, None) if member == "AM" else (None, 2)
            self.assertEqual((alone.json["ways"][0]["sent"], alone.json["ways"][0]["arrived"]), (sent, arrived))
        self.assertEqual({member: store.read_bytes() for member, store in stores.items()}, before)
        self.assertEqual(self.pair("--store", stores["KG"]).error, "usage")
        self.assertEqual(self.pair("--store", stores["AM"], "--store", stores["AM"]).error, "usage")
        self.assertEqual(self.pair("--store", self.path("hub/store/hub.db")).error, "usage")
        self.assertEqual(chancery("audit", "pair", "AM", "AM", "--store", stores["AM"], "--json").code, 64)

    def test_a_record_that_was_taken_out_of_a_store_is_named(self):
        self.start("AM", "BY")
        _, taken, last = (self.send("AM", subject, "BY") for subject in ("one", "two", "three"))
        self.assertEqual(self.stated_past(last).code, 0)
        self.stop_all()
        forged = self.folder / "forged.db"
        shutil.copy(self.path("by/store/node.db"), forged)
        forged.chmod(0o600)
        with sqlite3.connect(forged) as database:
            for table in ("received", "inbox", "exchanged"):
                self.assertEqual(database.execute(f"DELETE FROM {table} WHERE idx = ?", (taken,)).rowcount, 1)
            database.execute("UPDATE tally SET shown = shown - 1")
        database.close()
        # By itself it is a store that does not hold a notice, as there are many.
        self.assertEqual(chancery("audit", "verify", "--store", forged, "--json").code, 0)
        alone = self.pair("--store", forged)
        self.assertEqual((alone.code, alone.json["verified"]), (1, False), alone)
        self.assertEqual({finding["code"] for finding in alone.json["findings"]}, {"statement-mismatch"})
        both = self.pair("--store", forged, "--store", self.path("am/store/node.db"))
        self.assertEqual(both.code, 1, both)
        self.assertIn((taken, "AM sent it, and the records of BY do not have it"),
                      [(finding["index"], finding["detail"]) for finding in both.json["findings"]])
        self.assertIn(f"entry {taken}", chancery("audit", "pair", "AM", "BY", "--store", forged, "--store",
                                                 self.path("am/store/node.db")).out)
        # What was altered is at fault by itself.
        with sqlite3.connect(forged) as database:
            database.execute("UPDATE received SET envelope = (SELECT envelope FROM received WHERE idx = ?) WHERE idx = ?",
                             (last, last - 1))
        database.close()
        altered = self.pair("--store", forged)
        self.assertEqual(altered.code, 1, altered)

    def test_a_notice_that_the_hub_withheld_is_named(self):
        # From its first notice on, AM's are logged, and none is delivered to BY (tests/liar).
        self.hub = self.daemon("../tests/chancery-liar", "hub/hub.toml")
        self.hub.env = {"CHANCERY_LIE": f"undelivered:BY:{len(self.made['members']) + 1}"}
        self.start("AM", "BY")
        withheld = self.send("AM", "withheld", "BY")
        shown = self.send("BY", "shown", "AM")
        self.assert_arrives("AM", ["shown"])
        self.assertTrue(eventually(lambda: self.pair_here().code == 1), self.pair_here())
        named = [finding["index"] for finding in self.pair_here().json["findings"]]
        self.assertIn(withheld, named)
        self.assertNotIn(shown, named)
        # AM's records and BY's word are enough to say which one it was.
        self.stop_all()
        alone = self.pair("--store", self.path("am/store/node.db"))
        self.assertEqual(alone.code, 1, alone)
        self.assertEqual([finding["index"] for finding in alone.json["findings"]], [withheld], alone)
        # To BY nothing shows it, and nothing is verified either: the hub kept AM's word back too.
        self.assertEqual(self.pair("--store", self.path("by/store/node.db"), "--to", withheld + 1).code, 2)


class AuditReport(Trial):
    HOSTILE = '</title><script>alert("x")</script> & \' \u202e \x1b[31m'
    XHTML = "{http://www.w3.org/1999/xhtml}"

    def report(self, name, page, *words):
        return chancery("audit", "report", name, "-o", self.folder / page, "--exchange", self.exchange, "--json", *words)

    def read(self, page):
        """The page as XML, and all that it says; nothing in it is fetched or run."""
        text = (self.folder / page).read_text(encoding="utf-8")
        root = xml.etree.ElementTree.fromstring(text)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        self.assertFalse(tags & {"script", "img", "link", "iframe", "object", "embed", "a"}, tags)
        self.assertFalse([name for element in root.iter() for name in element.attrib
                          if name.startswith("on") or name in ("src", "href", "style")])
        return root, " ".join(root.itertext())

    def test_a_page_has_what_was_exchanged_and_nothing_of_what_was_said(self):
        self.start("AM", "BY", "KG", "KZ")
        first = self.publish("AM", self.HOSTILE, to="BY,KG")
        self.assertEqual(first.code, 0, first)
        self.assertEqual(self.publish("AM", "Quinces", "--precedence", "flash", to="BY").code, 0)
        self.assertEqual(self.publish("BY", "Medlars", to="AM").code, 0)
        self.assertTrue(eventually(lambda: len(self.subjects("BY")) == 2), self.subjects("BY"))
        self.assertTrue(eventually(lambda: self.subjects("AM") == ["Medlars"]))
        self.assertEqual(self.as_member("BY", "acknowledge", first.json["notice"], "--read").code, 0)

        def whole():
            (self.folder / "polled").unlink(missing_ok=True)
            said = self.report("AM", "polled").json
            by = {peer["member"]: peer for peer in said["peers"]}["BY"]
            return (by["delivered_to"]["count"], by["delivered_from"]["count"], by["read"]["count"]) == (2, 2, 1) and \
                said["witnesses"] and said["witnesses"]["at_quorum"]
        self.assertTrue(eventually(whole), self.report("AM", "last"))
        answer = self.report("AM", "report.html")
        self.assertEqual((answer.code, answer.json["verified"], answer.json["member"]), (0, True, "AM"), answer)
        self.assertEqual(answer.json["notices"], 4)
        self.assertEqual(sorted((cell["member"], cell["kind"], cell["count"]) for cell in answer.json["volume"]),
                         [("AM", "threat.alert", 2), ("BY", "acknowledgement", 1), ("BY", "threat.alert", 1)])
        self.assertEqual(sum(column["urgent"] for column in answer.json["over_time"]["columns"]), 1)
        self.assertEqual((answer.json["mismatches"], answer.json["faults"]), ([], []))
        self.assertEqual((self.folder / "report.html").stat().st_mode & 0o777, 0o600)
        root, said = self.read("report.html")
        self.assertGreaterEqual(len(root.findall(".//{http://www.w3.org/2000/svg}svg")), 6)
        for words in ("Verified: all", "threat.alert", "acknowledgement", "Until recipients had what AM sent", answer.json["root"],
                      self.made["genesis"], "Every statement that could be compared agrees"):
            self.assertIn(words, said)
        for private in ("alert(", "Quinces", "Medlars", first.json["notice"]):
            self.assertNotIn(private, said)
        self.assertEqual(self.report("AM", "report.html").code, 2)
        self.assertEqual(self.report("AM", "report.html").error, "exists")

        # Of a hub, from its store, the volumes; the same records make the same page.
        for daemon in (*self.nodes.values(), self.hub):
            self.assertEqual(daemon.stop(), 0)
        hub = self.report("hub", "hub.html")
        self.assertEqual((hub.code, hub.json["member"], hub.json["peers"]), (0, None, []), hub)
        self.assertEqual(hub.json["notices"], answer.json["notices"])
        self.assertIn("A hub opens no statement", self.read("hub.html")[1])
        self.assertEqual(self.report("hub", "again.html").code, 0)
        self.assertEqual((self.folder / "again.html").read_bytes(), (self.folder / "hub.html").read_bytes())

        # What is false is said on the page as well.
        forged = self.folder / "forged.db"
        shutil.copy(self.path("am/store/node.db"), forged)
        forged.chmod(0o600)
        with sqlite3.connect(forged) as database:
            database.execute("UPDATE received SET envelope = x'00' WHERE idx = (SELECT min(idx) FROM received)")
        database.close()
        false = chancery("audit", "report", "--store", forged, "-o", self.folder / "false.html", "--json")
        self.assertEqual((false.code, false.json["verified"]), (1, False), false)
        self.assertIn("FALSE: the records do not verify", self.read("false.html")[1])


if __name__ == "__main__":
    trial.main()
