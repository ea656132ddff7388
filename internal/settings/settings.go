// Package settings names every environment variable once, for the stack that
// sets them and the functions that read them. It reads nothing itself: the
// caller gives it a way to look a variable up.
package settings

import (
	"log/slog"
	"strconv"
	"strings"
	"time"

	"waybill/internal/fault"
)

// The environment variables of the functions.
const (
	Team                   = "WAYBILL_TEAM"
	CatalogTable           = "WAYBILL_CATALOG_TABLE"
	TokensTable            = "WAYBILL_TOKENS_TABLE"
	TokenUseTable          = "WAYBILL_TOKEN_USE_TABLE"
	AuditTable             = "WAYBILL_AUDIT_TABLE"
	ApplicationDeployments = "WAYBILL_APPLICATION_DEPLOYMENTS_TABLE"
	ServiceDeployments     = "WAYBILL_SERVICE_DEPLOYMENTS_TABLE"
	DatabaseDeployments    = "WAYBILL_DATABASE_DEPLOYMENTS_TABLE"
	LogBucket              = "WAYBILL_LOG_BUCKET"
	RunnerQueueURL         = "WAYBILL_RUNNER_QUEUE_URL"
	EventBus               = "WAYBILL_EVENT_BUS"
	// NotifyQueueURL and NotifyDeadQueueURL are the queue of the messages to send and its
	// dead-letter queue, and DeliveriesTable has their results.
	NotifyQueueURL     = "WAYBILL_NOTIFY_QUEUE_URL"
	NotifyDeadQueueURL = "WAYBILL_NOTIFY_DEAD_QUEUE_URL"
	DeliveriesTable    = "WAYBILL_DELIVERIES_TABLE"
	// MailTopics is the beginning of the ARNs of the topics for e-mails.
	MailTopics = "WAYBILL_MAIL_TOPICS"
	// NotifyLoopback allows notifications to this machine ("true"). Only a local stack has it.
	NotifyLoopback = "WAYBILL_NOTIFY_LOOPBACK"
	// APIURL is the address of the API, up to "/api/v1", for links in messages.
	APIURL = "WAYBILL_API_URL"
	// TriggersTable has the events and what waits for each resource. TriggerQueueURL is the queue
	// of events, and TriggerDeadQueueURL the one of its dead letters.
	TriggersTable       = "WAYBILL_TRIGGERS_TABLE"
	TriggerQueueURL     = "WAYBILL_TRIGGER_QUEUE_URL"
	TriggerDeadQueueURL = "WAYBILL_TRIGGER_DEAD_QUEUE_URL"
	// TriggerQueueARN names the queue of events for EventBridge Scheduler. ScheduleGroup is the
	// group of the stack's schedules there, and ScheduleRole the role that they send with.
	TriggerQueueARN = "WAYBILL_TRIGGER_QUEUE_ARN"
	ScheduleGroup   = "WAYBILL_SCHEDULE_GROUP"
	ScheduleRole    = "WAYBILL_SCHEDULE_ROLE"
	// InspectFunction is the name of the function that connects to servers for requests.
	InspectFunction = "WAYBILL_INSPECT_FUNCTION"
	// SecretsPath is the parameter path of the secrets ("/waybill/TEAM").
	SecretsPath = "WAYBILL_SECRETS_PATH"
	// SecretsKey is the ARN of the key that new secrets are encrypted with; when unset, it is the
	// account's own key for the parameter store.
	SecretsKey = "WAYBILL_SECRETS_KEY"
	// Lease is how long a runner may be silent before another takes its
	// deployment ("40s"); 40 s when unset.
	Lease = "WAYBILL_LEASE"
	// Shards is the number of shards that new deployments are spread over in the index
	// by time of each table; 1 when unset.
	Shards = "WAYBILL_SHARDS"
	// Retention is how long deployments are kept after their end, in days by outcome
	// ("finished=90,failed=180,cancelled=30"); a missing one has the default.
	Retention = "WAYBILL_RETENTION"
	// TokenDays is for how many days a new token works whose request does not say so; for
	// ever when unset.
	TokenDays = "WAYBILL_TOKEN_DAYS"
	// Throttle limits the requests a minute in each warm function: with one token, and the
	// failed sign-ins with one token's id from one address ("requests=600,failures=10"). A
	// missing one has the default, and 0 means no limit.
	Throttle = "WAYBILL_THROTTLE"
	// Images are the beginnings of the repositories whose pushes are events, and Buckets the
	// buckets whose new objects are, with commas between them.
	Images  = "WAYBILL_IMAGES"
	Buckets = "WAYBILL_BUCKETS"
	// Metrics switches the metrics of deployments on ("true").
	Metrics = "WAYBILL_METRICS"
	// TraceEndpoint is the URL of the collector that gets the traces of deployments; none when unset.
	TraceEndpoint = "WAYBILL_TRACE_ENDPOINT"
	// LogLevel is debug, info, warn or error; info when unset.
	LogLevel = "WAYBILL_LOG_LEVEL"

	// Region, Endpoint and the credentials are AWS's own names: Lambda sets the
	// region and the credentials, an emulator sets the endpoint.
	Region          = "AWS_REGION"
	Endpoint        = "AWS_ENDPOINT_URL"
	AccessKeyID     = "AWS_ACCESS_KEY_ID"
	SecretAccessKey = "AWS_SECRET_ACCESS_KEY"
	SessionToken    = "AWS_SESSION_TOKEN"
)

