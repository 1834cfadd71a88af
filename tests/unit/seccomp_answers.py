"""What is asked of profiles in tests, and the profiles that hypothesis draws."""

from __future__ import annotations

from hypothesis import strategies as st
from seccomp_profiles import HERE, profile, rule

from fasttrace.seccomp.ask.diff import diff
from fasttrace.seccomp.ask.explain import explain
from fasttrace.seccomp.ask.query import query_of
from fasttrace.seccomp.filter.compile import Compiled, compile_profile
from fasttrace.seccomp.profile.values import Profile

X86 = ["SCMP_ARCH_X86"]


def made(*rules, **top) -> Compiled:
    return compile_profile(profile(*rules, **top), HERE)


def cases(compiled: Compiled, call: str) -> list[tuple[str, str, str]]:
    found = explain(compiled, query_of(call, compiled))
    return [(case.when, str(case.verdict), ", ".join(case.reasons)) for case in found.cases]


def changes(first: Profile, second: Profile) -> list[tuple[str, str, str, str, str]]:
    found = diff(compile_profile(first, HERE), compile_profile(second, HERE))
    return [(c.kind, c.name, c.when, str(c.before), str(c.after)) for c in found.changes]


words = st.sampled_from(["read", "write", "close", "socket", "bind"])
arguments = st.sampled_from(["0 EQ 1", "0 LT 3", "0 GT 5", "1 EQ 2", "0 MASKED_EQ 3 1", "1 NE 0"])
some_rules = st.builds(
    lambda name, action, args: rule(name, action, *args),
    words,
    st.sampled_from(["ALLOW", "ALLOW", "LOG", "TRAP", "KILL"]),
    st.lists(arguments, max_size=2, unique=True),
)
some_profiles = st.builds(lambda rules: profile(*rules), st.lists(some_rules, max_size=4))
