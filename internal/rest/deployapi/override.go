package deployapi

import (
	"strings"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
)

// operationBody is the body of a start, a stop or a restart. openapi.yaml does not let a stop
// have an override.
type operationBody struct {
	rest.OperationBody
	overrideBody
}

// overrideBody overrides closed windows.
type overrideBody struct {
	OverrideWindow *struct {
		Reason string `json:"reason"`
	} `json:"override_window"`
}

// override returns the override of the body, or nil. Denied if the token may not override: one
// that may only deploy must not lift the rule for its deployments.
func (b overrideBody) override(c *rest.Call) (*deployment.Override, error) {
	if b.OverrideWindow == nil {
		return nil, nil
	}
	if err := c.Token.Require(access.Write); err != nil {
		return nil, err
	}
	reason := strings.TrimSpace(b.OverrideWindow.Reason)
	if reason == "" || !catalog.IsLine(reason, deployment.MaxOverrideReason) {
		return nil, fault.InvalidField("override_window.reason",
			"must be one line of 1 to %d characters that says why", deployment.MaxOverrideReason)
	}
	return &deployment.Override{Reason: reason}, nil
}
