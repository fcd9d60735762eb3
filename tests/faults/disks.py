"""Small ext4 file systems in a file, mounted where a daemon keeps its store. As root."""
import os
import pathlib
import subprocess

import needs


def call(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, env=needs.environment())
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.stderr or done.stdout}")


class Disk:
    """A file system of its own under a folder that is empty so far."""

    def __init__(self, folder, image, mebibytes):
        self.folder, self.image = folder, image
        self.ballast = folder / "ballast"
        with open(image, "wb") as file:
            file.truncate(mebibytes << 20)
        call("mkfs.ext4", "-q", "-m", "0", "-E", "root_owner=0:0,lazy_itable_init=0", "-F", image)
        self.mount()
        folder.chmod(0o700)

    def mount(self):
        call("mount", "-o", "loop", self.image, self.folder)

    def unmount(self):
        call("umount", self.folder)

    def cut_power(self):
        """What was not synced is gone. The writer has to stand still: a sync on its way would succeed falsely."""
        call("xfs_io", "-x", "-c", "shutdown", self.folder)

    def fill(self, leave=0):
        """Nothing can be written any more, to the last block, or beyond so many bytes."""
        block = 1 << 16
        with open(self.ballast, "ab", buffering=0) as file:
            while block:
                try:
                    file.write(bytes(block))
                except OSError:
                    block //= 2
            file.truncate(file.tell() - leave)
            os.fsync(file.fileno())

    def free(self):
        pathlib.Path(self.ballast).unlink(missing_ok=True)

    def release(self):
        """Whatever state it is in: nothing is left mounted."""
        subprocess.run(["umount", "-l", self.folder], capture_output=True, env=needs.environment())
