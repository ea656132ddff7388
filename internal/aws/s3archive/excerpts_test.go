package s3archive_test

import (
	"testing"

	"waybill/internal/deployment/deploymenttest"
)

func TestExcerpts(t *testing.T) {
	archive, _, _ := opened(t)
	deploymenttest.TestExcerpts(t, archive.Excerpts())
}
