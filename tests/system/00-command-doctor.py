#!/usr/bin/env python3
"""`chancery doctor` of a node and of a hub: well, ill, and not there. docs/reference/cli.md."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import trial  # noqa: E402
from trial import Trial, chancery, eventually  # noqa: E402


class Doctor(Trial):
    def doctor(self, name, *words):
        return chancery("doctor", "--exchange", self.exchange, name, *words)

    def ill(self, name):
        """Parts that are not good, with their health."""
        answer = self.doctor(name, "--json")
        ill = {finding["part"]: finding["health"] for finding in answer.json["findings"] if finding["health"] != "good"}
        self.assertEqual(answer.code, 1 if ill else 0, answer)
        for finding in answer.json["findings"]:
            self.assertEqual(finding["health"] != "good", finding["remedy"] is not None, finding)
        return ill

    def test_what_is_well_is_called_well(self):
        self.start("AM")
        self.assertTrue(self.nodes["AM"].says(" ready "))
        for name in ("AM", "hub"):
            answer = self.doctor(name, "--json")
            self.assertEqual((answer.code, answer.json["health"], answer.json["name"]), (0, "good", name), answer)
            self.assertEqual(self.doctor(name).code, 0)
            plugin = self.doctor(name, "--check", "--log-age-max", "1h")
            self.assertEqual(plugin.code, 0, plugin)
            self.assertRegex(plugin.out, rf"^CHANCERY OK - {name}: all is well \| log_size=7 disk_free=\d+B\n")

    def test_trouble_is_named_with_what_to_do(self):
        self.start("AM")
        self.assertTrue(self.nodes["AM"].says(" ready "))
        self.path("am/keys/local.pem").chmod(0o644)
        self.assertEqual(self.ill("AM"), {"start": "bad"})
        answer = self.doctor("AM")
        self.assertIn("file-permissions", answer.out)
        self.assertIn("local.pem", answer.out)
        self.path("am/keys/local.pem").chmod(0o600)

        self.assertEqual(self.hub.stop(), 0)
        self.assertTrue(eventually(lambda: self.ill("AM") == {"link": "bad"}), self.ill("AM"))
        plugin = self.doctor("AM", "--check")
        self.assertEqual(plugin.code, 2)
        self.assertRegex(plugin.out, "^CHANCERY CRITICAL - AM: link: down")
        self.assertEqual(self.ill("hub"), {"daemon": "bad"})

        self.edit("am/node.toml", "^member = .*$", 'member = "AM"\nmistyped = 1')
        unknown = self.doctor("AM", "--check")
        self.assertEqual(unknown.code, 3)
        self.assertRegex(unknown.out, "^CHANCERY UNKNOWN - config-unknown-key")
        refused = self.doctor("AM", "--json")
        self.assertEqual((refused.code, refused.error), (1, "config-unknown-key"))
        self.assertEqual(chancery("doctor", "--check", "--log-age-max", "long", "--exchange", self.exchange, "hub").code, 64)

    def test_a_notice_that_no_key_opens_is_a_warning_until_it_is_known(self):
        self.start("AM", "BY")
        self.assertEqual(self.nodes["AM"].stop(), 0)
        key = self.path("am/keys/sealing.pem")
        right = key.read_bytes()
        key.write_bytes(self.path("kg/keys/sealing.pem").read_bytes())
        self.start_node("AM")
        self.assertEqual(self.publish("BY", "sealed", to="AM").code, 0)
        self.assertTrue(self.nodes["AM"].says("unopenable-entry"), self.nodes["AM"].log())
        key.write_bytes(right)
        self.assertEqual(self.nodes["AM"].stop(), 0)
        self.start_node("AM")
        self.assertTrue(eventually(lambda: self.ill("AM") == {"inbox": "warning"}), self.ill("AM"))
        plugin = self.doctor("AM", "--check")
        self.assertEqual(plugin.code, 1, plugin)
        self.assertRegex(plugin.out, "^CHANCERY WARNING - AM: inbox: 0 deliveries are void, 1 unopenable ")
        self.assertIn("unopenable-entry in the log names", self.doctor("AM").out)
        self.assertEqual([self.status("AM").code, self.status("AM", "--check").code], [0, 1])
        known = ("--check", "--unshown-known", 1)
        self.assertEqual([self.doctor("AM", *known).code, self.status("AM", *known).code], [0, 0])

    def test_a_daemon_whose_folder_under_run_is_gone_does_not_run(self):
        folder = "/run/chancery-doctor-test"  # As systemd leaves it.
        for config, words in (("hub/hub.toml", ("admin",)), ("am/node.toml", ("admin", "local"))):
            for word in words:
                self.edit(config, f"^{word} = .*$", f'{word} = "{folder}/{word}.sock"')
        for name, unit in (("hub", "chancery-broker"), ("AM", "chancery-node")):
            self.assertEqual(self.ill(name), {"daemon": "bad"})
            answer = self.doctor(name)
            self.assertRegex(answer.out, rf"(?s)does not run: {folder}, .*remedy: systemctl start {unit}; ")
            self.assertNotIn("file-missing", answer.out)
        self.path("am/keys/local.pem").chmod(0o644)
        self.assertEqual(self.ill("AM"), {"start": "bad", "daemon": "bad"}, "all else is looked at")
        self.path("am/keys/local.pem").chmod(0o600)
        for word in ("admin", "local"):
            self.edit("am/node.toml", f"^{word} = .*$", f'{word} = "gone/{word}.sock"')
        self.assertEqual(self.ill("AM"), {"start": "bad", "daemon": "bad"}, "nobody makes another folder")

    def test_a_bundle_has_neither_secrets_nor_notices(self):
        self.start("AM", "BY")
        self.assertEqual(self.publish("AM", "Nobody else's business").code, 0)
        self.assert_arrives("BY", ["Nobody else's business"])
        file = self.folder / "bundle.json"
        self.assertEqual(self.doctor("BY", "--bundle", file).code, 0)
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        text = file.read_text()
        bundle = json.loads(text)
        self.assertEqual(bundle["status"]["member"], "BY")
        self.assertEqual(bundle["config"]["application"][0]["name"], "desk")
        self.assertNotIn("business", text)
        for key in self.path("by/keys").glob("*.pem"):
            for line in key.read_text().splitlines():
                self.assertNotIn(line, text)
        again = self.doctor("BY", "--bundle", file, "--json")
        self.assertEqual((again.code, again.error), (1, "exists"))
        self.assertIn("findings", again.json)
        again = self.doctor("BY", "--bundle", file, "--check")
        self.assertEqual(again.code, 3, again)
        self.assertRegex(again.out, "^CHANCERY UNKNOWN - exists: .*\n$")
        self.assertEqual(file.read_text(), text)


if __name__ == "__main__":
    trial.main()
