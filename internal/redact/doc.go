// Package redact removes secrets from a stream of bytes before anything else
// sees it: known values in every form they can take, whatever the write
// boundaries.
//
// It works in three parts, each in a file of its own:
//
//   - forms.go derives the needles: what a secret looks like once something
//     has quoted, escaped or encoded it, or broken it into lines;
//   - scan.go finds the needles that begin at a place of a text, and is the
//     only part that knows how;
//   - stream.go makes of these finds what is masked, what is let through and
//     what must wait for more bytes.
//
// What is masked is simple to say, and the tests say it a second time in brute
// force: every occurrence of every needle is masked; occurrences that share a
// byte are masked as one; its name is that of the longest of them.
package redact
