"""Seccomp profiles as containers have them (docs/seccomp.md).

`profile` reads the JSON, `resolve` finds the rules that apply, `compile` makes BPF of them,
`interpret` runs BPF; `explain`, `check`, `diff` and `merge` answer questions about profiles.
"""
