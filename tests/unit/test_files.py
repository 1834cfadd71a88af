"""Promise: what is written goes into the folder that the path led to at first, through no link of
another user's, and over no file that was not named."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fasttrace.cli.output import Output
from fasttrace.data.storage import Writer
from fasttrace.data.trace import Trace
from fasttrace.errors import OutputError
from fasttrace.system.files import Folder, Place

NOBODY = 65534
KEPT = "what must stay"


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Path]:
    """Gives a file, link or folder to another user; or, if we are no root, makes us another one."""

    def give(path: Path) -> Path:
        if os.getuid() == 0:
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        else:
            monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        return path

    return give


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    path = tmp_path / "precious"
    path.write_text(KEPT)
    return path


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def link(path: Path, target: Path | str) -> Path:
    path.symlink_to(target)
    return path


def write(path: Path | str, text: str = "new") -> None:
    place = Place(path, is_file=True)
    fd = place.open_file()
    os.write(fd, text.encode())
    os.close(fd)
    place.close()


def test_a_file_is_made_or_emptied(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for text in ("the first, which is longer", "2nd"):
        write(path, text)
        assert path.read_text() == text


def test_relative_paths_lead_where_the_shell_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    for path, at in [("x", "a/x"), ("./y", "a/y"), ("../z", "z"), ("..//a/./../a/v", "a/v")]:
        write(path)
        assert (tmp_path / at).read_text() == "new"


@pytest.mark.parametrize("target", ["precious", "./d/../precious", "{}/precious", "second", "gone"])
def test_our_own_links_are_followed(tmp_path: Path, precious: Path, target: str) -> None:
    (tmp_path / "d").mkdir()
    link(tmp_path / "second", "precious")
    path = link(tmp_path / "x", target.format(tmp_path))
    write(path)
    assert path.is_symlink()
    assert path.read_text() == "new"


def test_own_links_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    link(tmp_path / "to-d", "d")
    link(tmp_path / "here", ".")
    write(tmp_path / "here/to-d/x")
    assert (tmp_path / "d/x").read_text() == "new"


@pytest.mark.parametrize("path", ["at-end", "to-folder/precious", "d/up/precious"])
def test_links_of_others_are_not_followed(
    tmp_path: Path, precious: Path, foreign: Callable[[Path], Path], path: str
) -> None:
    (tmp_path / "d").mkdir()
    foreign(link(tmp_path / "at-end", "precious"))
    foreign(link(tmp_path / "to-folder", "."))
    foreign(link(tmp_path / "d/up", ".."))
    with pytest.raises(OutputError, match="is a link of another user's"):
        Output(str(tmp_path / path))
    assert precious.read_text() == KEPT
    if "/" in path:
        with pytest.raises(OutputError, match="is a link of another user's"):
            Writer((tmp_path / path).with_name("x.fst"))
        assert not (tmp_path / "x.fst").exists()


def test_roots_links_are_followed_by_all(
    tmp_path: Path, precious: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.getuid() != 0:
        pytest.skip("root alone can make root's link")
    link(tmp_path / "x", precious)
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    write(tmp_path / "x")
    assert precious.read_text() == "new"


def test_links_in_a_circle(tmp_path: Path) -> None:
    link(tmp_path / "a", "b")
    link(tmp_path / "b", "a")
    with pytest.raises(OutputError, match="Too many levels"):
        Output(str(tmp_path / "a"))


def test_a_link_that_comes_later_is_not_followed(tmp_path: Path, precious: Path) -> None:
    place = Place(tmp_path / "x", is_file=True)
    link(tmp_path / "x", precious)
    with pytest.raises(OSError, match="replaced by a link"):
        place.open_file()
    place.close()
    assert precious.read_text() == KEPT


def test_a_folder_that_is_moved_away_is_still_the_one(tmp_path: Path, precious: Path) -> None:
    (tmp_path / "d").mkdir()
    place = Place(tmp_path / "d/x", is_file=True)
    (tmp_path / "d").rename(tmp_path / "away")
    (tmp_path / "d").mkdir()
    link(tmp_path / "d/x", precious)
    os.close(place.open_file())
    place.close()
    assert (tmp_path / "away/x").exists()
    assert precious.read_text() == KEPT


def test_another_name_of_a_file_of_ours(
    tmp_path: Path, precious: Path, foreign: Callable[[Path], Path]
) -> None:
    """A planted hard link, where the kernel does not forbid making one."""
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "x").hardlink_to(precious)
    foreign(folder)
    with pytest.raises(OutputError, match="other names"):
        Output(str(folder / "x"))
    assert precious.read_text() == KEPT


def test_hard_links_of_our_own_are_written_to(tmp_path: Path, precious: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir(mode=0o755)
    (folder / "x").hardlink_to(precious)
    write(folder / "x")
    assert precious.read_text() == "new"


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("", errno.ENOENT),
        ("no/x", errno.ENOENT),
        ("precious/x", errno.ENOTDIR),
        (".", errno.EISDIR),
        ("..", errno.EISDIR),
        ("/", errno.EISDIR),
        ("new/", errno.EISDIR),
        ("x" * 300, errno.ENAMETOOLONG),
    ],
)
def test_places_that_cannot_be(
    tmp_path: Path, precious: Path, monkeypatch: pytest.MonkeyPatch, path: str, number: int
) -> None:
    monkeypatch.chdir(tmp_path)
    before = descriptors()
    with pytest.raises(OutputError) as caught:
        Output(path)
    assert caught.value.errno == number
    assert "\n" not in str(caught.value)
    assert descriptors() == before


def test_descriptors_by_name(tmp_path: Path) -> None:
    """/dev/stdout and its like are links that only the kernel can follow."""
    code = (
        "import os, sys; from fasttrace.cli.output import Output\n"
        "for path in ('/dev/stdout', '/proc/self/fd/1', '/dev/fd/1', '/proc/self/cwd/x'):\n"
        "    with Output(path) as output: output.write(path + chr(10))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["/dev/stdout", "/proc/self/fd/1", "/dev/fd/1"]
    assert (tmp_path / "x").read_text() == "/proc/self/cwd/x\n"


def swapped(
    monkeypatch: pytest.MonkeyPatch, make_other: Callable[[Path], object], path: Path
) -> None:
    """As soon as a folder is made another stands in its place."""
    mkdir = os.mkdir

    def made(name: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        monkeypatch.setattr(os, "mkdir", mkdir)
        mkdir(name, mode, dir_fd=dir_fd)
        path.rename(path.with_name("away"))
        make_other(path)

    monkeypatch.setattr(os, "mkdir", made)


def test_a_folder_replaced_by_another_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.getuid() != 0:
        pytest.skip("needs root, to make a folder of another user's")
    path = tmp_path / "x.fst"
    swapped(monkeypatch, lambda p: (p.mkdir(), os.chown(p, NOBODY, NOBODY)), path)
    with pytest.raises(OutputError, match="another user has put"):
        Writer(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["away"]


def test_a_folder_replaced_by_an_older_one_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Trace(argv=["older"]).save(tmp_path / "older")
    path = tmp_path / "x.fst"
    swapped(monkeypatch, lambda p: (tmp_path / "older").rename(p), path)
    with pytest.raises(OutputError, match="exists already"):
        Writer(path)
    assert Trace.load(path).argv == ["older"]


def test_a_folder_replaced_by_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "target"
    target.mkdir()
    path = tmp_path / "x.fst"
    swapped(monkeypatch, lambda p: p.symlink_to(target), path)
    with pytest.raises(OutputError, match="cannot be made"):
        Writer(path)
    assert not list(target.iterdir())


def test_a_trace_goes_on_in_the_folder_that_was_made(tmp_path: Path, precious: Path) -> None:
    path = tmp_path / "x.fst"
    with Writer(path, argv=["mine"]) as writer:
        path.rename(tmp_path / "away")
        path.mkdir()
        for name in ("meta.json.new", "meta.json", "events.npy", "payload.npy"):
            link(path / name, precious)
        writer.put(memoryview(bytes(96)), memoryview(b""))
        writer.finish(exit_status=3)
        stored = writer.stored()
    assert precious.read_text() == KEPT
    assert (stored.argv, stored.exit_status, len(stored.events)) == (["mine"], 3, 1)
    back = Trace.load(tmp_path / "away")
    assert (back.argv, back.exit_status, len(back)) == (["mine"], 3, 1)


def test_discard_removes_nothing_of_others(tmp_path: Path) -> None:
    path = tmp_path / "x.fst"
    writer = Writer(path)
    path.rename(tmp_path / "away")
    Trace(argv=["other"]).save(path)
    writer.discard()
    assert Trace.load(path).argv == ["other"]
    assert not list((tmp_path / "away").iterdir())


def test_only_files_are_read(tmp_path: Path) -> None:
    """A pipe instead of a file would be waited for without end."""
    os.mkfifo(tmp_path / "meta.json")
    folder = Folder(tmp_path)
    with pytest.raises(OSError, match="not a file"):
        folder.open("meta.json")
    folder.close()
