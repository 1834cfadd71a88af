"""Where files and folders are written, though others may write there too.

A path says every time anew where it leads. Who owns a folder on its way may move it away and put
another there, or plant a link to a file of ours. So a path is walked once, the folder at its end is
held, and all that follows goes through that descriptor (openat(2) and its like). Links on the way
are followed if they are ours or root's, who could do us any harm without them.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TypeAlias

Text: TypeAlias = "str | os.PathLike[str]"

_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_LINKS_MAX = 40  # MAXSYMLINKS of the kernel


def look(path: Text) -> os.stat_result | None:
    """What stat(2) tells; None: the path leads nowhere, or nowhere that we may see."""
    try:
        return os.stat(path)  # noqa: PTH116 - Path(...).exists() raises where we may not see
    except OSError:
        return None


class Place:
    """A name in a folder that is held: where a file or a folder is to be made.

    Args:
        path: what was given. OSError: it leads nowhere, or through a link of another user's.
        is_file: a link at the end of it is followed too, if it is ours or root's.
    """

    def __init__(self, path: Text, *, is_file: bool) -> None:
        self.path = os.fspath(path)
        self._walk = _Walk(self.path, last_too=is_file)
        self._is_file = is_file
        self._beside = ""
        self._closed = False

    def open_file(self) -> int:
        """Open it for writing and empty it; make it if it is not there."""
        walk = self._walk
        follow = 0 if walk.in_proc else os.O_NOFOLLOW
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | follow
        if self.path.endswith("/"):
            raise _error(errno.EISDIR)
        try:
            fd = os.open(walk.name, flags, 0o666, dir_fd=walk.fd)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise OSError(errno.ELOOP, "it has just been replaced by a link") from None
            raise
        try:
            found = os.fstat(fd)
            if stat.S_ISREG(found.st_mode):
                # Where /proc/sys/fs/protected_hardlinks is 0 any file of ours may be among them.
                if found.st_nlink > 1 and _others_write(os.fstat(walk.fd)):
                    text = "it has other names too (ln), in a folder that others may write to"
                    raise OSError(errno.EMLINK, text)
                os.ftruncate(fd, 0)
        except OSError:
            os.close(fd)
            raise
        return fd

    def check_file(self) -> None:
        """OSError: as far as permissions tell `open_file` would not work. Nothing is changed."""
        walk = self._walk
        try:
            if stat.S_ISDIR(os.stat(walk.name, dir_fd=walk.fd).st_mode):
                raise _error(errno.EISDIR)
            name = walk.name
        except FileNotFoundError:
            name = "."
        if not os.access(name, os.W_OK, dir_fd=walk.fd, effective_ids=True):
            raise _error(errno.EACCES)

    def open_beside(self) -> int:
        """Open a new file beside it for writing, which `put_in_place` gives the name; what is there
        and is no file is opened itself."""
        walk = self._walk
        try:
            found = os.stat(walk.name, dir_fd=walk.fd, follow_symlinks=walk.in_proc)
        except FileNotFoundError:
            found = None
        is_file = found is None or stat.S_ISREG(found.st_mode)
        if walk.in_proc or not is_file or self.path.endswith("/"):
            return self.open_file()
        beside = f".{walk.name[:200]}.{os.urandom(6).hex()}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(beside, flags, 0o666, dir_fd=walk.fd)
        self._beside = beside
        if found is not None and found.st_uid == os.geteuid():
            os.fchmod(fd, stat.S_IMODE(found.st_mode))
        return fd

    def put_in_place(self) -> None:
        """What `open_beside` has made gets the name; what had it is gone."""
        if self._beside:
            os.replace(
                self._beside, self._walk.name, src_dir_fd=self._walk.fd, dst_dir_fd=self._walk.fd
            )
            self._beside = ""

    def remove_beside(self) -> None:
        """If it has not been put in place."""
        if self._beside:
            beside, self._beside = self._beside, ""
            try:
                os.unlink(beside, dir_fd=self._walk.fd)
            except FileNotFoundError:
                return

    def make_folder(self) -> Folder:
        """FileExistsError: something has the name already."""
        walk = self._walk
        os.mkdir(walk.name, dir_fd=walk.fd)
        fd = os.open(walk.name, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=walk.fd)
        with os.scandir(fd) as entries:
            is_new = next(entries, None) is None
        if not is_new:  # an older folder of ours has been put in its place
            os.close(fd)
            raise _error(errno.EEXIST)
        return Folder(self.path, fd)

    def remove_folder(self) -> None:
        """If it is there and empty: else it is no longer the one that was made."""
        try:
            os.rmdir(self._walk.name, dir_fd=self._walk.fd)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENOTEMPTY, errno.EEXIST):
                raise

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._walk.close()


class Folder:
    """A folder that is held by its descriptor: this one, wherever its path may lead by now."""

    def __init__(self, path: Text, fd: int | None = None) -> None:
        """fd: what is open already. OSError: there is none at the path."""
        self.path = os.fspath(path)
        self._fd = os.open(path, os.O_DIRECTORY | os.O_RDONLY | os.O_CLOEXEC) if fd is None else fd

    def create(self, name: str) -> int:
        """Open a new file of this name for writing."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(name, flags, 0o666, dir_fd=self._fd)
        if os.fstat(fd).st_uid != os.fstat(self._fd).st_uid:
            # Made by us they have one owner, whoever that is to be on this file system.
            os.close(fd)
            self.remove(name)
            raise OSError(errno.EPERM, "another user has put a folder of theirs in its place")
        return fd

    def open(self, name: str) -> int:
        """Open a file for reading. OSError: it is none, but a pipe, say, which might never end."""
        fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._fd)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "it is not a file")
        return fd

    def rename(self, old: str, new: str) -> None:
        """What had the new name is replaced."""
        os.replace(old, new, src_dir_fd=self._fd, dst_dir_fd=self._fd)

    def remove(self, name: str) -> None:
        """If it is there."""
        try:
            os.unlink(name, dir_fd=self._fd)
        except FileNotFoundError:
            return

    def close(self) -> None:
        os.close(self._fd)


