#!/bin/sh
# Installs the codex that the tests run, into the ignored folder .tools/codex of the repository.
set -eu

version=0.169.0
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$root/.tools/codex

installed() {
    grep -q "\"version\": \"$version\"" "$folder/node_modules/@openai/codex/package.json" 2>/dev/null &&
        [ -e "$folder/complete-$version" ]
}

if installed; then exit 0; fi
command -v npm >/dev/null || { echo "npm is missing: install Node.js 16 or later" >&2; exit 1; }
mkdir -p "$folder"
# Tests may want it at once; one installs, the others wait.
if command -v flock >/dev/null; then
    exec 9>"$folder/lock"
    flock 9
    if installed; then exit 0; fi
fi
npm install --prefix "$folder" --no-audit --no-fund --no-save "@openai/codex@$version" >&2
touch "$folder/complete-$version"
