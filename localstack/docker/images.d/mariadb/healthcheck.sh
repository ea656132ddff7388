#!/bin/bash
# healthcheck.sh [--connect] [--innodb_initialized]: fails when the server takes no connection, or its tables
# are not ready. The entrypoint made the account that it uses.
set -euo pipefail
account=/var/lib/mysql/.my-healthcheck.cnf


# query SQL runs one statement as the account of the health check.
query() {
  mariadb --defaults-file="$account" --skip-ssl-verify-server-cert --protocol tcp --host 127.0.0.1 \
    --skip-column-names --batch --execute "$1"
}

for check in "$@"; do
  case $check in
  --connect) query 'SELECT 1' >/dev/null ;;
  --innodb_initialized)
    [ "$(query "SELECT 1 FROM information_schema.engines
      WHERE engine = 'innodb' AND support IN ('YES', 'DEFAULT')")" = 1 ]
    ;;
  *) echo "healthcheck.sh: $check is not known here" >&2; exit 2 ;;
  esac
done
