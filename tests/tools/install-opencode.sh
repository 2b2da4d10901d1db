#!/bin/sh
# Installs the opencode that the tests run (180 MB), into the ignored folder .tools/opencode of the
# repository: the native program of this platform, which needs no Node.
set -eu

version=1.18.33
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$root/.tools/opencode

if [ -e "$folder/complete-$version" ]; then exit 0; fi
command -v npm >/dev/null || { echo "npm is missing: install Node.js 18 or later" >&2; exit 1; }
mkdir -p "$folder"
# Tests may want it at once; one installs, the others wait.
if command -v flock >/dev/null; then
    exec 9>"$folder/lock"
    flock 9
    if [ -e "$folder/complete-$version" ]; then exit 0; fi
fi
package=opencode-$(node -p 'process.platform + "-" + process.arch')
npm install --prefix "$folder" --no-audit --no-fund --no-save --ignore-scripts \
    "$package@$version" >&2
touch "$folder/complete-$version"
