# shellcheck shell=bash
# Puts a lock's packages into a Python environment. Sourced, in the repository's root, where .venv is.

# Without the file descriptors on which a script holds its locks: what outlives it would hold them on.
pip_of() { "$1" -m pip --disable-pip-version-check --quiet "${@:2}" 8>&- 9>&-; }

# install_locked PYTHON LOCK compiled|uncompiled: what LOCK names, by its hashes; with its bytecode, or without.
# By uv, which takes seconds, from the registry that pip is configured with; by pip, which takes a minute, where uv is not
# to be had or does not get there.
install_locked() {
  local python=$1 lock=$2 bytecode=--compile
  [ "$3" = compiled ] || bytecode=--no-compile
  [ -x .venv/bin/uv ] ||
    pip_of .venv/bin/python install --only-binary :all: --require-hashes --requirement scripts/installer-requirements.txt ||
    true
  if [ -x .venv/bin/uv ]; then
    if with_pips_registry .venv/bin/uv --quiet --no-config pip install --python "$python" --no-deps --require-hashes \
      "$bytecode-bytecode" --requirement "$lock" 8>&- 9>&-; then
      return
    fi
    printf 'uv did not manage, for the reason above; pip goes on, which takes a minute.\n' >&2
  fi
  pip_of "$python" install "$bytecode" --no-deps --require-hashes --requirement "$lock"
}

pip_setting() { pip_of .venv/bin/python config list | sed -n "s/^[^=]*\.$1='\(.*\)'\$/\1/p" | tail -n 1; }

with_pips_registry() (
  index=$(pip_setting index-url) extra=$(pip_setting extra-index-url) links=$(pip_setting find-links)
  [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
  [ -z "$extra" ] || export UV_INDEX="$extra"
  [ -z "$links" ] || export UV_FIND_LINKS="$links"
  export UV_SYSTEM_CERTS=1
  exec "$@"
)
