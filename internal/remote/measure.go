package remote

import (
	"context"
	"crypto/rand"
	_ "embed" // for the script
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed sh/measure.sh
var measureText string

// Measurement is what a server tells of its disks, its clock and its docker engine. It has the
// fields of catalog.Health, which documents them.
type Measurement struct {
	MeasuredAt time.Time

	DataBytes, DataFreeBytes       int64
	DataInodes, DataFreeInodes     int64
	DockerBytes, DockerFreeBytes   int64
	DockerInodes, DockerFreeInodes int64

	ClockOffset, ClockError time.Duration

	UsageAt                                time.Time
	ImageBytes, ReclaimableImageBytes      int64
	ContainerBytes, VolumeBytes            int64
	BuildCacheBytes, ReclaimableCacheBytes int64
}

// Measure measures the server and changes nothing. usage also asks docker how much it uses, for
// at most ten seconds; that reads every layer, so it may be slow. What the server cannot tell is
// zero. now is the clock that the server's is compared with.
//
// With an error, which is as [Follow]'s, the measurement has what came before it.
func Measure(
	ctx context.Context, shell Shell, dataDir string, usage bool, now func() time.Time,
) (Measurement, error) {
	found := measureReceiver{begun: now(), now: now}
	nonce := rand.Text()
	err := runToLastFrame(ctx, shell, nonce, measureScript(dataDir, usage, nonce), &found)
	return found.measured, err
}

func measureScript(dataDir string, usage bool, nonce string) string {
	asks := ""
	if usage {
		asks = "yes"
	}
	return fmt.Sprintf("data=%s usage=%s nonce=%s\n", Quote(dataDir), Quote(asks), Quote(nonce)) +
		stripComments(sessionText) + stripComments(DockerText()) + stripComments(measureText)
}

// measureReceiver takes the frames of a measurement.
type measureReceiver struct {
	begun    time.Time
	now      func() time.Time
	measured Measurement
}

func (*measureReceiver) bytes(part, []byte) error { return errGarbled }

func (r *measureReceiver) line(kind byte, words []string) error {
	switch {
	case kind == 'D':
		return errEnded
	case kind == 'B' && len(words) == 1:
		return r.clock(words[0])
	case kind == 'Z' && len(words) == 6:
		return r.disk(words[0], words[1:])
	case kind == 'I' && len(words) == 3:
		return r.usage(words[0], words[1:])
	}
	return errGarbled
}

// fractions matches the nine decimals of a clock that tells parts of a second.
var fractions = regexp.MustCompile(`\.[0-9]{9}$`)

// clock compares the clocks. The server read its own between the beginning of the session and
// now, so the middle of that time is wrong by half of it at most.
func (r *measureReceiver) clock(word string) error {
	at, err := instant(word)
	if err != nil {
		return err
	}
	now := r.now()
	half := now.Sub(r.begun) / 2
	r.measured.MeasuredAt, r.measured.ClockError = now, half
	if !fractions.MatchString(word) {
		const halfSecond = time.Second / 2
		at, r.measured.ClockError = at.Add(halfSecond), half+halfSecond
	}
	r.measured.ClockOffset = at.Sub(r.begun.Add(half))
	return nil
}

// maxMeasured is more than any disk has. It keeps sums of measured numbers in their range.
const maxMeasured = 1 << 60

// disk takes the blocks of a file system, the free ones, their size, and the inodes and the
// free ones.
func (r *measureReceiver) disk(word string, words []string) error {
	n, err := integers(words)
	if err != nil {
		return err
	}
	blocks, free, size, inodes, freeInodes := n[0], n[1], n[2], n[3], n[4]
	if size < 1 || free > blocks || freeInodes > inodes || blocks > maxMeasured/size || inodes > maxMeasured {
		return errGarbled
	}
	m := &r.measured
	switch word {
	case "data":
		m.DataBytes, m.DataFreeBytes = blocks*size, free*size
		m.DataInodes, m.DataFreeInodes = inodes, freeInodes
		return nil
	case "docker":
		m.DockerBytes, m.DockerFreeBytes = blocks*size, free*size
		m.DockerInodes, m.DockerFreeInodes = inodes, freeInodes
		return nil
	}
	return errGarbled
}

// usage takes a size, and the part of it that docker could free.
func (r *measureReceiver) usage(word string, words []string) error {
	size, known := dockerSize(words[0])
	free, alsoKnown := dockerSize(words[1])
	if !known || !alsoKnown {
		return errGarbled
	}
	m := &r.measured
	m.UsageAt = m.MeasuredAt
	switch word {
	case "images":
		m.ImageBytes, m.ReclaimableImageBytes = size, free
	case "containers":
		m.ContainerBytes = size
	case "volumes":
		m.VolumeBytes = size
	case "cache":
		m.BuildCacheBytes, m.ReclaimableCacheBytes = size, free
	default:
		return errGarbled
	}
	return nil
}

// dockerSizes matches a size as docker prints it: three or four digits and a decimal unit.
var dockerSizes = regexp.MustCompile(`^([0-9]{1,6}(?:\.[0-9]{1,6})?)(B|kB|MB|GB|TB|PB)$`)

// dockerSize returns the bytes of a size. Docker rounds, so they are not exact.
func dockerSize(word string) (int64, bool) {
	parts := dockerSizes.FindStringSubmatch(word)
	if parts == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(parts[1], 64)
	if err != nil {
		return 0, false
	}
	for unit := strings.Index("BkMGTP", parts[2][:1]); unit > 0; unit-- {
		n *= 1000
	}
	return int64(min(n, maxMeasured)), true
}