// Lookup finds an environment variable, as os.LookupEnv does.
type Lookup func(name string) (value string, found bool)

// Settings is the configuration of one function. An unset variable is empty;
// [Settings.Require] checks the required ones.
type Settings struct {
	lookup Lookup
}

// New returns the settings that lookup finds.
func New(lookup Lookup) Settings { return Settings{lookup: lookup} }

// Get returns a variable's value, or "" when it is not set.
func (s Settings) Get(name string) string {
	value, _ := s.lookup(name)
	return value
}

// Tables are the names of the tables that hold deployments and the catalog.
type Tables struct {
	// Catalog also has the queues of the servers.
	Catalog      string
	Applications string
	Services     string
	Databases    string
	// Audit is set for the functions whose changes are audited.
	Audit string
	// Shards is the number of shards in the index by time.
	Shards int
}

// ForDeployments lists the variables that [Settings.Tables] reads.
func ForDeployments() []string {
	return []string{CatalogTable, ApplicationDeployments, ServiceDeployments, DatabaseDeployments}
}

// ForRequests lists the variables that every function of the API reads: the variables of
// [ForDeployments], the table that it checks tokens in, and the one for their uses.
func ForRequests() []string { return append(ForDeployments(), TokensTable, TokenUseTable) }

// Tables returns the names of the tables. It takes an invalid number of shards for 1; the
// stack refuses such a number.
func (s Settings) Tables() Tables {
	shards, _ := strconv.Atoi(s.Get(Shards))
	return Tables{
		Catalog:      s.Get(CatalogTable),
		Applications: s.Get(ApplicationDeployments),
		Services:     s.Get(ServiceDeployments),
		Databases:    s.Get(DatabaseDeployments),
		Audit:        s.Get(AuditTable),
		Shards:       max(shards, 1),
	}
}

// SchedulePlace names the group of the schedules in EventBridge Scheduler, and their target.
type SchedulePlace struct{ Group, Queue, Role string }

// ForSchedules lists the variables that [Settings.SchedulePlace] reads.
func ForSchedules() []string { return []string{ScheduleGroup, TriggerQueueARN, ScheduleRole} }

// SchedulePlace returns the group, the ARN of the queue of events, and the ARN of the role.
func (s Settings) SchedulePlace() SchedulePlace {
	return SchedulePlace{s.Get(ScheduleGroup), s.Get(TriggerQueueARN), s.Get(ScheduleRole)}
}

// TracePlace is where traces go, and the queue that they wait in.
type TracePlace struct{ Endpoint, Queue, Team string }

// TracePlace returns the URL of the collector, "" without one, the URL of the queue of
// notifications, and the team.
func (s Settings) TracePlace() TracePlace {
	return TracePlace{s.Get(TraceEndpoint), s.Get(NotifyQueueURL), s.Get(Team)}
}

// TokenTables are the names of the tables that hold tokens, their uses and the changes of them.
type TokenTables struct{ Tokens, Uses, Audit string }

// TokenTables returns the names of the tables. Audit is set for a function that writes tokens.
func (s Settings) TokenTables() TokenTables {
	return TokenTables{Tokens: s.Get(TokensTable), Uses: s.Get(TokenUseTable), Audit: s.Get(AuditTable)}
}

