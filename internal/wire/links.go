package wire

import (
	"time"

	"waybill/internal/deployment"
)

// Links lead to what the API tells of a deployment. They are for messages that leave the API,
// so they are absolute. Each needs a token.
type Links struct {
	Deployment string `json:"deployment"`
	Log        string `json:"log"`
}

// LinksTo returns the links of a deployment. url is the API's address, up to "/api/v1".
func LinksTo(url string, id deployment.ID) Links {
	record := url + "/api/v1/deployments/" + string(id)
	return Links{Deployment: record, Log: record + "/logs?format=text"}
}

// MillisecondsOrNull returns nil for no duration.
func MillisecondsOrNull(d time.Duration) *int64 {
	if d <= 0 {
		return nil
	}
	return new(d.Milliseconds())
}
