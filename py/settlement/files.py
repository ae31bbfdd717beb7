"""Files that users name: opened without waiting for anybody, and only where they are plain files.

A pipe in a file's place would have its reader wait for whoever writes to it, and a device need never end.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO

_ROOT = 0


def open_plain(path: str | os.PathLike[str]) -> BinaryIO:
    """Opens a plain file for reading.

    Raises:
        OSError: it cannot be opened, or is a folder, a pipe or a device; `strerror` says which.
        ValueError: no file can have this name.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _require_plain(os.fstat(descriptor).st_mode)
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_plain(path: str | os.PathLike[str], most: int | None = None) -> bytes:
    """What is in a plain file; of one larger than `most`, so many bytes and one more, so that readers refuse it.

    Raises:
        OSError: as `open_plain`, or it cannot be read.
        ValueError: no file can have this name.
    """
    with open_plain(path) as stream:
        return stream.read() if most is None else stream.read(most + 1)


def foreign_owner(found: os.stat_result) -> str | None:
    """What is wrong with the owner of a file or folder that holds secrets; None where it is this user's or root's.

    Whoever owns it may change it, and its mode, whatever its mode is now.
    """
    user = os.geteuid()
    if found.st_uid in (user, _ROOT):
        return None
    allowed = "root" if user == _ROOT else f"this user (uid {user}) or root"
    return f"its owner is the user with uid {found.st_uid}, and has to be {allowed}"


def _require_plain(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is no plain file")
