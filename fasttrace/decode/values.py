"""The Python values of a call's arguments: what numbers, strings and structures become.

All of them are what they would be without a name: a number that is shown as names is an int, a
structure a dict, data bytes. All can be pickled and compared with the plain ones.
"""

from typing import Any, NamedTuple


class Named(int):
    """A number with a text of its own: AT_FDCWD, 0644, SIGCHLD, makedev(0x8, 0x1).

    >>> Named(420, "0644") == 0o644, str(Named(420, "0644"))
    (True, '0644')
    """

    text: str

    def __new__(cls, value: int, text: str) -> "Named":
        self = int.__new__(cls, value)
        self.text = text
        return self

    @property
    def value(self) -> int:
        """The number alone."""
        return int(self)

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (int(self), self.text)


class Flags(Named):
    """Flags, or one name of several.

    >>> flags = Flags(0o2000001, "O_WRONLY|O_CLOEXEC")
    >>> flags.names, "O_CLOEXEC" in flags, flags & 3
    (('O_WRONLY', 'O_CLOEXEC'), True, 1)
    """

    @property
    def names(self) -> tuple[str, ...]:
        """The names in it, without what has none."""
        words = self.text.partition(" ")[0].split("|")
        return tuple(word for word in words if not word[0].isdigit())

    def __contains__(self, name: object) -> bool:
        return name in self.names


class Descriptor(Named):
    """A file descriptor, of a call that was told what descriptors are; AT_FDCWD is one too.

    path: what /proc/PID/fd/N says: of a file its path from the root, else a word such as
    "socket:[7]" or "pipe:[9]". deleted: the file has no name any more. text: as `strace -yy`
    writes it, with addresses of sockets.

    >>> fd = Descriptor(3, "3</etc/passwd>", "/etc/passwd")
    >>> fd == 3, fd.path, fd
    (True, '/etc/passwd', 3</etc/passwd>)
    """

    path: str
    deleted: bool

    def __new__(cls, value: int, text: str, path: str, deleted: bool = False) -> "Descriptor":
        self = int.__new__(cls, value)
        self.text, self.path, self.deleted = text, path, deleted
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (int(self), self.text, self.path, self.deleted)


class Address(int):
    """An address in the traced program; what lies there was not copied, or could not be read.

    note: what is known of it: "14 vars" of an environment, "3 entries" of a folder; or "".

    >>> Address(0x7ffe1000)
    0x7ffe1000
    """

    note: str = ""

    def __repr__(self) -> str:
        return hex(self)

    __str__ = __repr__


class Data(bytes):
    """Bytes that a call read or wrote, as far as they were copied.

    cut: there were more: see the tracer's `string_limit`.
    """

    __slots__ = ()
    cut = False


class CutData(Data):
    """Data of which only a part was copied.

    >>> CutData(b"GET /")
    b'GET /'...
    """

    __slots__ = ()
    cut = True

    def __repr__(self) -> str:
        return f"{bytes(self)!r}..."


class CutText(str):
    """A string of which only a part was copied. Others are plain str."""

    __slots__ = ()
    cut = True

    def __repr__(self) -> str:
        return f"{str(self)!r}..."


# The fields of a socket's address, whatever its family.
_SOCKET_FIELDS = {
    "family": ("sa_family",),
    "port": ("sin_port", "sin6_port"),
    "address": ("sin_addr", "sin6_addr", "sun_path"),
}


class Struct(dict[str, Any]):
    """A structure by the kernel's names of its fields, as items and as attributes.

    A socket's address also has `family`, `port` and `address`, as far as its family has them.

    >>> Struct(st_size=5).st_size
    5
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        for field in _SOCKET_FIELDS.get(name, ()) if "sa_family" in self else ():
            if field in self:
                return self[field]
        raise AttributeError(f"no field {name!r}; there are {', '.join(self) or 'none'}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]


class Arguments(Struct):
    """The arguments of a call by the kernel's names of them, or by index.

    >>> arguments = Arguments(fd=3, count=100)
    >>> arguments["fd"], arguments[1], arguments[-1], arguments.count
    (3, 100, 100, 100)
    """

    __slots__ = ()

    def __missing__(self, key: object) -> Any:
        if isinstance(key, int):
            try:
                return list(self.values())[key]
            except IndexError:
                raise IndexError(f"no argument {key}: there are {len(self)}") from None
        raise KeyError(key)


class Change(NamedTuple):
    """What the call was given, and what stood there when it had ended: `before => after`."""

    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.before!r} => {self.after!r}"
