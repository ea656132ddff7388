# Sets $@ to the names of the networks that the project uses and that are not
# its own. Before is set
#   compose   a function that runs docker compose for the project
# and engine.sh is read.
config=$(ask compose config --format json)
names=$(printf '%s\n' "$config" | awk '
	/^  "/ { section = $1 }
	section != "\"networks\":" { next }
	/^      "name": / { name = $0; sub(/^ *"name": "/, "", name); sub(/",?$/, "", name) }
	/^      "external": true/ { print name }')
set -f
IFS='
'
set -- $names
unset IFS
set +f
