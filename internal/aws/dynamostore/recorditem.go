package dynamostore

import (
	"cmp"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// recordItem is a [deployment.Record] as an item of less than 1,024 bytes, which is what
// one write unit pays for. Every write of an item costs its whole size. So names are
// short, times are numbers of microseconds since 1970, and an attribute without a value
// is absent. The long texts are in the item of details.
//
//	attribute        content
//	resource_uuid    the resource; partition key
//	deployment_uuid  the id; sort key
//	server_uuid      the server; partition key of the index by-server
//	shard            h0, h1 …: a hash of the id; partition key of the index by-time
//	time             created; sort key of both indexes
//	status           as on the wire; infra/triggers.go filters the stream by it
//	op               the operation
//	n, m             the names of the resource and of the server (machine)
//	r                the request: options, trigger, configuration, when it was queued,
//	                 how long it is kept, and to which other tokens it was given; packed
//	a                the number of leases taken (attempts); infra/triggers.go filters by it
//	l, e             the owner of the lease, and when it expires
//	c, b, f, u       claimed, begun, finished, updated; an ended record has no u
//	expires_at       expires, in seconds
//	w                when a reader last watched the log
//	k                when it was parked, until it has a runner again; infra/triggers.go filters by it
//	x                the request to cancel: when and by whom; packed
//	p                the progress; packed
//	o                the outcome; packed
//	d                true if there are details
//	y                true if others wait for its end, or have waited
//	h                true if it is held
type recordItem struct {
	ResourceUUID   string `dynamodbav:"resource_uuid"`
	DeploymentUUID string `dynamodbav:"deployment_uuid"`
	ServerUUID     string `dynamodbav:"server_uuid,omitempty"`
	Time           int64  `dynamodbav:"time"`
	Status         string `dynamodbav:"status"`
	Operation      string `dynamodbav:"op,omitempty"`
	ResourceName   string `dynamodbav:"n,omitempty"`
	ServerName     string `dynamodbav:"m,omitempty"`
	Request        []byte `dynamodbav:"r,omitempty"`
	Attempt        int    `dynamodbav:"a"`
	Owner          string `dynamodbav:"l,omitempty"`
	Expires        int64  `dynamodbav:"e,omitempty"`
	ClaimedAt      int64  `dynamodbav:"c,omitempty"`
	StartedAt      int64  `dynamodbav:"b,omitempty"`
	FinishedAt     int64  `dynamodbav:"f,omitempty"`
	UpdatedAt      int64  `dynamodbav:"u,omitempty"`
	ExpiresAt      int64  `dynamodbav:"expires_at,omitempty"`
	FollowedAt     int64  `dynamodbav:"w,omitempty"`
	ParkedAt       int64  `dynamodbav:"k,omitempty"`
	Cancel         []byte `dynamodbav:"x,omitempty"`
	Progress       []byte `dynamodbav:"p,omitempty"`
	Outcome        []byte `dynamodbav:"o,omitempty"`
	HasDetails     bool   `dynamodbav:"d,omitempty"`
	Awaited        bool   `dynamodbav:"y,omitempty"`
	Held           bool   `dynamodbav:"h,omitempty"`
}

// recordKey is the primary key. The id contains both of its parts.
func recordKey(id deployment.ID) item {
	return item{"resource_uuid": text(id.Resource()), "deployment_uuid": text(id)}
}

// moment is the attribute of a time that is not zero.
func moment(t time.Time) types.AttributeValue { return number(micros(t)) }

// encodeRecord encodes a record without its details.
func encodeRecord(r deployment.Record) (item, error) {
	fields := recordItem{
		ResourceUUID:   string(r.ID.Resource()),
		DeploymentUUID: string(r.ID),
		ServerUUID:     string(r.ServerID),
		Time:           micros(r.CreatedAt),
		Status:         string(r.Status),
		Operation:      string(r.Operation),
		ResourceName:   r.ResourceName,
		ServerName:     r.ServerName,
		Request:        packRequest(r),
		Attempt:        r.Lease.Attempt,
		Owner:          r.Lease.Owner,
		Expires:        micros(r.Lease.Expires),
		ClaimedAt:      micros(r.ClaimedAt),
		StartedAt:      micros(r.StartedAt),
		FinishedAt:     micros(r.FinishedAt),
		UpdatedAt:      micros(r.UpdatedAt),
		ExpiresAt:      seconds(r.ExpiresAt),
		FollowedAt:     micros(r.FollowedAt),
		ParkedAt:       micros(r.ParkedAt),
		HasDetails:     !newDetailsItem(r).isZero(),
		Awaited:        r.Awaited,
		Held:           r.Hold.Held,
	}
	if r.UpdatedAt.Equal(r.FinishedAt) || r.UpdatedAt.Equal(r.Scrub.At) {
		fields.UpdatedAt = 0
	}
	if !r.CancelRequestedAt.IsZero() {
		fields.Cancel = packCancel(r)
	}
	if r.Status != deployment.Queued {
		fields.Progress = packProgress(r.ID, r.Progress)
	}
	if r.Outcome != (deployment.Outcome{}) {
		fields.Outcome = packOutcome(r)
	}
	if messageFits(r) {
		without := r
		without.Outcome.Source.Message = ""
		fields.HasDetails = !newDetailsItem(without).isZero()
	}
	encoded, err := attributevalue.MarshalMap(fields)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode deployment %s", r.ID)
	}
	return encoded, nil
}

