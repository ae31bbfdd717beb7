# shellcheck shell=bash
# Named steps that all run even when one fails, and the table at the end. Sourced by scripts/check and scripts/test.

step_names=()
step_results=()
step_seconds=()

# step NAME COMMAND...: runs the command and notes how it went; never ends the script.
step() {
  local name=$1 started=$SECONDS result=pass
  shift
  printf '\n== %s\n' "$name"
  "$@" || result=FAIL
  step_names+=("$name")
  step_results+=("$result")
  step_seconds+=($((SECONDS - started)))
}

# The table, and as the last line "N passed, N failed"; status 1 when a step failed.
summary() {
  local i passed=0 failed=0
  printf '\n%-34s %-6s %7s\n' step result seconds
  for i in "${!step_names[@]}"; do
    printf '%-34s %-6s %7s\n' "${step_names[$i]}" "${step_results[$i]}" "${step_seconds[$i]}"
    if [ "${step_results[$i]}" = pass ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  done
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}
