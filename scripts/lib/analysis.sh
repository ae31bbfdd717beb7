# shellcheck shell=bash
# Slither, in an environment of its own, and the contracts' syntax trees, which are what it reads. Sourced, in the
# repository's root, by scripts/analyse and scripts/mutate.

. scripts/lib/packages.sh

analysis=build/analysis
analysis_lock=scripts/analysis-requirements.txt

# Makes both; the environment anew when its lock is another or the copy was moved.
prepare_analysis() {
  local made_from trees
  mkdir -p "$analysis"
  if command -v flock >/dev/null; then
    exec 9>"$analysis/lock"
    flock 9
  fi
  .venv/bin/python scripts/lib/syntax_trees.py "$analysis/build-info/contracts.json" 9>&- &
  trees=$!
  made_from=$({ pwd; cat "$analysis_lock"; } | git hash-object --stdin)
  if [ "$(cat "$analysis/made-from" 2>/dev/null)" != "$made_from" ]; then
    rm -f "$analysis/made-from"
    .venv/bin/python -m venv --clear "$analysis/venv"
    install_locked "$analysis/venv/bin/python" "$analysis_lock" uncompiled
    printf '%s\n' "$made_from" >"$analysis/made-from"
  fi
  wait "$trees"
}
