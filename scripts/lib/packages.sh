# shellcheck shell=bash
# Puts a lock's packages into a Python environment. Sourced, in the repository's root, where .venv is.

# Without the file descriptors on which a script holds its locks: what outlives it would hold them on.
pip_of() { "$1" -m pip --disable-pip-version-check --quiet "${@:2}" 8>&- 9>&-; }

# install_locked PYTHON LOCK compiled|uncompiled: what LOCK names, by its hashes; with its bytecode, or without.
# By uv, which takes seconds; by pip, which takes a minute, where uv is not there, may not or cannot.
install_locked() {
  local python=$1 lock=$2 bytecode=--compile
  [ "$3" = compiled ] || bytecode=--no-compile
  if [ -x .venv/bin/uv ] && uv_may; then
    if UV_SYSTEM_CERTS=1 .venv/bin/uv --quiet --no-config pip install --python "$python" --no-deps --require-hashes \
      "$bytecode-bytecode" --requirement "$lock" 8>&- 9>&-; then
      return
    fi
    printf 'uv did not manage, for the reason above; pip goes on, which takes a minute.\n' >&2
  fi
  pip_of "$python" install "$bytecode" --no-deps --require-hashes --requirement "$lock"
}

# Whether pip is configured with nothing that uv would not heed: no other registry, no proxy, no "never ask one".
uv_may() {
  local settings
  settings=$(.venv/bin/python -m pip --disable-pip-version-check config list) || return 1
  ! grep -qvE "^([^=]*\.(cert|config-file|find-links|default-timeout|timeout|retries|cache-dir|no-cache-dir|disable-pip-version-check|progress-bar|root-user-action|no-input|break-system-packages)=.*)?\$" <<<"$settings"
}
