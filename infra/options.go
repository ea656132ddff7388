package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"waybill/internal/settings"
)

// Options are the context that the stack is made from, "-c NAME=VALUE" on the
// CDK's command line.
type Options struct {
	// Team (team) names the stack and all that is in it. Required.
	Team string
	// Local (local=true) is for emulators. It leaves out the protection of data
	// and features that emulators lack. Each place says which and why.
	Local bool
	// Architecture (architecture) is what the functions were built for: arm64,
	// the default, which costs a fifth less, or x86_64.
	Architecture string
	// Functions (functions) is the folder that has NAME/bootstrap of every
	// function; [DefaultFunctions] when not given.
	Functions string
	// Generations (generation) end the names of the tables: a number for all of them, or a list
	// like "catalog=2,tokens=3", in which a table that is not named has 1. A table that was
	// restored to a point in time becomes the next generation.
	Generations Generations
	// Shards (shards) is how many partitions each index of deployments by time has; 1
	// when not given. A partition takes 1,000 writes a second.
	Shards int
	// Lease (lease) is how long a runner may be silent before another takes its
	// deployment ("5s"). By default it is the runner's own. Tests that kill runners
	// make it shorter.
	Lease string
	// Retention (retention) is for how many days after its end a deployment is kept with
	// its log, by its outcome: "finished=90,failed=180,cancelled=30". An outcome that is
	// not given has the days of this example. A resource may have its own.
	Retention string
	// TokenDays (token-days) is for how many days a token works whose request does not say
	// so: a number, for ever when not given.
	TokenDays string
	// Throttle (throttle) limits the requests a minute with one token, and the failed
	// sign-ins with one token's id from one address, in each warm function:
	// "requests=600,failures=10", which are the defaults. 0 means no limit.
	Throttle string
	// NotifyLoopback (notify-loopback=true) allows targets of notifications on this machine,
	// also over plain HTTP. It is for tests, and refused without local=true: on AWS, the
	// addresses of a function's own machine lead to its credentials.
	NotifyLoopback bool
	// URL (api-url) is the address of the API in links, up to "/api/v1", for a team that has
	// a domain of its own for it: "https://deploy.example.org". By default it is the
	// address that API Gateway gives. {api} stands for the id of the API.
	URL string
	// Images (images) are the beginnings of the repositories of ECR whose pushes may start
	// deployments: "team/,shared/web". Without any, no push is an event.
	Images string
	// Buckets (buckets) are the buckets whose new objects may start deployments:
	// "acme-deliveries,acme-reports". They must send their events to EventBridge.
	Buckets string
	// AlarmTopic (alarm-topic) is the ARN of the topic that alarms are published to. By default
	// the stack has one of its own.
	AlarmTopic string
	// AlarmEmail (alarm-email) is the address that gets the alarms by e-mail. The topic is the
	// only way that an alarm is told, so without it an operator must subscribe to the topic.
	AlarmEmail string
	// Dashboard (dashboard=true) adds a dashboard, for 3 $ a month.
	Dashboard bool
	// NoMetrics (metrics=false) leaves out the metrics of deployments and their alarm.
	NoMetrics bool
	// Traces (otlp-endpoint) is the URL of an OpenTelemetry collector that gets a trace of each
	// deployment: "https://otlp.example.org/v1/traces". Without it, no trace is made.
	Traces string
	// Limits are the sizes that a team may choose.
	Limits
	// Network is where the functions run and who reaches the API.
	Network
	// Account is how the stack fits into the account.
	Account
}

// apiID stands for the id of the API in [Options.URL].
const apiID = "{api}"

// apiURL matches an address without a query and without a slash at its end.
var apiURL = regexp.MustCompile(`^https?://[a-zA-Z0-9.:\[\]-]+(/[a-zA-Z0-9._~{}-]+)*$`)

// The context when none is given. The folder is relative to infra/, where the
// CDK CLI starts the app.
const (
	DefaultArchitecture = "arm64"
	DefaultFunctions    = "../.local/dist"
)

// maxShards is how many queries a reader of the team's history should make at most.
const maxShards = 10

