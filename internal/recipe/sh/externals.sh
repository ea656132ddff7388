# Sets $@ to the names of the external networks that the project uses. engine.sh comes
# before. The step defines compose.
config=$(ask compose config --format json)
names=$(printf '%s\n' "$config" | awk '
	/^  "/ { section = $1 }
	section != "\"networks\":" { next }
	/^      "name": / { name = $0; sub(/^ *"name": "/, "", name); sub(/",?$/, "", name) }
	/^      "external": true/ { print name }')
set -f
IFS='
'
# shellcheck disable=SC2086 # one name a line
set -- $names
unset IFS
set +f