// decodeRecord decodes a record without its details, and reports whether it has some.
func decodeRecord(stored item) (record deployment.Record, hasDetails bool, err error) {
	fields, err := readRecordItem(stored)
	if err != nil {
		return deployment.Record{}, false, err
	}
	record = deployment.Record{
		ID:           deployment.ID(fields.DeploymentUUID),
		Status:       deployment.Status(fields.Status),
		Operation:    deployment.Operation(fields.Operation),
		ResourceName: fields.ResourceName,
		ServerID:     catalog.ID(fields.ServerUUID),
		ServerName:   fields.ServerName,
		CreatedAt:    fromMicros(fields.Time),
		ClaimedAt:    fromMicros(fields.ClaimedAt),
		StartedAt:    fromMicros(fields.StartedAt),
		FinishedAt:   fromMicros(fields.FinishedAt),
		UpdatedAt:    fromMicros(cmp.Or(fields.UpdatedAt, fields.FinishedAt)),
		ExpiresAt:    fromSeconds(fields.ExpiresAt),
		FollowedAt:   fromMicros(fields.FollowedAt),
		ParkedAt:     fromMicros(fields.ParkedAt),
		Awaited:      fields.Awaited,
		Hold:         deployment.Hold{Held: fields.Held},
		Lease: deployment.Lease{Owner: fields.Owner, Attempt: fields.Attempt,
			Expires: fromMicros(fields.Expires)},
	}
	for _, unpack := range []error{
		unpackRequest(fields.Request, &record),
		unpackCancel(fields.Cancel, &record),
		unpackProgress(fields.Progress, &record),
		unpackOutcome(fields.Outcome, &record),
	} {
		if unpack != nil {
			return deployment.Record{}, false, unpack
		}
	}
	return record, fields.HasDetails, nil
}

// Bits of the first number of a packed request.
const (
	requestPullsImages = 1 << iota
	requestStopsFirst
	requestForces
	requestDeletesVolumes
	requestRestores // the configuration of an earlier deployment
)

// packRequest packs the parts of a request that never change and that no condition
// compares.
func packRequest(r deployment.Record) []byte {
	var p packer
	var bits int64
	for bit, set := range requestBits(&r.Options) {
		if *set {
			bits |= bit
		}
	}
	if r.Options.Configuration != "" {
		bits |= requestRestores
	}
	p.count(bits)
	p.text(r.Options.DockerTag)
	p.digits(r.Options.Commit)
	p.digits(r.ConfigurationHash)
	restored := r.Options.Configuration
	if restored == r.ConfigurationHash { // in every request; the record says it once
		restored = ""
	}
	p.digits(restored)
	p.text(r.Trigger.Kind)
	p.text(r.Trigger.Name)
	p.digits(r.Trigger.TokenID)
	p.moment(r.QueuedAt, r.ID.Number())
	for _, days := range []int{r.Retention.Finished, r.Retention.Failed, r.Retention.Cancelled} {
		p.count(int64(days))
	}
	caused := r.Trigger.Chain > 0 || r.Trigger.CausedBy != ""
	if len(r.GivenTo) > 0 || r.Options.ImageDigest != "" || caused {
		p.count(int64(len(r.GivenTo)))
		for _, token := range r.GivenTo {
			p.digits(token)
		}
	}
	if r.Options.ImageDigest != "" || caused {
		p.digits(strings.TrimPrefix(r.Options.ImageDigest, digestAlgorithm))
	}
	if caused {
		p.count(int64(r.Trigger.Chain))
		p.id(r.Trigger.CausedBy)
	}
	return p.packed
}

// digestAlgorithm begins the digests of images, and is not stored.
const digestAlgorithm = "sha256:"

