# shellcheck shell=bash
# What is checked without running the product. Sourced, in the repository's root, by scripts/check and scripts/test.

# A lock must install from whatever registry its user has, so it names none.
locks_name_no_registry() {
  local found
  found=$({
    grep -nHE '"resolved"|_resolved' package-lock.json
    grep -nHE '://|^ *(-i|-f|--(extra-)?index-url|--find-links|--trusted-host)\b' scripts/*requirements.txt \
      scripts/*requirements.in
    grep -nHiE 'registry *=|_auth|://' .npmrc
    grep -nHiE '(npmjs|pypi|pythonhosted)\.(org|com|io)|://[^ ]*/simple' \
      package.json package-lock.json pyproject.toml foundry.toml
  } || true)
  [ -z "$found" ] && return
  printf '%s\n' "$found"
  printf 'A lock or settings file names a registry: leave the address out (see scripts/requirements.in and .npmrc).\n'
  return 1
}

# Everything pyproject.toml asks for is in the lock, in a version that fits.
lock_fits_pyproject() { .venv/bin/python scripts/lib/lock_fits.py; }

# A folder of contracts that foundry.toml does not name would be compiled, unnoticed, without the IR.
contracts_use_the_ir() {
  local folder found=0
  for folder in contracts/*/; do
    folder=$(basename "$folder")
    case $folder in types | interfaces | libraries) continue ;; esac
    if ! grep -qE "contracts/\\{([a-z]+,)*$folder(,[a-z]+)*\\}/" foundry.toml; then
      printf 'contracts/%s is not in the compilation_restrictions of foundry.toml.\n' "$folder"
      found=1
    fi
  done
  return "$found"
}

# Lints what is deployed. Forge compiles first, so this costs little where it just has.
# In folders of its own: after it, what forge had compiled to run would be compiled again.
lint_contracts() { FOUNDRY_OUT=build/lint/out FOUNDRY_CACHE_PATH=build/lint/cache scripts/forge lint contracts; }

checks() {
  step "ruff format --check" .venv/bin/ruff format --check .
  step "ruff check" .venv/bin/ruff check .
  step "mypy --strict" .venv/bin/mypy
  step "lint-imports" .venv/bin/lint-imports --no-cache
  step "forge fmt --check" scripts/forge fmt --check
  step "contracts compile through the IR" contracts_use_the_ir
  step "locks name no registry" locks_name_no_registry
  step "locks fit pyproject.toml" lock_fits_pyproject
  step "no secrets" .venv/bin/python scripts/lib/find_secrets.py
  # The database of them is on the network.
  step_if_possible "no known vulnerabilities" scripts/audit
  step "slither" scripts/analyse
}
