package wire

import (
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/schedule"
)

// Schedule is a schedule of a resource on the wire.
type Schedule struct {
	UUID         string `json:"uuid"`
	ResourceUUID string `json:"resource_uuid"`
	Expression   string `json:"expression"`
	// Translated is the expression in EventBridge's form.
	Translated      string          `json:"translated"`
	Timezone        string          `json:"timezone"`
	Operation       string          `json:"operation"`
	Options         ScheduleOptions `json:"options"`
	Enabled         bool            `json:"enabled"`
	FlexibleMinutes int             `json:"flexible_minutes"`
	NextRuns        []string        `json:"next_runs"`
	CreatedAt       string          `json:"created_at"`
	UpdatedAt       string          `json:"updated_at"`
}

// ScheduleOptions are the options of the operation of a schedule.
type ScheduleOptions struct {
	PullLatestImages bool   `json:"pull_latest_images"`
	StopBeforeStart  bool   `json:"stop_before_start"`
	Force            bool   `json:"force"`
	DockerTag        string `json:"docker_tag"`
	Commit           string `json:"commit"`

	After []catalog.ID `json:"after"`
}

// FromSchedule returns the schedule of a resource, with its next runs. Invalid if its expression
// cannot be read, which a stored one can.
func FromSchedule(resource catalog.ID, s schedule.Schedule, now time.Time) (Schedule, error) {
	expression, err := s.Parsed()
	if err != nil {
		return Schedule{}, err
	}
	runs := []string{}
	for _, run := range s.NextRuns(now) {
		runs = append(runs, Timestamp(run))
	}
	return Schedule{
		UUID: string(s.ID), ResourceUUID: string(resource), Expression: s.Expression,
		Translated: expression.String(), Timezone: s.Timezone, Operation: string(s.Operation),
		Options: ScheduleOptions{PullLatestImages: s.Options.PullLatestImages,
			StopBeforeStart: s.Options.StopBeforeStart, Force: s.Options.Force,
			DockerTag: s.Options.DockerTag, Commit: s.Options.Commit,
			After: append([]catalog.ID{}, s.After...)},
		Enabled: s.Enabled, FlexibleMinutes: int(s.Flexible / time.Minute), NextRuns: runs,
		CreatedAt: Timestamp(s.CreatedAt), UpdatedAt: Timestamp(s.UpdatedAt),
	}, nil
}

// ScheduleInput creates or changes a schedule. A nil field stays as it is.
type ScheduleInput struct {
	Expression      *string          `json:"expression"`
	Timezone        *string          `json:"timezone"`
	Operation       *string          `json:"operation"`
	Options         *ScheduleOptions `json:"options"`
	Enabled         *bool            `json:"enabled"`
	FlexibleMinutes *int             `json:"flexible_minutes"`
}

// ApplyTo changes the schedule to the fields of the input.
func (n ScheduleInput) ApplyTo(s *schedule.Schedule) {
	s.Expression = setOr(n.Expression, s.Expression)
	s.Timezone = setOr(n.Timezone, s.Timezone)
	if n.Operation != nil {
		s.Operation = deployment.Operation(*n.Operation)
	}
	if o := n.Options; o != nil {
		s.Options = deployment.Options{PullLatestImages: o.PullLatestImages,
			StopBeforeStart: o.StopBeforeStart, Force: o.Force, DockerTag: o.DockerTag, Commit: o.Commit}
		s.After = o.After
	}
	s.Enabled = setOr(n.Enabled, s.Enabled)
	if n.FlexibleMinutes != nil {
		s.Flexible = time.Duration(*n.FlexibleMinutes) * time.Minute
	}
}
