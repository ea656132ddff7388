# Prints the last lines of a container's log, as the container wrote it to stdout and stderr.
# client.sh comes before. Go sets
#   container   its id
#   lines       how many lines
#   bytes       how many bytes at most; of more, it prints the last ones
#   timestamps  not empty if each line begins with its time

with_settings docker logs --tail "$lines" ${timestamps:+--timestamps} "$container" 2>&1 | tail -c "$bytes"
