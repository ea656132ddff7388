# Reads the output of go test -bench. For each benchmark with parts, it prints the time of each part divided
# by the time of the first. Times depend on the machine; these ratios hold on most machines.
match($1, "/") && $4 == "ns/op" {
  benchmark = substr($1, 1, RSTART - 1)
  if (!(benchmark in first)) first[benchmark] = $3
  sub(/-[0-9]+$/, "", $1)
  lines[n++] = sprintf("  %-60s %8.2f", $1, $3 / first[benchmark])
}
END {
  if (n) print "\nTime of each part, the first of its benchmark being 1:"
  for (i = 0; i < n; i++) print lines[i]
}
