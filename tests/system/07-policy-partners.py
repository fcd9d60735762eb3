#!/usr/bin/env python3
"""An exchange with institutions and a partner: who is meant has to be said. Protocol chapter 7."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial  # noqa: E402

MEMBERS = ["BY", "KG", "KZ", "RU", "TJ"]
INSTITUTIONS = ["PC", "SEC"]


class PolicyPartners(Trial):
    profile = "csto-partners"

    def test_all_never_reaches_a_partner_that_nobody_named(self):  # C-97
        self.start("AM", "BY", "UN")

        def emergency(subject, to):
            return self.publish("AM", subject, kind="emergency.alert", to=to)

        refused = emergency("To all", "all")
        self.assertEqual((refused.code, refused.error), (1, "partner-not-named"), refused)
        members = emergency("To members", "members")
        self.assertEqual((members.code, members.json["recipients"]), (0, sorted(MEMBERS + INSTITUTIONS)), members)
        named = emergency("To all and UN", "all,UN")
        self.assertEqual((named.code, named.json["recipients"]), (0, sorted(MEMBERS + INSTITUTIONS + ["UN"])), named)
        self.assert_arrives("UN", ["To all and UN"])
        self.assert_arrives("BY", ["To members", "To all and UN"])

    def test_a_partner_gets_neither_kinds_nor_labels_that_keep_it_out(self):  # C-85, C-86
        self.start("AM", "UN")
        for kind, words, error in (("threat.alert", (), "partner-forbidden"),
                                   ("contact", ("--tlp", "red"), "partner-forbidden"),
                                   ("contact", ("--tlp", "amber-strict"), "partner-forbidden"),
                                   ("contact", ("--handling", "MEMBERS-ONLY"), "partner-forbidden"),
                                   ("contact", ("--classification", "secret"), "classification-exceeded")):
            answer = self.publish("AM", "No", *words, kind=kind, to="UN")
            self.assertEqual((answer.code, answer.error), (1, error), answer)
        self.assertEqual(self.publish("AM", "Yes", kind="contact", to="UN").code, 0)
        self.assert_arrives("UN", ["Yes"])
        forbidden = self.publish("UN", "No", kind="contact", to="AM")
        self.assertEqual((forbidden.code, forbidden.error), (1, "kind-not-granted"), forbidden)


if __name__ == "__main__":
    trial.main()
