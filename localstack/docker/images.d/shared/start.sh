# shellcheck shell=bash
# start.sh: the functions of all entrypoints of these images. bash sources it.

# say TEXT... writes a line to the log of the container.
say() { echo "entrypoint: $*" >&2; }

# fail TEXT... says why the entrypoint ends.
fail() { say "$*"; exit 1; }

# from_file NAME... sets each NAME from the file that NAME_FILE names, where it does. It runs while the
# entrypoint is root, so the file may be root's alone.
from_file() {
  local name file
  for name in "$@"; do
    file=${name}_FILE
    if [ -z "${!file-}" ]; then continue; fi
    if [ -n "${!name-}" ]; then fail "$name and $file are both set"; fi
    if [ ! -r "${!file}" ]; then fail "$file names ${!file}, which cannot be read"; fi
    export "$name=$(cat "${!file}")"
    unset "$file"
  done
}

# become USER ARG... continues as the user, in the same process, so that signals reach it.
become() {
  local user=$1
  shift
  exec setpriv --reuid "$user" --regid "$user" --init-groups \
    env HOME="$(getent passwd "$user" | cut -d: -f6)" "$@"
}

# own USER DIR... gives folders to the user. It skips the files that the user has already.
own() {
  local user=$1
  shift
  mkdir -p "$@"
  find "$@" \! -user "$user" -exec chown -h "$user:$user" '{}' +
}

# init_scripts SQL runs what lies in /docker-entrypoint-initdb.d, by name: shell scripts, and SQL through the
# function.
init_scripts() {
  local script
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
    *.sh)
      say "running $script"
      # shellcheck disable=SC1090 # a file of the test
      if [ -x "$script" ]; then "$script"; else . "$script"; fi
      ;;
    *.sql)
      say "running $script"
      "$1" <"$script"
      ;;
    *.sql.gz)
      say "running $script"
      gunzip -c "$script" | "$1"
      ;;
    '/docker-entrypoint-initdb.d/*') ;;
    *) say "ignoring $script" ;;
    esac
  done
}
