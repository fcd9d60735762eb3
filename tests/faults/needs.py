"""What a campaign may need of the machine, and whether it is there."""
import importlib.util
import os
import pathlib
import shutil

FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def environment():
    """With the folders of the administrator, which not every PATH has."""
    return {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}


def programs(*names):
    return all(shutil.which(name, path=environment()["PATH"]) for name in names)


def is_root():
    return os.geteuid() == 0


CHECKS = {
    "root": is_root,
    "loop devices": lambda: os.path.exists("/dev/loop-control") and programs("mkfs.ext4", "losetup", "xfs_io"),
    "network namespaces": lambda: os.path.exists("/proc/self/ns/net") and programs("ip", "nft"),
    "strace": lambda: programs("strace"),
    "libfaketime": lambda: FAKETIME is not None,
    "python3-zmq": lambda: importlib.util.find_spec("zmq") is not None,
}


def missing(names):
    return [name for name in names if not CHECKS[name]()]
