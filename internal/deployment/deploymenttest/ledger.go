package deploymenttest

import "testing"

// testCase is one statement about a ledger and its test, which runs in a new world.
type testCase struct {
	name string
	test func(t *testing.T, w *world)
}

// TestLedger runs the whole suite over the result of open. It calls open once for each test;
// open may return the same ports every time.
func TestLedger(t *testing.T, open func(t *testing.T) Ports) {
	for _, part := range []struct {
		name  string
		cases []testCase
	}{
		{"sweep", sweepCases()}, // first, because it looks after every server that there is
		{"enqueue", enqueueCases()},
		{"repeated requests", repeatsCases()},
		{"superseded requests", supersedeCases()},
		{"given to tokens", givenCases()},
		{"waiting for others", waitingCases()},
		{"waiting for others, at once", waitingRaces()},
		{"requests for the present state", alreadyInStateCases()},
		{"claim", claimCases()},
		{"lease", leaseCases()},
		{"end", endCases()},
		{"cancel", cancelCases()},
		{"note", noteCases()},
		{"scrub", scrubCases()},
		{"expiries", expiriesCases()},
		{"holds", holdsCases()},
		{"repair", repairCases()},
		{"history", historyCases()},
		{"history of the team", teamCases()},
		{"delete", deleteCases()},
		{"limits", limitsCases()},
		{"cancelled contexts", []testCase{{"every call stops and changes nothing", testCancelled}}},
		{"races", racesCases()},
		{"a hundred at once", crowdCases()},
	} {
		t.Run(part.name, func(t *testing.T) {
			for _, c := range part.cases {
				t.Run(c.name, func(t *testing.T) { c.test(t, newWorld(t, open)) })
			}
		})
	}
}
