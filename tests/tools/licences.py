#!/usr/bin/env python3
"""Checks that every crate PoCo is built from has a licence that deny.toml allows."""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def holds(expression: str, allowed: set[str]) -> bool:
    """Evaluates an SPDX expression: names joined by AND, OR and parentheses."""
    words = re.findall(r"\(|\)|AND|OR|[A-Za-z0-9.+-]+(?: WITH [A-Za-z0-9.+-]+)?", expression.replace("/", " OR "))
    python = {"AND": "and", "OR": "or", "(": "(", ")": ")"}
    return bool(eval(" ".join(python.get(word, str(word in allowed)) for word in words)))


def main() -> int:
    allowed = set(tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]["allow"])
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    wrong = []
    for package in metadata["packages"]:
        name = f"{package['name']} {package['version']}"
        source = package["source"]
        if source is not None and not source.startswith("registry+"):
            wrong.append(f"{name} is not from a registry")
        if not holds(package["license"] or "none", allowed):
            wrong.append(f"{name} has the licence {package['license']}")
        if package["name"] in {"openssl-sys", "protobuf-src"}:
            wrong.append(f"{name} is banned")
    print("\n".join(wrong) or f"licences: {len(metadata['packages'])} crates are fine")
    return bool(wrong)


sys.exit(main())
