"""A network of its own for each daemon: the hub and each node in a namespace, a cable between, nft to cut it.
As root. The names of namespaces and cables carry the process id, so that two runs do not meet."""
import os
import subprocess

import needs

PORT = 7411


def call(*words, stdin=None):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, input=stdin,
                          env=needs.environment())
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.stderr or done.stdout}")


class Network:
    """The hub is 10.77.N.1 to the N-th node, which is 10.77.N.2; all others are far away."""

    def __init__(self, members):
        self.members = members
        self.cables = {member: f"chf{os.getpid()}{chr(97 + i)}" for i, member in enumerate(members)}
        self.spaces = {}
        self.make("hub")
        for number, member in enumerate(members):
            self.make(member)
            cable, far = self.cables[member], self.cables[member].upper()
            call("ip", "link", "add", cable, "netns", self.spaces["hub"], "type", "veth", "peer", "name", far, "netns",
                 self.spaces[member])
            self.raise_link("hub", cable, f"10.77.{number}.1/24")
            self.raise_link(member, far, f"10.77.{number}.2/24")
        self.heal()

    def make(self, name):
        self.spaces[name] = f"chf-{os.getpid()}-{name}"
        call("ip", "netns", "add", self.spaces[name])
        call("ip", "-n", self.spaces[name], "link", "set", "lo", "up")

    def raise_link(self, name, cable, address):
        call("ip", "-n", self.spaces[name], "address", "add", address, "dev", cable)
        call("ip", "-n", self.spaces[name], "link", "set", cable, "up")

    def prefix(self, name):
        """What starts a program in the network of this daemon."""
        return ("ip", "netns", "exec", self.spaces[name])

    def hub_of(self, member):
        return f"tcp://10.77.{self.members.index(member)}.1:{PORT}"

    def rules(self, drops):
        """`drops` are rules of a chain for what comes in at the hub, and of one for what leaves it."""
        chains = []
        for name in ("input", "output"):
            rules = "".join(f"{rule}; " for rule in drops.get(name, ()))
            chains.append(f"chain {name} {{ type filter hook {name} priority 0; {rules}}}")
        text = "\n".join(("flush ruleset", "table inet faults {", *chains, "}", ""))
        call(*self.prefix("hub"), "nft", "-f", "-", stdin=text)

    def cut(self, members, to_hub=True, from_hub=True, share=100):
        """Drops what these members send, or are sent, or so many of a hundred packets."""
        some = "" if share == 100 else f" numgen random mod 100 < {share}"
        self.rules({"input": [f'iifname "{self.cables[m]}"{some} drop' for m in members if to_hub],
                    "output": [f'oifname "{self.cables[m]}"{some} drop' for m in members if from_hub]})

    def heal(self):
        self.rules({})

    def release(self):
        for name in self.spaces.values():
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, env=needs.environment())
