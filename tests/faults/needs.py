"""What a campaign may need of the machine, and whether it is there: tried, since root may do less than it used to."""
import functools
import importlib.util
import os
import pathlib
import shutil
import subprocess
import tempfile

FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def environment():
    """With the folders of the administrator, which not every PATH has."""
    return {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}


def programs(*names):
    return all(shutil.which(name, path=environment()["PATH"]) for name in names)


def is_root():
    return os.geteuid() == 0


def works(*words):
    return subprocess.run(words, capture_output=True, env=environment(), check=False).returncode == 0


@functools.cache
def has_loop_devices():
    if not (is_root() and os.path.exists("/dev/loop-control") and programs("mkfs.ext4", "losetup", "xfs_io")):
        return False
    with tempfile.TemporaryDirectory() as folder:
        image, at = pathlib.Path(folder, "image"), pathlib.Path(folder, "at")
        at.mkdir()
        with open(image, "wb") as file:
            file.truncate(8 << 20)
        if not (works("mkfs.ext4", "-q", image) and works("mount", "-o", "loop", image, at)):
            return False
        return works("umount", at)


@functools.cache
def has_network_namespaces():
    name = f"chancery-try-{os.getpid()}"
    return programs("ip", "nft") and works("ip", "netns", "add", name) and works("ip", "netns", "delete", name)


@functools.cache
def has_strace():
    return programs("strace") and works("strace", "-o", os.devnull, "true")


CHECKS = {
    "root": is_root,
    "loop devices": has_loop_devices,
    "network namespaces": has_network_namespaces,
    "strace": has_strace,
    "libfaketime": lambda: FAKETIME is not None,
    "python3-zmq": lambda: importlib.util.find_spec("zmq") is not None,
}


def missing(names):
    return [name for name in names if not CHECKS[name]()]
