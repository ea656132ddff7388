// Package pricetest prices the requests of a deployment and of a month without one. Tests hold
// its counts, and compare the tables of docs/scale.md with them. So a figure in that page is either
// counted or in the list of prices.
package pricetest

// PricesOf is when the prices were looked up, and for which region. Free tiers are left out.
const PricesOf = "us-east-1, 30 November 2026"

// Price is the price of a unit.
type Price struct {
	Unit string
	// Dollars is the price of a million units.
	Dollars float64
	// Source is where it was found, with the date of that page.
	Source string
}

// The prices, by the fields of [Use].
const (
	writeUnit = iota
	readUnit
	objectWrite
	objectRead
	queueRequest
	event
	invocation
	gigabyteSecond
	apiRequest
	keyRequest
)

// Prices returns the list of prices, in the order of the fields of [Use].
func Prices() []Price {
	return []Price{
		writeUnit:   {"DynamoDB, on-demand write unit", 0.625, "airbyte.com, 2025-07-21"},
		readUnit:    {"DynamoDB, on-demand read unit", 0.125, "airbyte.com, 2025-07-21"},
		objectWrite: {"S3 Standard, PUT", 5, "c3x.dev/blog/s3-request-fees-explained, without a date"},
		objectRead: {"S3 Standard, GET", 0.4,
			"c3x.dev/blog/s3-request-fees-explained, without a date"},
		queueRequest: {"SQS, request", 0.4, "cloudburn.io/blog/amazon-sqs-pricing, 2026-03-14"},
		event:        {"EventBridge, event of a custom bus", 1, "factualminds.com on EventBridge, June 2026"},
		invocation:   {"Lambda, invocation", 0.2, "git.mcrn.ar, lambda-13-cost.md, 2026-05-11"},
		gigabyteSecond: {"Lambda on arm64, GB-second", 13.3334,
			"git.mcrn.ar, lambda-13-cost.md, 2026-05-11"},
		apiRequest: {"API Gateway, request to a REST API", 3.5, "cloud-horizons.com, 2026-05-08"},
		keyRequest: {"KMS, request", 3, "cloudburn.io/blog/aws-kms-pricing, 2026-03-14"},
	}
}

// Monthly prices, in dollars.
const (
	// for each metric that an alarm reads; c3x.dev/resources/aws/aws_cloudwatch_metric_alarm, without a date
	alarmMonth     = 0.10
	dashboardMonth = 3.00 // no page with a date was found
)

// Use has the billed units of AWS.
type Use struct {
	WriteUnits, ReadUnits, ObjectWrites, ObjectReads, QueueRequests, Events, Invocations float64
	GigabyteSeconds, APIRequests, KeyRequests                                            float64
}

// amounts are the fields in the order of the prices.
func (u Use) amounts() []float64 {
	return []float64{u.WriteUnits, u.ReadUnits, u.ObjectWrites, u.ObjectReads, u.QueueRequests, u.Events,
		u.Invocations, u.GigabyteSeconds, u.APIRequests, u.KeyRequests}
}

// Microdollars is the price of the use in millionths of a dollar.
func (u Use) Microdollars() float64 {
	sum := 0.0
	for i, amount := range u.amounts() {
		sum += amount * Prices()[i].Dollars
	}
	return sum
}

// Plus returns the sum of two uses.
func (u Use) Plus(more Use) Use { return u.combined(more, 1) }

// Times returns n times the use.
func (u Use) Times(n float64) Use { return Use{}.combined(u, n) }

func (u Use) combined(more Use, times float64) Use {
	return Use{
		u.WriteUnits + times*more.WriteUnits, u.ReadUnits + times*more.ReadUnits,
		u.ObjectWrites + times*more.ObjectWrites, u.ObjectReads + times*more.ObjectReads,
		u.QueueRequests + times*more.QueueRequests, u.Events + times*more.Events,
		u.Invocations + times*more.Invocations, u.GigabyteSeconds + times*more.GigabyteSeconds,
		u.APIRequests + times*more.APIRequests, u.KeyRequests + times*more.KeyRequests,
	}
}