class _Walk:
    """Goes along a path; `fd` is the folder in which its last part has `name`.

    in_proc: that is a link of /proc, such as /proc/self/fd/1, which only the kernel can follow.
    """

    def __init__(self, path: str, *, last_too: bool) -> None:
        if not path:
            raise _error(errno.ENOENT)
        self.in_proc = False
        self.name = "."
        self._links = 0
        self._left: list[str] = []
        self.fd = os.open(".", _DIRECTORY)
        try:
            self._put(path)
            while self._left:
                name = self._left.pop()
                if self._left:
                    self._enter(name)
                elif not last_too or not self._through_link(name):
                    self.name = name
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        os.close(self.fd)

    def _put(self, path: str) -> None:
        """To be walked next."""
        if path.startswith("/"):
            self._step(os.open("/", _DIRECTORY))
        self._left += [part for part in reversed(path.split("/")) if part not in ("", ".")]

    def _step(self, fd: int) -> None:
        os.close(self.fd)
        self.fd = fd

    def _enter(self, name: str) -> None:
        try:
            # O_DIRECTORY has an automounted one mounted.
            self._step(os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=self.fd))
        except NotADirectoryError:
            if not self._through_link(name):
                raise
            if self.in_proc:
                self._step(os.open(name, _DIRECTORY, dir_fd=self.fd))
                self.in_proc = False

    def _through_link(self, name: str) -> bool:
        """If it is a link, what it says is walked next; in /proc the name is kept."""
        try:
            fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.fd)
        except FileNotFoundError:
            return False
        try:
            found = os.fstat(fd)
            if not stat.S_ISLNK(found.st_mode):
                return False
            self._links += 1
            if self._links > _LINKS_MAX:
                raise _error(errno.ELOOP)
            if found.st_uid not in (0, os.geteuid()):
                text = f"{name} is a link of another user's; give the path that it leads to"
                raise OSError(errno.ELOOP, text)
            if found.st_dev == _proc_device():
                self.in_proc, self.name = True, name
            else:
                self._put(os.readlink("", dir_fd=fd))
        finally:
            os.close(fd)
        return True


def _proc_device() -> int:
    try:
        return os.lstat("/proc/self").st_dev
    except OSError:
        return -1


def _others_write(folder: os.stat_result) -> bool:
    return folder.st_uid not in (0, os.geteuid()) or bool(folder.st_mode & 0o022)


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
