package wire

import (
	"waybill/internal/deployment"
)

// Receipt says how the answered deployment relates to the request.
type Receipt struct {
	// Repeated says that an earlier, equal request queued the deployment.
	Repeated bool `json:"repeated"`
	// SupersededUUID is the queued deployment that this one replaced.
	SupersededUUID string `json:"superseded_deployment_uuid,omitempty"`
	// WaitingFor is as in [Record]; absent if the deployment does not wait.
	WaitingFor []string `json:"waiting_for,omitempty"`
}

// FromReceipt returns the result of a request.
func FromReceipt(receipt deployment.Receipt) Receipt {
	return Receipt{receipt.Repeated, string(receipt.Superseded), WaitingFor(receipt.Record)}
}

// Ending says how a deployment stands when a request that waits for its end is answered.
// Reason and ExitCode are as in [Record].
type Ending struct {
	Status   string  `json:"status"`
	Reason   *string `json:"reason"`
	ExitCode *int    `json:"exit_code"`
}

// FromEnding returns how the deployment stands.
func FromEnding(r deployment.Record) *Ending {
	return &Ending{string(r.Status), TextOrNull(string(r.Outcome.Reason)), r.Outcome.ExitCode}
}
