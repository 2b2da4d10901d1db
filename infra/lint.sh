#!/bin/sh
# Lints the template as CloudFormation sees it: in its short form, mistakes in what all functions
# share would be missed. Installs what it needs into the ignored folder .tools/infra.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/.tools/infra
bin=$folder/venv/bin

if ! cmp -s "$root/infra/lint.txt" "$folder/complete.txt"; then
    mkdir -p "$folder"
    python3 -m venv --clear "$folder/venv"
    "$bin/pip" install --quiet --disable-pip-version-check --requirement "$root/infra/lint.txt" >&2
    cp "$root/infra/lint.txt" "$folder/complete.txt"
fi

expanded=$folder/template.json
AWS_DEFAULT_REGION=eu-central-1 "$bin/python" "$root/infra/expand.py" "$root/infra/template.yaml" >"$expanded"
"$bin/cfn-lint" -- "$expanded"
"$bin/checkov" --file "$expanded" --config-file "$root/infra/checkov.yaml"
"$bin/cfn-lint" -- "$root/infra/runner.yaml"
"$bin/checkov" --file "$root/infra/runner.yaml" --config-file "$root/infra/checkov.yaml"
echo "infra: the templates are sound"
