"""Short words for profiles in tests."""

from __future__ import annotations

import json
from typing import Any

from fasttrace.seccomp.profile.reader import parse
from fasttrace.seccomp.profile.resolve import Target, target
from fasttrace.seccomp.profile.values import Profile

HERE = target("amd64", "6.1")


def rule(names: str, action: str = "ALLOW", *args: str, **fields: Any) -> dict[str, Any]:
    """args: like "0 EQ 7" or "1 MASKED_EQ 0xf0 0x10"."""
    conditions = []
    for text in args:
        index, op, *values = text.split()
        value, second = ([int(word, 0) for word in values] + [0])[:2]
        conditions.append(
            {"index": int(index), "op": f"SCMP_CMP_{op}", "value": value, "valueTwo": second}
        )
    return {"names": names.split(), "action": f"SCMP_ACT_{action}", "args": conditions, **fields}


def profile(
    *rules: dict[str, Any], default: str = "ERRNO", source: str = "", **top: Any
) -> Profile:
    text = json.dumps({"defaultAction": f"SCMP_ACT_{default}", "syscalls": rules, **top})
    return parse(text, source)


def on(**words: str) -> Target:
    return target(**{"arch": "amd64", "kernel": "6.1", **words})
