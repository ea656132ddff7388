package catalog

import "time"

// Retention is how long deployments are kept after their end, in days, by how they ended.
// Zero means the standard of the stack.
type Retention struct {
	Finished  int
	Failed    int
	Cancelled int
}

// DefaultRetention returns the standard of a stack that sets none. A failure is kept
// longest, because its log is asked for latest; a cancelled deployment says least.
func DefaultRetention() Retention { return Retention{Finished: 90, Failed: 180, Cancelled: 30} }

// MaxRetentionDays is ten years.
const MaxRetentionDays = 3650

// Audit returns how long entries of the audit are kept: as long as failed deployments.
func (r Retention) Audit() time.Duration { return time.Duration(r.Failed) * 24 * time.Hour }

// Or returns the retention with the days of the standard where it has none.
func (r Retention) Or(standard Retention) Retention {
	return Retention{
		Finished:  orDefault(r.Finished, standard.Finished),
		Failed:    orDefault(r.Failed, standard.Failed),
		Cancelled: orDefault(r.Cancelled, standard.Cancelled),
	}
}

// Shortest returns the fewest days after which a deployment may be gone.
func (r Retention) Shortest() int { return min(r.Finished, r.Failed, r.Cancelled) }

// retention checks the retention of a resource, in which 0 is the standard of the stack.
func (p *problems) retention(r Retention) {
	for field, days := range map[string]int{"finished": r.Finished, "failed": r.Failed,
		"cancelled": r.Cancelled} {
		if days < 0 || days > MaxRetentionDays {
			p.Add("retention."+field, "must be days between 1 and %d", MaxRetentionDays)
		}
	}
}