// requestBits has the options that are a bit.
func requestBits(options *deployment.Options) map[int64]*bool {
	return map[int64]*bool{
		requestPullsImages:    &options.PullLatestImages,
		requestStopsFirst:     &options.StopBeforeStart,
		requestForces:         &options.Force,
		requestDeletesVolumes: &options.DeleteVolumes,
	}
}

func unpackRequest(packed []byte, r *deployment.Record) error {
	u := unpacker{rest: packed}
	bits := u.count()
	for bit, set := range requestBits(&r.Options) {
		*set = bits&bit != 0
	}
	r.Options.DockerTag, r.Options.Commit = u.text(), u.digits()
	r.ConfigurationHash = u.digits()
	restored := u.digits()
	if bits&requestRestores != 0 {
		r.Options.Configuration = cmp.Or(restored, r.ConfigurationHash)
	}
	r.Trigger = deployment.Trigger{Kind: u.text(), Name: u.text(), TokenID: u.digits()}
	r.QueuedAt = u.moment(r.ID.Number())
	r.Retention = catalog.Retention{Finished: int(u.count()), Failed: int(u.count()),
		Cancelled: int(u.count())}
	for range u.length() {
		r.GivenTo = append(r.GivenTo, u.digits())
	}
	if digest := u.digits(); digest != "" {
		r.Options.ImageDigest = digest
		if len(digest) == sha256.Size*2 {
			r.Options.ImageDigest = digestAlgorithm + digest
		}
	}
	r.Trigger.Chain, r.Trigger.CausedBy = int(u.count()), u.id()
	return u.err
}

// packCancel packs the request to cancel.
func packCancel(r deployment.Record) []byte {
	var p packer
	p.moment(r.CancelRequestedAt, r.ID.Number())
	p.text(r.CancelRequestedBy)
	return p.packed
}

func unpackCancel(packed []byte, r *deployment.Record) error {
	u := unpacker{rest: packed}
	r.CancelRequestedAt, r.CancelRequestedBy = u.moment(r.ID.Number()), u.text()
	return u.err
}

// roomyRecord is the size up to which a record has the message of its commit. The rest of a
// write unit is for what may come later: the time of expiry, the shard, the flags of details
// and of a hold, and longer numbers after a scrub.
const roomyRecord = 1024 - 80

// messageFits reports whether the record has room for the message of its commit, which is
// among the details otherwise. A page of records then needs no request for the details.
func messageFits(r deployment.Record) bool {
	message := r.Outcome.Source.Message
	if message == "" {
		return false
	}
	r.Outcome.Source.Message = ""
	stored, err := encodeRecord(r)
	return err == nil && itemSize(stored)+len(message)+2 <= roomyRecord // 2 for its length
}

// packOutcome packs the outcome without its status, which is the record's, and with the
// message of the commit if that fits. A successor is of the same resource.
func packOutcome(r deployment.Record) []byte {
	var p packer
	o := r.Outcome
	p.text(string(o.Reason))
	p.optional(o.ExitCode)
	p.text(o.Signal)
	p.text(o.ResourceStatus)
	p.text(suffixOf(o.Successor, r.ID.Resource()))
	p.digits(o.Source.Commit)
	message := ""
	if messageFits(r) {
		message = o.Source.Message
	}
	p.text(message)
	if unmet := o.Unmet; unmet.Resource != "" {
		p.text(string(unmet.Resource))
		p.text(suffixOf(unmet.Deployment, unmet.Resource))
		p.text(string(unmet.Status))
	}
	return p.packed
}

func unpackOutcome(packed []byte, r *deployment.Record) error {
	if len(packed) == 0 {
		return nil
	}
	u := unpacker{rest: packed}
	r.Outcome = deployment.Outcome{Status: r.Status, Reason: deployment.Reason(u.text()),
		ExitCode: u.optional(), Signal: u.text(), ResourceStatus: u.text()}
	r.Outcome.Successor = withSuffix(r.ID.Resource(), u.text())
	r.Outcome.Source.Commit, r.Outcome.Source.Message = u.digits(), u.text()
	unmet := deployment.Dependency{Resource: catalog.ID(u.text())}
	unmet.Deployment, unmet.Status = withSuffix(unmet.Resource, u.text()), deployment.Status(u.text())
	r.Outcome.Unmet = unmet
	return u.err
}

// suffixOf returns the part of the id after the id of its resource. withSuffix is the inverse.
func suffixOf(id deployment.ID, resource catalog.ID) string {
	return strings.TrimPrefix(string(id), string(resource))
}

func withSuffix(resource catalog.ID, suffix string) deployment.ID {
	if len(suffix) != deployment.IDLength-catalog.IDLength {
		return deployment.ID(suffix)
	}
	return deployment.ID(string(resource) + suffix)
}
