#!/usr/bin/env bash
# Guards the direction of the layers: the build fails if a crate gains a dependency it must not have.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Prints the crates a package is built from, without its tests.
tree() { cargo tree --locked --edges normal --prefix none --format '{p}' "$@" | cut -d' ' -f1 | sort -u; }

fail() { printf '%s\n' "$*" >&2; exit 1; }

core=$(tree -p poco-core | grep -vxE 'poco-core|serde|serde_core|serde_derive|proc-macro2|quote|syn|unicode-ident' || true)
[ -z "$core" ] || fail "poco-core depends on more than serde: $core"

io=$(tree -p poco-io | grep -xE 'poco-runner|rusqlite|libsqlite3-sys|tokio-tungstenite|clap' || true)
[ -z "$io" ] || fail "poco-io without features, which the functions use, reaches: $io"

functions=$(tree -p poco-functions | grep -xE 'poco-runner|poco-sim|poco-tests|rusqlite|libsqlite3-sys|tokio-tungstenite|prost|clap' || true)
[ -z "$functions" ] || fail "the functions link what only a machine needs: $functions"
if tree -p poco-functions | grep -xE 'openssl-sys|aws-lc-rs|aws-lc-sys'; then
  fail "the functions link a second library for TLS"
fi

if grep -rnE '^(tokio|reqwest|axum|rusqlite)' crates/core/Cargo.toml; then
  fail "poco-core names a crate that touches the world"
fi

# Only feishu/ knows Feishu's JSON, only agent/<name>/ an agent's.
if grep -rnE 'cardkit|im/v1|tenant_access_token' --include='*.rs' crates runner functions 2>/dev/null | grep -vE '^(crates/io/src/feishu|runner/tests/)'; then
  fail "Feishu's words stand outside crates/io/src/feishu"
fi
if grep -rnE '"(turn|thread|item)/' --include='*.rs' crates runner functions 2>/dev/null | grep -vE '^runner/src/agent/codex'; then
  fail "Codex's words stand outside runner/src/agent/codex"
fi
if grep -rnE '"session/' --include='*.rs' crates runner functions 2>/dev/null | grep -vE '^runner/src/agent/acp'; then
  fail "ACP's words stand outside runner/src/agent/acp"
fi

if grep -rnE 'can_use_tool|control_request|stream_event' --include='*.rs' crates runner functions 2>/dev/null | grep -vE '^runner/src/agent/claude'; then
  fail "Claude Code's words stand outside runner/src/agent/claude"
fi

# PoCo's own words stand in one place, in every language.
if grep -rnE '(verbatim|Text::Same)\((format!\()?"[^"]*[A-Za-z]{2,} [a-z]{2,}' --include='*.rs' crates/*/src runner/src functions/src; then
  fail "a sentence of PoCo's own stands outside crates/core/src/words"
fi

# Nothing committed holds an unfinished mark. A test that is left out must be another's child.
if git grep -nE 'todo!\(|unimplemented!\(|#\[ignore' -- '*.rs' | grep -vF 'ignore = "runs as a child of the test below"'; then
  fail "unfinished marks"
fi
echo "guards: the layers hold"
