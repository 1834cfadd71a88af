"""The tree of processes as nested lists, which browsers and screen readers open and close."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fasttrace.data.processes import Process
from fasttrace.data.tree import Branch
from fasttrace.report.html.markup import nothing, section, shown
from fasttrace.report.tree import ended
from fasttrace.text.quoted import command_line
from fasttrace.text.units import duration

PROCESSES = 2000
"""So many processes are shown."""
_LONGEST = 240  # characters of a command
_DEEPEST = 40  # lists within lists; what lies deeper stands at that depth


def tree_section(roots: Sequence[Branch], results: bool) -> str:
    walked = [pair for root in roots for pair in root.walk()]
    if not walked:
        return section("processes", "Processes", nothing("no process"))
    body = "".join(_lists(walked[:PROCESSES], results))
    notes = []
    if len(walked) > PROCESSES:
        notes.append(f"The first {PROCESSES:,} of {len(walked):,} processes.")
    if any(depth >= _DEEPEST for depth, _ in walked[:PROCESSES]):
        notes.append(f"Those deeper than {_DEEPEST} levels stand at that one.")
    return section("processes", "Processes", f'<div class="tree">{body}</div>', " ".join(notes))


def _lists(walked: Sequence[tuple[int, Branch]], results: bool) -> Iterator[str]:
    open_lists = 0
    depths = [min(depth, _DEEPEST - 1) for depth, _ in walked] + [-1]
    for i, (_, branch) in enumerate(walked):
        depth, following = depths[i], depths[i + 1]
        if depth == open_lists:
            yield "<ul>"
            open_lists += 1
        line = _line(branch, results)
        if following > depth:
            yield f"<li><details open><summary>{line}</summary>"
            continue
        yield f"<li>{line}</li>"
        while open_lists > following + 1:
            open_lists -= 1
            yield "</ul>"
            if open_lists:
                yield "</details></li>"


def _line(branch: Branch, results: bool) -> str:
    process = branch.process
    figures = [f"{branch.calls:,} call{'' if branch.calls == 1 else 's'}"]
    if branch.errors and results:
        figures.append(f"{branch.errors:,} failed")
    if results:
        figures.append(f"{duration(branch.call_ns).rstrip()} in calls")
    if process.start_ns and process.end_ns is not None:
        lasted = max(process.end_ns - process.start_ns, 0)
        figures.append(f"lasted {duration(lasted).rstrip()}")
    if branch.threads:
        figures.append(f"{branch.threads + 1} threads")
    return (
        f'<span class="who">{_programs(branch)}</span> <span class="pid">{process.pid}</span>'
        f'{_exit(process)} <span class="figures">{", ".join(figures)}</span>'
    )


def _programs(branch: Branch) -> str:
    """What it ran last, behind the names of what it ran before."""
    process = branch.process
    if not branch.programs and not process.argv:
        return f"({shown(process.comm or '?')})"
    if not branch.programs:
        return f"<code>{shown(command_line(process.argv), _LONGEST)}</code>"
    before = [argv[0].rpartition("/")[2] if argv else "?" for argv in branch.programs[:-1]]
    named = "".join(f'{shown(name)} <span class="exec">exec</span> ' for name in before[-8:])
    last = shown(command_line(branch.programs[-1]) or "?", _LONGEST)
    more = f"… {len(before) - 8} more … " if len(before) > 8 else ""
    return f"{more}{named}<code>{last}</code>"


def _exit(process: Process) -> str:
    if process.exit_status == 0:
        return ""
    if process.exit_status is None:
        return ' <span class="exec">no end seen</span>'
    how = "exit " if process.exit_status > 0 else ""
    return f' <span class="exec bad">{how}{ended(process)}</span>'
