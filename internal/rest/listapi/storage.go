package listapi

import (
	"context"

	"waybill/internal/rest"
)

// storageBody is what the deployments of a kind of resource take.
type storageBody struct {
	Kind       string `json:"kind"`
	Records    int    `json:"records"`
	LogObjects int    `json:"log_objects"`
	LogBytes   int64  `json:"log_bytes"`
}

// getStorage answers what the deployments of each kind of resource take.
func (a listAPI) getStorage(ctx context.Context, _ *rest.Call) (rest.Answer, error) {
	all, err := a.Storage.Storage(ctx)
	if err != nil {
		return rest.Answer{}, err
	}
	kinds := []storageBody{}
	for _, one := range all {
		kinds = append(kinds, storageBody{Kind: string(one.Kind), Records: one.Records,
			LogObjects: one.LogObjects, LogBytes: one.LogBytes})
	}
	return rest.OK(map[string]any{"kinds": kinds}), nil
}
