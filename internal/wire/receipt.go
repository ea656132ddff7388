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
}

// FromReceipt returns the result of a request.
func FromReceipt(receipt deployment.Receipt) Receipt {
	return Receipt{receipt.Repeated, string(receipt.Superseded)}
}