// teamName matches names that are valid in every AWS name: of the stack, of
// buckets (lower case only) and of parameters.
var teamName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// ReadOptions reads the context. lookup returns nil for a name without a value.
// The error names the wrong value and says what would be right.
func ReadOptions(lookup func(name string) any) (Options, error) {
	given := context{lookup: lookup}
	opts := Options{
		Team:         given.text("team", ""),
		Architecture: given.text("architecture", DefaultArchitecture),
		Functions:    given.text("functions", DefaultFunctions),
		Lease:        given.text("lease", ""),
		Retention:    given.text("retention", ""),
		TokenDays:    given.text("token-days", ""),
		Throttle:     given.text("throttle", ""),
		Images:       given.text("images", ""),
		Buckets:      given.text("buckets", ""),
		URL:          given.text("api-url", ""),
		Traces:       given.text("otlp-endpoint", ""),
		AlarmTopic:   given.text("alarm-topic", ""),
		AlarmEmail:   given.text("alarm-email", ""),
	}
	if err := opts.checkTeam(); err != nil {
		return Options{}, err
	}
	opts.Local = given.flag("local", false)
	opts.NotifyLoopback = given.flag("notify-loopback", false)
	opts.Dashboard = given.flag("dashboard", false)
	opts.NoMetrics = !given.flag("metrics", true)
	opts.Shards = given.number("shards", 1, 1, maxShards)
	opts.Generations = given.generations()
	opts.Limits, opts.Network, opts.Account = given.limits(), given.network(), given.account()
	if given.err != nil {
		return Options{}, given.err
	}
	for _, check := range []func() error{
		opts.checkMachine, opts.checkLease, opts.checkRetention, opts.checkTokenDays, opts.checkThrottle,
		opts.checkURL, opts.checkTraces, opts.checkSources, opts.checkAlarms, opts.Limits.check,
		opts.Network.check, opts.Account.check,
	} {
		if err := check(); err != nil {
			return Options{}, err
		}
	}
	return opts, opts.checkFunctions()
}

// context reads the values of the command line. It keeps the first error.
type context struct {
	lookup func(name string) any
	err    error
}

func (c *context) text(name, standard string) string {
	if value := c.lookup(name); value != nil && value != "" {
		return fmt.Sprint(value)
	}
	return standard
}

