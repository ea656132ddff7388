package client

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Entry is one entry of a log in the API's answer.
type Entry struct {
	Command   *string   `json:"command"`
	Output    string    `json:"output"`
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Hidden    bool      `json:"hidden"`
	Batch     int       `json:"batch"`
	Order     int64     `json:"order"`
	Step      string    `json:"step"`
	Continued bool      `json:"continued"`
}

// LogPage is a part of a log.
type LogPage struct {
	Entries  []Entry `json:"entries"`
	Next     int64   `json:"next"`
	Complete bool    `json:"complete"`
}

// Deployment has the fields of a record that the demo and the tests use.
type Deployment struct {
	ID                json.Number `json:"id"`
	DeploymentUUID    string      `json:"deployment_uuid"`
	ResourceUUID      string      `json:"resource_uuid"`
	Operation         string      `json:"operation"`
	Status            string      `json:"status"`
	Reason            string      `json:"reason"`
	ExitCode          *int        `json:"exit_code"`
	Signal            string      `json:"signal"`
	Attempt           int         `json:"attempt"`
	ConfigurationHash string      `json:"configuration_hash"`
	Rollback          bool        `json:"rollback"`
	Steps             []Step      `json:"steps"`
	StartedAt         *time.Time  `json:"started_at"`
	FinishedAt        *time.Time  `json:"finished_at"`
	ParkedAt          *time.Time  `json:"parked_at"`
	// Commit and CommitMessage are set only for applications.
	Commit        string `json:"commit"`
	CommitMessage string `json:"commit_message"`
}

// Step is one step of a deployment. ExitCode is nil while it runs.
type Step struct {
	Name     string `json:"name"`
	ExitCode *int   `json:"exit_code"`
}

// Ended reports whether the deployment's status is final.
func (d Deployment) Ended() bool {
	return d.Status == "finished" || d.Status == "failed" || d.Status == "cancelled-by-user"
}

// Follow calls each with every entry of the deployment's log, in order and as
// they come, until the log is complete. Each request asks for the entries after
// the last one received, so none is missed or repeated.
func (c *Client) Follow(ctx context.Context, deployment string, each func(Entry)) error {
	for after := int64(0); ; {
		var page LogPage
		path := fmt.Sprintf("/deployments/%s/logs?after=%d&limit=1000&wait=20", deployment, after)
		if err := c.Get(ctx, path, &page); err != nil {
			return err
		}
		for _, entry := range page.Entries {
			each(entry)
		}
		if page.Complete {
			return nil
		}
		after = page.Next
	}
}

// Await polls the record until the deployment or ctx has ended.
func (c *Client) Await(ctx context.Context, deployment string) (Deployment, error) {
	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	for {
		var record Deployment
		if err := c.Get(ctx, "/deployments/"+deployment, &record); err != nil {
			return record, err
		}
		if record.Ended() {
			return record, nil
		}
		select {
		case <-ctx.Done():
			return record, fmt.Errorf("deployment %s is still %s: %w", deployment, record.Status, ctx.Err())
		case <-poll.C:
		}
	}
}
