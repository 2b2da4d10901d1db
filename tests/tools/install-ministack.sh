#!/bin/sh
# Installs MiniStack (AWS, as far as the tests need it) and microburst (faults in front of it) into
# the ignored folder .tools/ministack of the repository.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$root/.tools/ministack
wanted=$root/tests/tools/ministack.txt

installed() { cmp -s "$wanted" "$folder/complete.txt"; }

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
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted" >&2
cp "$wanted" "$folder/complete.txt"
