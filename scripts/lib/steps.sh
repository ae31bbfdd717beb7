# shellcheck shell=bash
# Named steps that all run even when one fails, and the table at the end. Sourced by scripts/check and scripts/test.

step_names=()
step_results=()
step_seconds=()

# step NAME COMMAND...: runs the command and notes how it went; never ends the script.
step() { note_step '' "$@"; }

# step_if_possible NAME COMMAND...: as step, of a command that ends with status 3 where it could not do its work here.
step_if_possible() { note_step 3 "$@"; }

note_step() {
  local impossible=$1 name=$2 started=$SECONDS result=pass status=0
  shift 2
  printf '\n== %s\n' "$name"
  "$@" || status=$?
  if [ "$status" -ne 0 ]; then result=FAIL; fi
  if [ "$status" = "$impossible" ]; then result='not done'; fi
  step_names+=("$name")
  step_results+=("$result")
  step_seconds+=($((SECONDS - started)))
}

# lane COMMAND...: runs a function that takes steps beside whatever comes next; join_lane waits, and says what it said.
lane() {
  lane_folder=$(mktemp -d)
  (
    step_names=() step_results=() step_seconds=()
    "$@"
    declare -p step_names step_results step_seconds >"$lane_folder/steps"
  ) >"$lane_folder/said" 2>&1 &
  lane_process=$!
}

join_lane() {
  local names=("${step_names[@]}") results=("${step_results[@]}") seconds=("${step_seconds[@]}")
  wait "$lane_process" || true
  cat "$lane_folder/said"
  step_names=("the steps beside it, to their end") step_results=(FAIL) step_seconds=(0)
  if [ -s "$lane_folder/steps" ]; then eval "$(sed 's/^declare -a //' "$lane_folder/steps")"; fi
  step_names=("${names[@]}" "${step_names[@]}")
  step_results=("${results[@]}" "${step_results[@]}")
  step_seconds=("${seconds[@]}" "${step_seconds[@]}")
  rm -r "$lane_folder"
}

# The table, what could not be done here, and as the last line "N passed, N failed"; status 1 when a step failed.
summary() {
  local i passed=0 failed=0 missing=''
  printf '\n%-34s %-8s %7s\n' step result seconds
  for i in "${!step_names[@]}"; do
    printf '%-34s %-8s %7s\n' "${step_names[$i]}" "${step_results[$i]}" "${step_seconds[$i]}"
    case ${step_results[$i]} in
      pass) passed=$((passed + 1)) ;;
      'not done') missing+="${missing:+, }${step_names[$i]}" ;;
      *) failed=$((failed + 1)) ;;
    esac
  done
  if [ -n "$missing" ]; then printf 'not done: %s\n' "$missing"; fi
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}
