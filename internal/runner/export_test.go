package runner

// ExcerptOf is excerptOf, for tests with the lines of a report.
var ExcerptOf = excerptOf
