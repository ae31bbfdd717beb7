# shellcheck shell=bash
# Sees to it that PostgreSQL's programs are there: the tests start a server of their own with them. Sourced by scripts/test.

postgresql_is_there() { command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

install_postgresql() {
  postgresql_is_there && return
  local as_root=() settings=/etc/postgresql-common/createcluster.conf
  [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
  if command -v apt-get >/dev/null; then
    # The package would start a server of its own at once; nobody here needs that one.
    [ -e "$settings" ] ||
      { "${as_root[@]}" mkdir -p "${settings%/*}" &&
        printf 'create_main_cluster = false\n' | "${as_root[@]}" tee "$settings"; } >/dev/null 2>&1
    mkdir -p build
    { "${as_root[@]}" apt-get -qq update &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends --yes postgresql
    } </dev/null >build/postgresql.log 2>&1
  fi
  postgresql_is_there && return
  printf 'PostgreSQL is missing and could not be installed: install it (Debian: apt install postgresql).\n' >&2
  return 1
}