// Require returns Internal, naming every variable of names that is missing.
func (s Settings) Require(names ...string) error {
	var missing []string
	for _, name := range names {
		if s.Get(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fault.New(fault.Internal, "not set in the environment: %s", strings.Join(missing, ", "))
	}
	return nil
}

// MinLease is the shortest lease. A shorter one would run out between two renewals of a
// healthy runner.
const MinLease = 4 * time.Second

// LeaseLength returns the length of a lease, zero for the default. Internal if it is too
// short, or not a duration in whole seconds, the unit of SQS.
func (s Settings) LeaseLength() (time.Duration, error) {
	text := s.Get(Lease)
	if text == "" {
		return 0, nil
	}
	length, err := time.ParseDuration(text)
	if err != nil || length < MinLease || length%time.Second != 0 {
		return 0, fault.New(fault.Internal,
			"%s must be whole seconds, at least %s, like 40s, not %q", Lease, MinLease, text)
	}
	return length, nil
}

// Days are how long deployments are kept after their end, by how they ended. Zero means
// the default.
type Days struct {
	Finished  int
	Failed    int
	Cancelled int
}

// MaxRetentionDays is the longest retention, ten years.
const MaxRetentionDays = 3650

// RetentionDays returns the days of [Retention]. Internal if the variable has another form.
func (s Settings) RetentionDays() (Days, error) {
	var days Days
	ok := numbers(s.Get(Retention), 1, MaxRetentionDays, map[string]*int{
		"finished": &days.Finished, "failed": &days.Failed, "cancelled": &days.Cancelled,
	})
	if !ok {
		return Days{}, fault.New(fault.Internal, "%s must be days by outcome, from 1 to %d, like "+
			"finished=90,failed=180,cancelled=30, not %q", Retention, MaxRetentionDays, s.Get(Retention))
	}
	return days, nil
}

// numbers reads a list like "finished=90,failed=180" into the places. ok reports whether
// each name has a place and is there once, and each number is between the bounds.
func numbers(list string, least, most int, places map[string]*int) (ok bool) {
	if list == "" {
		return true
	}
	for part := range strings.SplitSeq(list, ",") {
		name, number, _ := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if places[name] == nil || err != nil || n < least || n > most {
			return false
		}
		*places[name] = n
		delete(places, name)
	}
	return true
}

// Limits are requests a minute, as [Throttle] has them. Zero means no limit.
type Limits struct {
	Requests int
	Failures int
}

// The limits when none are given. Upstream lets 200 requests a minute through; here a
// token is often shared by a console and several pipelines. MaxLimit is far above what one
// function can answer.
const (
	DefaultRequests = 600
	DefaultFailures = 10
	MaxLimit        = 1_000_000
)

// RequestLimits returns the limits of [Throttle]. Internal if the variable has another form.
func (s Settings) RequestLimits() (Limits, error) {
	limits := Limits{Requests: DefaultRequests, Failures: DefaultFailures}
	ok := numbers(s.Get(Throttle), 0, MaxLimit, map[string]*int{
		"requests": &limits.Requests, "failures": &limits.Failures,
	})
	if !ok {
		return Limits{}, fault.New(fault.Internal, "%s must be requests a minute, from 0 for no limit to "+
			"%d, like requests=600,failures=10, not %q", Throttle, MaxLimit, s.Get(Throttle))
	}
	return limits, nil
}

// MaxTokenDays is the longest default of a token's life, ten years.
const MaxTokenDays = 3650

// TokenLifetime returns the days of [TokenDays], zero when unset. Internal if it is not a
// number of days.
func (s Settings) TokenLifetime() (time.Duration, error) {
	text := s.Get(TokenDays)
	if text == "" {
		return 0, nil
	}
	days, err := strconv.Atoi(text)
	if err != nil || days < 1 || days > MaxTokenDays {
		return 0, fault.New(fault.Internal, "%s must be a number of days from 1 to %d, not %q",
			TokenDays, MaxTokenDays, text)
	}
	return time.Duration(days) * 24 * time.Hour, nil
}

// List splits a list with commas between its elements, and drops empty ones.
func List(text string) []string {
	var all []string
	for one := range strings.SplitSeq(text, ",") {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}

// Level returns the level of the operator's log. Internal if the variable does
// not name a level.
func (s Settings) Level() (slog.Level, error) {
	var level slog.Level
	text := s.Get(LogLevel)
	if text == "" {
		return slog.LevelInfo, nil
	}
	if err := level.UnmarshalText([]byte(text)); err != nil {
		return 0, fault.Wrap(err, fault.Internal,
			"%s must be debug, info, warn or error, not %q", LogLevel, text)
	}
	return level, nil
}
