#!/bin/sh
# Installs cargo-lambda, which plays AWS Lambda on this machine, into the ignored folder
# .tools/cargo-lambda of the repository.
set -eu

version=1.9.2
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$root/.tools/cargo-lambda

installed() { [ -e "$folder/complete-$version" ]; }

if installed; then exit 0; fi
command -v python3 >/dev/null || { echo "python3 is missing: install Python 3.10 or later" >&2; exit 1; }
mkdir -p "$folder"
# Tests may want it at once; one installs, the others wait.
if command -v flock >/dev/null; then
    exec 9>"$folder/lock"
    flock 9
    if installed; then exit 0; fi
fi
python3 -m venv --clear "$folder/venv" ||
    { echo "python3 has no venv: install it (Debian: apt-get install python3-venv)" >&2; exit 1; }
# Without what it brings to build for other machines: here it only serves.
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "cargo-lambda==$version" >&2
touch "$folder/complete-$version"
