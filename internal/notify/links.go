package notify

import "waybill/internal/catalog"

// links are addresses in the API. Each needs a token.
type links struct {
	Deployment string `json:"deployment,omitempty"`
	Log        string `json:"log,omitempty"`
	// Compare shows the changes from the last start that finished.
	Compare  string `json:"compare,omitempty"`
	Resource string `json:"resource,omitempty"`
}

func newLinks(stack Stack, f Facts) links {
	base := stack.URL + "/api/v1"
	var made links
	if f.Deployment != "" {
		made.Deployment = base + "/deployments/" + string(f.Deployment)
		made.Log = made.Deployment + "/logs?format=text"
	}
	if f.Compare != "" {
		made.Compare = base + "/deployments/" + string(f.Compare) + "/compare/" + string(f.Deployment)
	}
	if folder, known := folders[f.Resource.Kind()]; known {
		made.Resource = base + "/" + folder + "/" + string(f.Resource)
	}
	return made
}

// folders are the paths of the kinds in the API.
var folders = map[catalog.Kind]string{
	catalog.KindApplication: "applications",
	catalog.KindService:     "services",
	catalog.KindDatabase:    "databases",
}
