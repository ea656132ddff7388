package wire

import (
	"waybill/internal/deployment"
)

// Receipt says how the deployment came to stand for the request.
type Receipt struct {
	// Repeated says that an earlier, equal request made the deployment.
	Repeated bool `json:"repeated"`
	// SupersededUUID is the queued deployment that this one replaced.
	SupersededUUID string `json:"superseded_deployment_uuid,omitempty"`
}

// ShowReceipt shows what became of a request.
func ShowReceipt(receipt deployment.Receipt) Receipt {
	return Receipt{receipt.Repeated, string(receipt.Superseded)}
}
