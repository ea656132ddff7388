package catalog

import (
	"context"
	"fmt"
	"time"
)

// Health is a measurement of a server, which starts and validations make. Numbers that the server
// did not tell are zero.
type Health struct {
	// MeasuredAt is when it was measured, by Waybill's clock; zero if never.
	MeasuredAt time.Time

	// The size of the file system of the data directory, where the spools are, and the part
	// that is free for its users; and the same of its inodes. Some file systems have no fixed
	// number of inodes, which is 0.
	DataBytes, DataFreeBytes   int64
	DataInodes, DataFreeInodes int64
	// The same of the file system of docker's root directory.
	DockerBytes, DockerFreeBytes   int64
	DockerInodes, DockerFreeInodes int64

	// ClockOffset is how far the server's clock is ahead of Waybill's. It is wrong by
	// ClockError at most, which is half of the time that the question took.
	ClockOffset, ClockError time.Duration

	// UsageAt is when docker was asked how much it uses; zero if never. That is slow on a
	// large engine, so it is measured less often. Docker rounds the sizes.
	UsageAt time.Time
	// Reclaimable is what docker says that nothing uses.
	ImageBytes, ReclaimableImageBytes      int64
	ContainerBytes, VolumeBytes            int64
	BuildCacheBytes, ReclaimableCacheBytes int64
}

// The thresholds of the warnings.
const (
	// LittleDiskBytes are always too few. A tenth of a disk is too little, too, unless
	// that is PlentyDiskBytes or more.
	LittleDiskBytes = 2 << 30
	PlentyDiskBytes = 50 << 30
	// MaxClockOffset is how far the clocks may be apart.
	MaxClockOffset = 30 * time.Second
)

// The smallest free shares of a disk and of its inodes, in percent.
const (
	leastDiskPercent  = 10
	leastInodePercent = 5
)

// Warnings returns a sentence for each number that is beyond its threshold.
func (h Health) Warnings() []string {
	var all []string
	all = append(all, diskWarnings("the data directory", h.DataBytes, h.DataFreeBytes, h.DataInodes,
		h.DataFreeInodes)...)
	same := h.DockerBytes == h.DataBytes && h.DockerInodes == h.DataInodes
	if !same { // one file system gets one warning
		all = append(all, diskWarnings("Docker", h.DockerBytes, h.DockerFreeBytes, h.DockerInodes,
			h.DockerFreeInodes)...)
	}
	if off := h.ClockOffset.Abs() - h.ClockError; off > MaxClockOffset {
		way := "ahead"
		if h.ClockOffset < 0 {
			way = "behind"
		}
		all = append(all, fmt.Sprintf("The server's clock is %s %s, give or take %s. Switch on its time "+
			"synchronisation (NTP).", h.ClockOffset.Abs().Round(time.Second), way,
			max(h.ClockError.Round(time.Second), time.Second)))
	}
	return all
}

// Over returns the measurement with the usage of the one before, unless it has its own.
func (h Health) Over(before Health) Health {
	if h.UsageAt.IsZero() {
		h.UsageAt = before.UsageAt
		h.ImageBytes, h.ReclaimableImageBytes = before.ImageBytes, before.ReclaimableImageBytes
		h.ContainerBytes, h.VolumeBytes = before.ContainerBytes, before.VolumeBytes
		h.BuildCacheBytes, h.ReclaimableCacheBytes = before.BuildCacheBytes, before.ReclaimableCacheBytes
	}
	return h
}

func diskWarnings(of string, total, free, inodes, freeInodes int64) []string {
	var all []string
	little := free < LittleDiskBytes || free < total/100*leastDiskPercent && free < PlentyDiskBytes
	if total > 0 && little {
		all = append(all, fmt.Sprintf("The disk of %s has %s of %s left (%d %%). Free some space, for "+
			"example by docker image prune.", of, gibibytes(free), gibibytes(total), free/max(total/100, 1)))
	}
	if inodes > 0 && freeInodes < inodes/100*leastInodePercent {
		all = append(all, fmt.Sprintf("The disk of %s has %d of %d inodes left (%d %%). Remove files that "+
			"are not needed.", of, freeInodes, inodes, freeInodes/max(inodes/100, 1)))
	}
	return all
}

func gibibytes(n int64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }

// HealthObserver is the part of a [Store] that takes measurements of servers.
type HealthObserver interface {
	// ObserveServer stores the measurement. Without a UsageAt, the usage of the one before
	// stays. It does nothing if there is no such server.
	ObserveServer(ctx context.Context, id ID, health Health) error
}
