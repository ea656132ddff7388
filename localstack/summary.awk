# Reads gotestsum's summary of all tests. It groups the skipped tests by reason, passes on what is said of the
# failed ones, and ends with the counts. It fails if a test failed, and with WAYBILL_CI=1 if one was skipped.
function note() {
  if (test == "") return
  if (!(reason in count)) reasons[++kinds] = reason
  if (++count[reason] <= 5) tests[reason] = tests[reason] "    " test "\n"
  test = ""
}
function number(word) { return match($0, "[0-9]+ " word) ? substr($0, RSTART) + 0 : 0 }
/^=== (Skipped|Failed|Errors)$/ { section = $2 }
/^DONE [0-9]/ {
  section = $1
  total = number("test")
  skipped = number("skipped")
  failed = number("failure")
}
section == "Skipped" && /^=== SKIP: / {
  note()
  reason = "no reason given"
  test = substr($0, length("=== SKIP: ") + 1)
  sub(/ \([0-9.]+s\)$/, "", test)
}
section == "Skipped" && /^    / { reason = $0; sub(/^ +([^ ]*\.go:[0-9]+: )?/, "", reason) }
# A package that failed outside of its tests has no name of a test, and is not in gotestsum's total.
/^=== FAIL: .*  \([^ ]+\)$/ { packages++ }
section == "Failed" || section == "Errors"
END {
  note()
  for (i = 1; i <= kinds; i++) {
    reason = reasons[i]
    printf "\nskipped %d: %s\n%s", count[reason], reason, tests[reason]
    if (count[reason] > 5) printf "    and %d more\n", count[reason] - 5
  }
  printf "\n%d passed, %d failed, %d skipped\n", total - skipped - failed + packages, failed, skipped
  exit section != "DONE" || failed || skipped && ENVIRON["WAYBILL_CI"] != ""
}
