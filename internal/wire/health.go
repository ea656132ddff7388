package wire

import (
	"math"

	"waybill/internal/catalog"
)

// ServerHealth is the last measurement of a server.
type ServerHealth struct {
	MeasuredAt string `json:"measured_at"`
	// DataDisk has the data directory, and DockerDisk docker's root directory. null if the
	// server did not tell.
	DataDisk   *Disk        `json:"data_disk"`
	DockerDisk *Disk        `json:"docker_disk"`
	Clock      ServerClock  `json:"clock"`
	Docker     *DockerUsage `json:"docker_usage"`
	Warnings   []string     `json:"warnings"`
}

// Disk is a file system. Inodes are null if it has no fixed number of them.
type Disk struct {
	TotalBytes        int64    `json:"total_bytes"`
	FreeBytes         int64    `json:"free_bytes"`
	FreePercent       float64  `json:"free_percent"`
	Inodes            *int64   `json:"inodes"`
	FreeInodes        *int64   `json:"free_inodes"`
	FreeInodesPercent *float64 `json:"free_inodes_percent"`
}

// ServerClock is how far the clock of a server is ahead of Waybill's, in seconds.
type ServerClock struct {
	OffsetSeconds float64 `json:"offset_seconds"`
	// ErrorSeconds is how much the offset may be wrong.
	ErrorSeconds float64 `json:"error_seconds"`
}

// DockerUsage is the disk space that docker uses, as docker rounds it.
type DockerUsage struct {
	MeasuredAt            string `json:"measured_at"`
	ImageBytes            int64  `json:"image_bytes"`
	ReclaimableImageBytes int64  `json:"reclaimable_image_bytes"`
	ContainerBytes        int64  `json:"container_bytes"`
	VolumeBytes           int64  `json:"volume_bytes"`
	BuildCacheBytes       int64  `json:"build_cache_bytes"`
	ReclaimableCacheBytes int64  `json:"reclaimable_build_cache_bytes"`
}

// FromHealth returns a measurement, or nil if there was none.
func FromHealth(h catalog.Health) *ServerHealth {
	if h.MeasuredAt.IsZero() {
		return nil
	}
	health := &ServerHealth{
		MeasuredAt: Timestamp(h.MeasuredAt),
		DataDisk:   newDisk(h.DataBytes, h.DataFreeBytes, h.DataInodes, h.DataFreeInodes),
		DockerDisk: newDisk(h.DockerBytes, h.DockerFreeBytes, h.DockerInodes, h.DockerFreeInodes),
		Clock:      ServerClock{round(h.ClockOffset.Seconds()), round(h.ClockError.Seconds())},
		Warnings:   append([]string{}, h.Warnings()...),
	}
	if !h.UsageAt.IsZero() {
		health.Docker = &DockerUsage{
			MeasuredAt: Timestamp(h.UsageAt),
			ImageBytes: h.ImageBytes, ReclaimableImageBytes: h.ReclaimableImageBytes,
			ContainerBytes: h.ContainerBytes, VolumeBytes: h.VolumeBytes,
			BuildCacheBytes: h.BuildCacheBytes, ReclaimableCacheBytes: h.ReclaimableCacheBytes,
		}
	}
	return health
}

func newDisk(total, free, inodes, freeInodes int64) *Disk {
	if total == 0 {
		return nil
	}
	disk := &Disk{TotalBytes: total, FreeBytes: free, FreePercent: percent(free, total)}
	if inodes > 0 {
		disk.Inodes, disk.FreeInodes = &inodes, &freeInodes
		disk.FreeInodesPercent = new(percent(freeInodes, inodes))
	}
	return disk
}

// percent has one decimal.
func percent(part, whole int64) float64 { return math.Round(1000*float64(part)/float64(whole)) / 10 }

// round keeps milliseconds.
func round(seconds float64) float64 { return math.Round(1000*seconds) / 1000 }
