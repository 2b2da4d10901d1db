#!/bin/sh
# Installs the Claude Code that the tests run (380 MB), into the ignored folder .tools/claude of the
# repository. The native program needs neither Node nor the package's own install script.
set -eu

version=2.1.330
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$root/.tools/claude

installed() {
    grep -q "\"version\": \"$version\"" "$folder/node_modules/@anthropic-ai/claude-code/package.json" 2>/dev/null &&
        [ -e "$folder/complete-$version" ]
}

if installed; then exit 0; fi
command -v npm >/dev/null || { echo "npm is missing: install Node.js 18 or later" >&2; exit 1; }
mkdir -p "$folder"
# Tests may want it at once; one installs, the others wait.
if command -v flock >/dev/null; then
    exec 9>"$folder/lock"
    flock 9
    if installed; then exit 0; fi
fi
npm install --prefix "$folder" --no-audit --no-fund --no-save --ignore-scripts \
    "@anthropic-ai/claude-code@$version" >&2
touch "$folder/complete-$version"
