#!/usr/bin/env python3
"""Registers and search, of nodes that run and of a store: `chancery register`, `chancery search`."""
import csv
import io
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, eventually  # noqa: E402

HOSTILE = "=cmd|' /C calc'!A0 \x1b[2J\u202egnp.exe <script>"


class Registers(Trial):
    def found(self, member, *words):
        done = trial.chancery(*words, member, "--exchange", self.exchange)
        self.assertEqual(done.code, 0, done)
        return done

    def found_subjects(self, member, *words):
        return [each["subject"] for each in self.found(member, *words, "--json").json["notices"]]

    def test_what_was_notified_is_in_its_register_and_found_by_its_words(self):
        self.start("AM", "BY")
        self.assertEqual(self.publish("AM", "Смена на северной границе").code, 0)
        self.assertEqual(self.publish("AM", HOSTILE).code, 0)
        self.assertEqual(self.publish("AM", "Talks with a third party", kind="contact").code, 0)
        self.assertEqual(self.publish("AM", "Drill", "--status", "exercise").code, 0)
        self.assert_arrives("BY", ["Смена на северной границе", HOSTILE, "Talks with a third party", "Drill"])
        for member in ("BY", "AM"):  # Received, and own.
            self.assertTrue(eventually(lambda: self.found(member, "search", "drill", "--status", "exercise", "--json")
                                       .json["unread"] == 0))
            self.assertEqual(self.found_subjects(member, "register", "threats"), [HOSTILE, "Смена на северной границе"])
            self.assertEqual(self.found_subjects(member, "register", "threats", "--status", "exercise"), ["Drill"])
            self.assertEqual(self.found_subjects(member, "register", "contacts"), ["Talks with a third party"])
            self.assertEqual(self.found_subjects(member, "search", "ГРАНИЦАМИ"), ["Смена на северной границе"])
            self.assertEqual(self.found_subjects(member, "search", "drill"), [])
        table = self.found("BY", "register", "threats").out
        sheet = self.found("BY", "register", "threats", "--csv").out
        for page in (table, sheet, self.found("BY", "search", "script").out):
            self.assertNotRegex(page, "[\x00-\x09\x0b\x0c\x0e-\x1f\u202e]")
            self.assertIn("\\u001b[2J\\u202egnp.exe", page)
        rows = list(csv.DictReader(io.StringIO(sheet, newline="")))
        self.assertEqual([row["subject"][:5] for row in rows], ["'=cmd", "Смена"])
        # The store says the same once the daemon is gone.
        self.assertEqual(self.nodes["BY"].stop(), 0)
        self.assertEqual(self.found("BY", "register", "threats", "--csv").out, sheet)


if __name__ == "__main__":
    trial.main()
