package deploymenttest

import "testing"

// TestLedger runs the whole suite over what open returns. open is called once
// for each test and may return the same ports every time.
func TestLedger(t *testing.T, open func(t *testing.T) Ports) {
	for _, part := range []struct {
		name string
		test func(t *testing.T, open func(t *testing.T) Ports)
	}{
		{"enqueue", testEnqueue},
		{"repeated requests", testRepeats},
		{"claim", testClaim},
		{"lease", testLease},
		{"end", testEnd},
		{"history", testHistory},
		{"delete", testDelete},
		{"limits", testLimits},
		{"cancelled contexts", testCancelled},
		{"races", testRaces},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, open) })
	}
}
