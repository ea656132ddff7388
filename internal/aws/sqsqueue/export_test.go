package sqsqueue

// EncodeJob is encodeJob, for a round trip.
var EncodeJob = encodeJob
