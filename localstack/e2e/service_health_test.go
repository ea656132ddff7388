package e2e_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"waybill/localstack/client"
)

// unwell has the cases for P8: a deployment finishes only if the service is well,
// and otherwise the log says why it is not.
var unwell = []struct {
	name, compose string
	timeout       int
	reason        string // "" if the deployment finishes
	status        string // "" if the status varies
	patterns      []string
	everywhere    bool
}{
	{
		name: "P8: a container that never gets healthy is unhealthy", everywhere: true, timeout: 4,
		reason: "unhealthy", status: "running:unhealthy",
		compose: `
services:
  web:
    image: SMALL
    init: true
    environment: {PASSWORD: "${PASSWORD}"}
    command:
      - sh
      - -c
      - |
        i=1
        while [ $$i -le 60 ]; do echo "line $$i"; i=$$((i+1)); done
        echo "the password is $$PASSWORD"
        echo last words
        exec sleep 600
    healthcheck: {test: [CMD-SHELL, "echo the check says no; exit 3"], interval: 1s, retries: 1}
`,
		patterns: []string{`Not well within 4 s:\n\S+-web-1 is running, but its health check fails\.`,
			`-web-1 is running, but its health check fails\.\n` +
				`Its health check said last:\nexit code 3: the check says no\n`,
			`The last 50 lines of \S+-web-1:\nline 1\d\n`,
			`the password is <REDACTED:PASSWORD>`, `last words\nFailed after`},
	},
	{
		name: "P8: a container that dies after 5 s is unhealthy", everywhere: true, timeout: 60,
		reason: "unhealthy", status: "exited",
		compose: `
services:
  web:
    image: SMALL
    environment: {PASSWORD: "${PASSWORD}"}
    command: sh -c 'echo "the reason is $$PASSWORD"; sleep 5; exit 7'
`,
		patterns: []string{`-web-1 exited with code 7, and docker does not start it again\.`,
			`-web-1 exited with code 7\.\n`, `:\nthe reason is <REDACTED:PASSWORD>\n`},
	},
	{
		name: "a container that dies again and again is unhealthy", timeout: 6, reason: "unhealthy",
		compose: `
services:
  web:
    image: SMALL
    restart: always
    command: sh -c 'echo the reason; exit 7'
`,
		patterns: []string{`-web-1 [^\n]*code 7[^\n]*\.`, `the reason\nFailed after`},
	},
	{
		name: "a container that needs too much memory is unhealthy", timeout: 60,
		reason: "unhealthy", status: "exited",
		compose: `
services:
  web:
    image: SMALL
    mem_limit: 16m
    memswap_limit: 16m
    command: sh -c 'echo the reason; sleep 1; exec tail /dev/zero'
`,
		patterns: []string{`ran out of memory and was killed \(exit code 137\)`, `the reason\n`},
	},
	{
		name: "what others wait for in vain is unhealthy", timeout: 60,
		reason: "unhealthy", status: "degraded:unhealthy",
		compose: `
services:
  store:
    image: SMALL
    init: true
    command: sh -c 'echo the reason; exec sleep 600'
    healthcheck: {test: [CMD, "false"], interval: 1s, retries: 1}
  web:
    image: SMALL
    depends_on: {store: {condition: service_healthy}}
    command: echo never
`,
		patterns: []string{`dependency failed to start: container \S+-store-1 is unhealthy`,
			`-store-1 is running, but its health check fails`,
			`the reason\n`, `-web-1 was created and never started`},
	},
	{
		name:    "containers that do their work and end beside one that runs are well",
		timeout: 60, status: "running:healthy",
		compose: `
services:
  migrate:
    image: SMALL
    command: echo migrated
  seed:
    image: SMALL
    restart: on-failure
    command: echo seeded
  web:
    image: SMALL
    init: true
    depends_on: {migrate: {condition: service_completed_successfully}}
    command: sleep 600
    healthcheck: {test: [CMD, "true"], interval: 1s}
`,
	},
}

// unwellServices starts each service in unwell.
func unwellServices(t *testing.T, s *stage) {
	for _, c := range unwell {
		if !c.everywhere && os.Getenv("EMULATOR") != "ministack" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := s.serve(t, c.compose, words{"health_timeout": c.timeout,
				"environment": []words{secretly("PASSWORD", awkward+"\nand a second line")}})
			if c.reason == "" {
				r.succeed(t, "start", nil, c.status)
			} else {
				_, entries := r.fail(t, "start", nil, c.reason)
				wantEnd(t, r, entries, c.patterns)
				if c.status != "" {
					r.wantStatus(t, c.status)
				}
			}
			r.remove(t, true)
		})
	}
}

// wantEnd checks that a log has all the patterns in this order, and a report.
func wantEnd(t *testing.T, r *resource, entries []client.Entry, patterns []string) {
	t.Helper()
	rest := strings.ReplaceAll(text(entries), r.uuid, "UUID")
	for _, pattern := range patterns {
		found := regexp.MustCompile(pattern).FindStringIndex(rest)
		if found == nil {
			t.Fatalf("the log has no %q after what was looked for before:\n%s", pattern, text(entries))
		}
		rest = rest[found[1]:]
	}
	if len(outputs(entries, "Report")) == 0 {
		t.Errorf("the log has no report:\n%s", text(entries))
	}
}