func (c *context) refuse(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

func (c *context) flag(name string, standard bool) bool {
	text := c.text(name, strconv.FormatBool(standard))
	if text != "true" && text != "false" {
		c.refuse("%s=%s: true or false", name, text)
	}
	return text == "true"
}

// number reads a number in a range. The standard need not be in it: 0 stands for none.
func (c *context) number(name string, standard, least, most int) int {
	text := c.text(name, "")
	if text == "" {
		return standard
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < least || number > most {
		c.refuse("%s=%s: a number from %d to %d", name, text, least, most)
	}
	return number
}

// checkTeam checks the name that all other names are made of.
func (o Options) checkTeam() error {
	switch {
	case o.Team == "":
		return errors.New("the team is missing: add -c team=NAME to the command")
	case len(o.Team) > MaxTeamLength || !teamName.MatchString(o.Team):
		return fmt.Errorf("team %q: a team's name is at most %d lower-case letters and digits, "+
			"single hyphens between them, a letter first", o.Team, MaxTeamLength)
	}
	return nil
}

// checkMachine checks the options that depend on where the stack runs.
func (o Options) checkMachine() error {
	switch {
	case o.NotifyLoopback && !o.Local:
		return errors.New("notify-loopback=true: true only with local=true")
	case o.Architecture != "arm64" && o.Architecture != "x86_64":
		return fmt.Errorf("architecture=%s: arm64 or x86_64", o.Architecture)
	}
	return nil
}

// collector matches a URL without user, query and fragment.
var collector = regexp.MustCompile(`^https?://[a-zA-Z0-9.:\[\]-]+(/[a-zA-Z0-9._~-]+)+$`)

// checkTraces checks where the traces go. Plain HTTP is for collectors on the machine of an emulator.
func (o Options) checkTraces() error {
	if o.Traces != "" && (!collector.MatchString(o.Traces) ||
		!o.Local && !strings.HasPrefix(o.Traces, "https://")) {
		return fmt.Errorf("otlp-endpoint=%s: the whole https URL of a collector for OTLP/HTTP, like "+
			"https://otlp.example.org/v1/traces; headers with secrets do not belong in it", o.Traces)
	}
	return nil
}

// An ARN of a topic, and an address as a person has it.
var (
	topicARN = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[a-zA-Z0-9_-]{1,256}$`)
	mailbox  = regexp.MustCompile(`^[^@\s,]+@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+$`)
)

// checkAlarms checks where the alarms go.
func (o Options) checkAlarms() error {
	switch {
	case o.AlarmTopic != "" && !topicARN.MatchString(o.AlarmTopic):
		return fmt.Errorf("alarm-topic=%s: the ARN of a topic, like "+
			"arn:aws:sns:eu-central-1:123456789012:pager", o.AlarmTopic)
	case o.AlarmEmail != "" && !mailbox.MatchString(o.AlarmEmail):
		return fmt.Errorf("alarm-email=%s: one address, like ops@example.org", o.AlarmEmail)
	}
	return nil
}

// checkLease checks the lease as the runner reads it.
func (o Options) checkLease() error {
	_, err := settings.New(func(string) (string, bool) { return o.Lease, true }).LeaseLength()
	if err != nil {
		return fmt.Errorf("lease=%s: whole seconds, at least %s, like 40s", o.Lease, settings.MinLease)
	}
	return nil
}

// checkRetention checks the retention as the functions read it.
func (o Options) checkRetention() error {
	_, err := settings.New(func(string) (string, bool) { return o.Retention, true }).RetentionDays()
	if err != nil {
		return fmt.Errorf("retention=%s: days by outcome, from 1 to %d, like "+
			"finished=90,failed=180,cancelled=30", o.Retention, settings.MaxRetentionDays)
	}
	return nil
}

// checkTokenDays checks the life of tokens as the functions read it.
func (o Options) checkTokenDays() error {
	_, err := settings.New(func(string) (string, bool) { return o.TokenDays, true }).TokenLifetime()
	if err != nil {
		return fmt.Errorf("token-days=%s: a number from 1 to %d", o.TokenDays, settings.MaxTokenDays)
	}
	return nil
}

// checkThrottle checks the limits of requests as the functions read them.
func (o Options) checkThrottle() error {
	_, err := settings.New(func(string) (string, bool) { return o.Throttle, true }).RequestLimits()
	if err != nil {
		return fmt.Errorf("throttle=%s: requests a minute, from 0 for no limit to %d, like "+
			"requests=600,failures=10", o.Throttle, settings.MaxLimit)
	}
	return nil
}

// checkURL checks the address of the API. Only an emulator is reached over plain HTTP.
func (o Options) checkURL() error {
	if o.URL == "" || apiURL.MatchString(o.URL) && (o.Local || strings.HasPrefix(o.URL, "https://")) {
		return nil
	}
	return fmt.Errorf("api-url=%s: the address of the API up to /api/v1, like https://deploy.example.org",
		o.URL)
}

// imagePrefix matches the beginning of the name of a repository.
var imagePrefix = regexp.MustCompile(`^[a-z0-9][a-z0-9._/-]*$`)

// maxSources is how many images or buckets a rule of EventBridge may have here: its pattern may
// have 2,048 characters.
const maxSources = 20

// checkSources checks the lists of images and buckets. The bucket of the stack itself is none of
// them: its objects are written by deployments.
func (o Options) checkSources() error {
	images, buckets := settings.List(o.Images), settings.List(o.Buckets)
	for _, image := range images {
		if !imagePrefix.MatchString(image) {
			return fmt.Errorf("images=%s: beginnings of repositories with commas between them, like "+
				"team/,shared/web", o.Images)
		}
	}
	own := regexp.MustCompile("^" + o.prefix() + `-\d{12}-`)
	for _, bucket := range buckets {
		switch {
		case own.MatchString(bucket):
			return fmt.Errorf("buckets=%s: %s is the bucket of the stack itself", o.Buckets, bucket)
		case !bucketName.MatchString(bucket):
			return fmt.Errorf("buckets=%s: names of buckets with commas between them", o.Buckets)
		}
	}
	if max(len(images), len(buckets)) > maxSources {
		return fmt.Errorf("images and buckets: at most %d each", maxSources)
	}
	return nil
}

// bucketName matches the names that S3 allows.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// checkFunctions reports functions that were not built, before the deployment
// starts.
func (o Options) checkFunctions() error {
	var missing []string
	for _, f := range stackFunctions {
		info, err := os.Stat(filepath.Join(o.Functions, f.name, "bootstrap"))
		if err != nil || !info.Mode().IsRegular() {
			missing = append(missing, f.name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("functions=%s: no NAME/bootstrap of %s there; `make dist` builds them",
			o.Functions, strings.Join(missing, ", "))
	}
	return nil
}
